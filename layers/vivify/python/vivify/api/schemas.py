"""What goes in and out of the API, as pydantic models: validation and the OpenAPI document both come from here."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vivify.service.clip_options import ClipOptions, Rendering, Webhook, require_one_lead

PhotoType = Literal["image/avif", "image/heic", "image/heif", "image/jpeg", "image/png", "image/tiff", "image/webp"]
VideoType = Literal["video/mp4", "video/quicktime", "video/webm"]
State = Literal["created", "detecting", "animating", "publishing", "ready", "expired", "failed"]


class Notify(BaseModel):
    """Who is told, beside the subscribers of the topic."""

    model_config = ConfigDict(extra="forbid", strict=True)

    webhook: Annotated[Webhook, Field(description="Called with the clip's event once it is ready or has failed.")]


class ClipRequest(ClipOptions):
    """A clip to be made of a photo that is yet to be uploaded, with motions or with a driver."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={
            "not": {
                "required": ["motions", "driver_content_type"],
                "properties": {"driver_content_type": {"type": "string"}},
            }
        },
    )

    content_type: Annotated[PhotoType, Field(description="Of the photo to upload.")]
    driver_content_type: Annotated[
        VideoType | None, Field(description="Of a video to upload whose face is followed, instead of motions.")
    ] = None
    notify: Notify | None = None

    @model_validator(mode="after")
    def _one_lead(self) -> Self:
        require_one_lead(self, self.driver_content_type)
        return self


class Upload(BaseModel):
    """A form: POST ``fields``, then ``file``, to ``url`` as multipart/form-data."""

    url: str
    fields: dict[str, str]


class ClipTicket(BaseModel):
    """Where to upload to. With a driver: the driver first, then the photo, which starts the work."""

    clip_id: str
    upload: Upload
    driver_upload: Upload | None
    expires_at: Annotated[dt.datetime, Field(description="When the forms end. Ask again with the same key for fresh ones.")]


class Progress(BaseModel):
    stage: State
    percent: Annotated[int, Field(ge=0, le=100)]


class Verdict(BaseModel):
    """Why there is no clip, and what to do."""

    code: str
    message: str


class Links(BaseModel):
    """The finished clip; the links are made for this answer and end at expires_at."""

    url: str
    poster_url: str
    preview_url: str
    expires_at: dt.datetime
    seconds: float
    fps: float
    width: int
    height: int
    frames: int


class ClipSummary(BaseModel):
    clip_id: str
    status: State
    progress: Progress
    created_at: dt.datetime
    updated_at: dt.datetime


class AskedOptions(Rendering):
    motions: Annotated[list[str] | None, Field(description="null where a driver is followed.")]


class FaceReport(BaseModel):
    """What became of one face of the photo."""

    box: Annotated[list[int], Field(description="x0, y0, x1, y1 in pixels of the photo.")]
    animated: bool
    held_back: Annotated[list[str], Field(description="Why it moves less than asked for.")]
    repaired: Annotated[bool, Field(description="Whether scratches or fading were mended first.")]
    verdict: Annotated[Verdict | None, Field(description="Why it cannot be animated.")]


class Clip(ClipSummary):
    options: AskedOptions
    driver: Annotated[bool, Field(description="Whether it follows a video.")]
    verdict: Verdict | None = None
    faces: Annotated[
        list[FaceReport] | None, Field(description="Every face of the photo, largest first, once they are animated.")
    ] = None
    kept_until: Annotated[
        dt.datetime | None, Field(description="When a clip that is ready expires: then it is deleted.")
    ] = None
    clip: Links | None = None


class ClipPage(BaseModel):
    clips: list[ClipSummary]
    next_cursor: Annotated[str | None, Field(description="Give it as cursor for the next page; null on the last one.")]


class ErrorBody(BaseModel):
    """Every error has this body."""

    model_config = ConfigDict(extra="forbid")

    code: str
    message: str
    docs: Annotated[str, Field(description="Where this code is explained.")]
