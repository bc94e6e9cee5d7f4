"""What a clip is called, and which clip a photo belongs to."""

from __future__ import annotations

import hashlib
import re
import secrets

from vivify.cloud.storage import ObjectPointer

PHOTOS = "photos/"
DRIVERS = "drivers/"
_MINTED = re.compile(r"c[0-9a-f]{25}")


def mint() -> str:
    """A new id for a photo that is yet to be uploaded: "c" and 25 random hex digits."""
    return "c" + secrets.token_hex(13)[:25]


def is_minted(clip_id: str) -> bool:
    """Whether the id looks like one that ``mint`` gave out."""
    return _MINTED.fullmatch(clip_id) is not None


def is_of_drop(clip_id: str) -> bool:
    """Whether the id is one of ``of_drop``'s."""
    return clip_id.startswith("d")


def of_drop(photo: ObjectPointer) -> str:
    """The id of a photo that was simply dropped: "d" and 25 hex digits, the same for every event about this version."""
    return "d" + hashlib.sha256(f"{photo.bucket}\n{photo.key}\n{photo.version}".encode()).hexdigest()[:25]


def possible(photo: ObjectPointer) -> tuple[str, ...]:
    """The clips that a photo can belong to: the one whose minted id its key is, and the one of a drop."""
    asked_for = photo.key.removeprefix(PHOTOS)
    return (asked_for, of_drop(photo)) if is_minted(asked_for) else (of_drop(photo),)
