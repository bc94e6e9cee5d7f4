"""S3's event notifications: which photos arrived; and the same event once more, for a photo whose own was lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from vivify.cloud.storage import ObjectPointer
from vivify.service.clip_ids import PHOTOS


@dataclass(frozen=True)
class Arrival:
    """A photo in the bucket. ``owner``: who put it there, as vivify.api.door calls callers of IAM; "" if nobody says."""

    photo: ObjectPointer
    owner: str = ""


def photos_in(event: Mapping[str, Any]) -> list[Arrival]:
    """The photos an event tells of. None for S3's own test event, for folders and for what is not under photos/."""
    photos = []
    for record in event.get("Records", []):
        if record.get("eventSource") != "aws:s3" or not record.get("eventName", "").startswith("ObjectCreated:"):
            continue
        thing = record["s3"]["object"]
        key = unquote_plus(thing["key"])  # S3 sends a space as "+" and everything else odd as %XX
        if key.startswith(PHOTOS) and not key.endswith("/"):
            photo = ObjectPointer(record["s3"]["bucket"]["name"], key, thing.get("versionId") or "null")
            photos.append(Arrival(photo, _owner(record)))
    return photos


def event_about(photo: ObjectPointer) -> dict[str, Any]:
    """An event that tells of ``photo`` again. Whose it is, S3 said in its own event and nowhere else: this one cannot."""
    thing = {"key": quote_plus(photo.key, safe="/"), "versionId": photo.version}
    told = {"bucket": {"name": photo.bucket}, "object": thing}
    return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": told}]}


def _owner(record: Mapping[str, Any]) -> str:
    """S3 tells the same unique id of a user or a role's session as IAM does: "AWS:AIDA...", "AWS:AROA...:session"."""
    kind, _, unique_id = record.get("userIdentity", {}).get("principalId", "").partition(":")
    return f"iam:{unique_id}" if kind == "AWS" and unique_id else ""
