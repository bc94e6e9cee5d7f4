"""A person asks for a clip: a record, and a form to upload the one photo with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from vivify.cloud import uploads
from vivify.cloud.records import Records
from vivify.cloud.settings import CreateClip
from vivify.errors import UsageError
from vivify.service import clip_ids, clip_options

CONTENT_TYPES = (
    "image/avif",
    "image/heic",
    "image/heif",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
)
MAX_BYTES = 50_000_000
UPLOAD_SECONDS = 300


def create_clip(request: Mapping[str, Any], settings: CreateClip) -> dict[str, Any]:
    """``request``: content_type and any of the clip options. Raises UsageError.

    Returns ``{"clip_id", "upload": {"url", "fields"}, "expires_at"}``; expires_at (UTC) is the form's.
    """
    content_type = request.get("content_type")
    if content_type not in CONTENT_TYPES:
        raise UsageError(f"content_type takes one of {', '.join(CONTENT_TYPES)}.")
    options = clip_options.parse({name: value for name, value in request.items() if name != "content_type"})
    clip_id = clip_ids.mint()
    expires_at = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=UPLOAD_SECONDS)
    Records(settings.table_name).create(clip_id, options)
    form = uploads.allow(
        settings.uploads_bucket,
        clip_ids.PHOTOS + clip_id,
        content_type,
        max_bytes=MAX_BYTES,
        seconds=UPLOAD_SECONDS,
    )
    return {
        "clip_id": clip_id,
        "upload": {"url": form.url, "fields": form.fields},
        "expires_at": expires_at.isoformat(),
    }
