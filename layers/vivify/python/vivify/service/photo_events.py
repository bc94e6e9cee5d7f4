"""S3's event notifications: which photos arrived."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from vivify.cloud.storage import ObjectPointer
from vivify.service.clip_ids import PHOTOS


def photos_in(event: Mapping[str, Any]) -> list[ObjectPointer]:
    """The photos an event tells of. None for S3's own test event, for folders and for what is not under photos/."""
    photos = []
    for record in event.get("Records", []):
        if record.get("eventSource") != "aws:s3" or not record.get("eventName", "").startswith("ObjectCreated:"):
            continue
        thing = record["s3"]["object"]
        key = unquote_plus(thing["key"])  # S3 sends a space as "+" and everything else odd as %XX
        if key.startswith(PHOTOS) and not key.endswith("/"):
            photos.append(ObjectPointer(record["s3"]["bucket"]["name"], key, thing.get("versionId") or "null"))
    return photos
