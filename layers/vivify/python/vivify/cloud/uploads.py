"""The form with which a person uploads one photo, straight into the bucket."""

from __future__ import annotations

from dataclasses import dataclass

from vivify.cloud.aws import calls, client


@dataclass(frozen=True)
class UploadForm:
    """A presigned POST: send ``fields`` and then ``file`` to ``url`` as multipart/form-data."""

    url: str
    fields: dict[str, str]


def allow(bucket: str, key: str, content_type: str, *, max_bytes: int, seconds: int) -> UploadForm:
    """A form good for ``seconds`` that puts exactly ``key``, of exactly ``content_type``, of 1 to ``max_bytes`` bytes."""
    with calls("allow an upload"):
        post = client("s3").generate_presigned_post(
            bucket,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, max_bytes]],
            ExpiresIn=seconds,
        )
    return UploadForm(post["url"], post["fields"])
