"""What the faces room hands to the others. Plain frozen data: no network, no cv2.

Coordinates are pixels of the photo: x right, y down, z away from the camera, pixel centres at integers.
Angles are degrees. "left" and "right" in names are the person's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LANDMARKS = 478  # 468 of the face mesh, then 5 of each iris

# Eye centres are the middle of the two lid corners: corners stay put when the eye closes or looks aside.
RIGHT_EYE_CORNERS = (33, 133)  # outer, inner
LEFT_EYE_CORNERS = (263, 362)  # outer, inner


@dataclass(frozen=True)
class Pose:
    """Where the head points, in degrees; (0, 0, 0) looks straight into the camera, upright.

    ``yaw`` > 0: towards the viewer's left (the person's own right). ``pitch`` > 0: up.
    ``roll`` > 0: turned clockwise in the image (the head tilts to the viewer's right); -180 < roll <= 180.
    The head's axes in the camera frame are the columns of Rz(roll) @ Ry(yaw) @ Rx(-pitch) (see ``pose.rotation``).
    """

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True)
class Verdict:
    """Why a face cannot be animated: a stable ``code`` (one of ``vivify.errors``) and a sentence that says what to do."""

    code: str
    message: str


@dataclass(frozen=True)
class Face:
    """One face of a photo.

    ``landmarks``: (478, 3) float32, photo pixels; z in the same unit, smaller is nearer, 0 at about the head's centre.
    ``score``: 0..1, the landmark network's belief that this is a face. ``verdict``: None if the face can be animated.
    """

    landmarks: NDArray[np.float32]
    score: float
    pose: Pose
    verdict: Verdict | None = None

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of the landmarks, in photo pixels."""
        low, high = self.landmarks[:, :2].min(axis=0), self.landmarks[:, :2].max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    @property
    def size(self) -> float:
        """The larger side of ``box``, in pixels."""
        x0, y0, x1, y1 = self.box
        return max(x1 - x0, y1 - y0)

    @property
    def eye_span(self) -> float:
        """How far apart the eye centres are seen, in pixels: the unit in which landmark errors are told. Where the head is
        turned it is less than their distance in space (``HeadFrame.unit``), the unit of shapes and motions.
        """
        right = self.landmarks[list(RIGHT_EYE_CORNERS), :2].mean(axis=0)
        left = self.landmarks[list(LEFT_EYE_CORNERS), :2].mean(axis=0)
        return float(np.hypot(*(left - right)))

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: floats rounded to a thousandth of a pixel (and of a degree)."""
        return {
            "box": [round(v, 3) for v in self.box],
            "size": round(self.size, 3),
            "eye_distance": round(self.eye_span, 3),
            "score": round(float(self.score), 6),
            "pose": {
                "yaw": round(self.pose.yaw, 3),
                "pitch": round(self.pose.pitch, 3),
                "roll": round(self.pose.roll, 3),
            },
            "verdict": None if self.verdict is None else {"code": self.verdict.code, "message": self.verdict.message},
            "landmarks": [[round(float(v), 3) for v in point] for point in self.landmarks],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Face:
        """The inverse of ``as_dict``. Raises ValueError or KeyError when ``data`` is not such a dictionary."""
        landmarks = np.asarray(data["landmarks"], dtype=np.float32)
        if landmarks.shape != (LANDMARKS, 3):
            raise ValueError(f"landmarks have shape {landmarks.shape}, not ({LANDMARKS}, 3)")
        pose, verdict = data["pose"], data["verdict"]
        return cls(
            landmarks=landmarks,
            score=float(data["score"]),
            pose=Pose(float(pose["yaw"]), float(pose["pitch"]), float(pose["roll"])),
            verdict=None if verdict is None else Verdict(str(verdict["code"]), str(verdict["message"])),
        )
