"""The form with which a person uploads one file, straight into the bucket."""

from __future__ import annotations

from dataclasses import dataclass

from vivify.cloud.aws import calls, client

MAX_BYTES = 50_000_000  # of a photo or a driver, by a form or dropped


@dataclass(frozen=True)
class UploadForm:
    """A presigned POST: send ``fields`` and then ``file`` to ``url`` as multipart/form-data."""

    url: str
    fields: dict[str, str]


def allow(bucket: str, key: str, content_type: str, *, seconds: int) -> UploadForm:
    """A form good for ``seconds`` that puts exactly ``key``, of exactly ``content_type``, of 1 to MAX_BYTES bytes."""
    with calls("allow an upload"):
        post = client("s3").generate_presigned_post(
            bucket,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, MAX_BYTES]],
            ExpiresIn=seconds,
        )
    return UploadForm(post["url"], post["fields"])
