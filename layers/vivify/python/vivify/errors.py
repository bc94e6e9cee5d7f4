"""Every error Vivify raises on purpose, in one tree.

    VivifyError
    ├── PhotoRejected            the photo cannot be animated; another photo can (exit 3)
    │   ├── PhotoUnreadable      the bytes are not a photo we decode
    │   └── FaceRejected         the photo is fine, the face in it is not
    ├── UsageError               wrong arguments (exit 2)
    ├── ModelError
    │   ├── ModelMissing         a weight file is not where it should be
    │   └── ModelCorrupt         a weight file is not the one in models.toml
    ├── GpuUnavailable           CUDA was asked for and is not there
    ├── VideoError               the encoder or a video file failed
    ├── MotionInvalid            a motion template does not follow its schema
    │   └── NoFaceInVideo        no motion can be measured from this video
    ├── RequestRefused           the API does not take this request; infra/api.md tells each code
    └── CloudError
        ├── CloudUnavailable     AWS could not answer just now; another try may be answered
        ├── SettingsInvalid      environment variables are missing or wrong
        ├── ClipNotFound
        │   └── ClipDeleted      there was one; whatever a step still makes of it must go
        ├── WebhookFailed        a receiver did not take the news; another try may do
        │   └── WebhookForbidden the address is not one we call
        └── TransitionRefused    a record is already in a terminal state

Each carries a ``code`` (stable, snake_case, for machines), a public ``message`` that says what to do (never a path, URL
or secret) and ``retryable``: whether the same request may succeed later.
"""

from __future__ import annotations

from typing import Any, ClassVar


class VivifyError(Exception):
    """Base of the tree. ``details`` holds figures a person may want (sizes, angles), never private data."""

    code: ClassVar[str] = "internal_error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def as_dict(self) -> dict[str, Any]:
        """The public form: ``{"code", "message", "retryable", "details"}``, ready for JSON."""
        return {"code": self.code, "message": self.message, "retryable": self.retryable, "details": self.details}


class UsageError(VivifyError):
    """The caller's arguments make no sense; nothing was done."""

    code = "wrong_usage"


class PhotoRejected(VivifyError):
    """This photo cannot be animated, whatever we do; the message says which photo would do."""

    code = "photo_rejected"


class PhotoUnreadable(PhotoRejected):
    """The bytes are not a photo we can decode."""


class UnsupportedFormat(PhotoUnreadable):
    code = "unsupported_format"


class PhotoTooLarge(PhotoUnreadable):
    code = "photo_too_large"


class PhotoCorrupt(PhotoUnreadable):
    code = "photo_corrupt"


class AnimatedImage(PhotoUnreadable):
    code = "animated_image"


class FaceRejected(PhotoRejected):
    """The photo was read, but no face in it can be animated."""


class NoFaceFound(FaceRejected):
    code = "no_face_found"


class FaceTooSmall(FaceRejected):
    code = "face_too_small"


class ProfileView(FaceRejected):
    code = "profile_view"


class FaceObscured(FaceRejected):
    code = "face_obscured"


class PhotoDamaged(FaceRejected):
    code = "photo_damaged"


class NotAHumanFace(FaceRejected):
    code = "not_a_human_face"


class TooBlurry(FaceRejected):
    code = "too_blurry"


class ModelError(VivifyError):
    """A weight file is unusable: an installation fault, not the photo's."""


class ModelMissing(ModelError):
    code = "model_missing"


class ModelCorrupt(ModelError):
    code = "model_corrupt"


class GpuUnavailable(VivifyError):
    """CUDA was asked for and ONNX Runtime cannot give it: on this host no attempt ever will."""

    code = "gpu_unavailable"


class VideoError(VivifyError):
    """The encoder failed, or a video could not be read."""

    code = "video_failed"


class MotionInvalid(VivifyError):
    """A motion template does not follow the documented schema, or names no motion we hold."""

    code = "motion_invalid"


class NoFaceInVideo(MotionInvalid):
    """No face can be followed through a video; another video may do."""

    code = "no_face_in_video"


class RequestRefused(VivifyError):
    """The API does not take this request. ``details["retry_after"]``: the seconds after which it may, if it says so."""

    code = "request_refused"


class NotAuthenticated(RequestRefused):
    """No authorizer vouches for the caller: whatever the gateway lets through, nobody is served without a name."""

    code = "not_authenticated"


class BodyUnreadable(RequestRefused):
    code = "body_unreadable"


class BodyTooLarge(RequestRefused):
    code = "body_too_large"


class BodyNotJson(RequestRefused):
    code = "body_not_json"


class RequestInvalid(RequestRefused):
    """The request does not follow its schema; the message names the fields."""

    code = "request_invalid"


class KeyReused(RequestRefused):
    """The idempotency key has been used for another request."""

    code = "idempotency_key_reused"


class QuotaSpent(RequestRefused):
    code = "quota_spent"
    retryable = True


class NotAccepting(RequestRefused):
    """The operator takes no new work for now; what has begun goes on."""

    code = "not_accepting"
    retryable = True


class CloudError(VivifyError):
    """Base of what the service rooms raise; itself: AWS refused what we asked."""

    code = "cloud_refused"


class CloudUnavailable(CloudError):
    """Throttling, a timeout, a fault on AWS's side. The state machine retries this very name."""

    code = "cloud_unavailable"
    retryable = True


class SettingsInvalid(CloudError):
    """Environment variables a step needs are missing or wrong; the message names all of them."""

    code = "settings_invalid"


class ClipNotFound(CloudError):
    code = "clip_not_found"


class ClipDeleted(ClipNotFound):
    """Its owner deleted it. To callers the same as one that never was; to a step, the word to remove what it made."""


class TransitionRefused(CloudError):
    """The record is already terminal (or not in the state the step expects): another delivery won."""

    code = "transition_refused"


class WebhookFailed(CloudError):
    """The receiver could not be reached, took too long, or did not say 2xx. The queue tries again, for a day."""

    code = "webhook_failed"
    retryable = True


class WebhookForbidden(WebhookFailed):
    """The address is not https, or its name does not lead to the public internet (now)."""

    code = "webhook_forbidden"
