"""A photo arrived: judge it, cut the face out, and start exactly one execution for this version of it.

A photo that cannot be animated starts an execution too, with its verdict: the state machine's one failure path tells
the person. Whatever is asked twice is done once: the record is claimed for one version, the execution has the clip's name.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

from PIL import Image

from vivify.cloud import executions, storage
from vivify.cloud.records import Record, Records
from vivify.cloud.settings import DetectFace
from vivify.cloud.storage import ObjectPointer
from vivify.cloud.uploads import MAX_BYTES
from vivify.errors import (
    ClipDeleted,
    ClipNotFound,
    NotAccepting,
    PhotoRejected,
    PhotoTooLarge,
    RequestInvalid,
    RequestRefused,
    TransitionRefused,
    UsageError,
)
from vivify.faces import Face, chosen, find_faces, head_and_shoulders
from vivify.photos import Photo, decode
from vivify.service import clip_ids, clip_options
from vivify.service.bounds import require_makeable
from vivify.service.clip_options import DroppedOptions
from vivify.service.leftovers import unless_over
from vivify.service.photo_events import Arrival


@dataclass(frozen=True)
class Detection:
    """What became of one photo. ``started``: this call started the execution (False: an earlier delivery had)."""

    clip_id: str
    started: bool
    verdict: dict[str, str] | None = None


def detect_face(arrival: Arrival, settings: DetectFace) -> Detection:
    """Raises CloudError where AWS fails us; never for what is wrong with the photo, or with what was asked."""
    records, photo = Records(settings.table_name), arrival.photo
    clip_id = ""
    try:
        record = _claim(records, arrival)
        clip_id = record["clip_id"]
        with unless_over(settings.work_bucket, f"faces/{clip_id}/"):
            return _start(records, record, photo, settings)
    except TransitionRefused as refused:  # a late duplicate, or a second upload with the form of the first
        return Detection(refused.details["clip_id"], started=False)
    except ClipDeleted as deleted:  # before the photo came, or while it was looked at
        storage.erase_version(photo)
        if clip_id:
            executions.stop(settings.state_machine_arn, clip_id)
        return Detection(deleted.details["clip_id"], started=False)


def _start(records: Records, record: Record, photo: ObjectPointer, settings: DetectFace) -> Detection:
    clip_id, options = record["clip_id"], record["options"]
    faces_key = f"faces/{clip_id}/faces.json"
    verdict: dict[str, str] | None = None
    try:
        about = storage.look(photo)
        if clip_ids.is_of_drop(clip_id):
            options = _wishes(records, clip_id, about, settings)
        _require_driver(photo.bucket, options)
        picture = decode(_fetch(photo, about.size))
        asked = json.loads(options)
        require_makeable(asked, picture.pixels.shape)
        faces = find_faces(picture)
        crop, found = _portrait_jpeg(picture, _subject(faces, asked)), _faces_json(picture, faces)
    except (PhotoRejected, RequestRefused) as rejected:
        verdict = {"code": rejected.code, "message": rejected.message}
        records.note(clip_id, verdict=verdict)
    else:
        storage.write(settings.work_bucket, f"faces/{clip_id}/crop.jpg", crop, "image/jpeg")
        storage.write(settings.work_bucket, faces_key, found, "application/json")
    started = executions.start(
        settings.state_machine_arn,
        clip_id,
        {"clip_id": clip_id, "photo": photo.as_dict(), "faces_key": faces_key, "options": options, "verdict": verdict},
    )
    records.note(clip_id, execution=clip_id)
    return Detection(clip_id, started, verdict)


def _claim(records: Records, arrival: Arrival) -> Record:
    """A photo at photos/{clip_id} belongs to that clip if create_clip gave the id out; any other was dropped."""
    asked_for = arrival.photo.key.removeprefix(clip_ids.PHOTOS)
    if clip_ids.is_minted(asked_for):
        try:
            return records.claim(asked_for, arrival.photo)
        except ClipDeleted:
            raise
        except ClipNotFound:
            pass
    clip_id, owner = clip_ids.of_drop(arrival.photo), {"owner": arrival.owner} if arrival.owner else {}
    try:
        return records.claim(clip_id, arrival.photo, {"options": clip_options.DEFAULTS, **owner})
    except TransitionRefused:
        if arrival.owner:  # S3's own event alone says whose the photo is; the reconciler may have been faster
            records.give(clip_id, arrival.owner)
        raise


def _wishes(records: Records, clip_id: str, about: storage.About, settings: DetectFace) -> str:
    """What the dropped photo's metadata asks for, written into the record. Raises RequestInvalid, NotAccepting."""
    if settings.accept_work == "no":
        raise NotAccepting("No new clips are made just now. Please send the photo again later.")
    asked = DroppedOptions.of(about.metadata)
    options = asked.stored()
    notify = {"notify": {"webhook": asked.webhook}} if asked.webhook else {}
    if notify or options != clip_options.DEFAULTS:
        records.note(clip_id, options=options, **notify)
    return options


def _require_driver(bucket: str, options: str) -> None:
    """Raises RequestInvalid where a driver is asked for and not there: the photo, which starts the work, comes after it."""
    driver = json.loads(options)["driver"]
    if driver is not None and storage.latest(bucket, driver) is None:
        raise RequestInvalid("The driver video is not there. Upload it before the photo.")


def _subject(faces: list[Face], asked: dict[str, Any]) -> Face:
    """Who moves, or the largest of them. Raises FaceRejected, and RequestInvalid for a face that the photo has not."""
    try:
        return chosen(faces, asked["faces"])[0]
    except UsageError as wrong:
        raise RequestInvalid(wrong.message) from wrong


def _fetch(photo: ObjectPointer, size: int) -> bytes:
    if size > MAX_BYTES:  # a dropped file has passed no form: look before fetching
        raise PhotoTooLarge(
            f"The file is {size / 1e6:.0f} MB; the most is {MAX_BYTES / 1e6:.0f} MB. Send a smaller one.",
            bytes=size,
        )
    return storage.read(photo)


def _faces_json(picture: Photo, faces: list[Face]) -> bytes:
    height, width = picture.pixels.shape[:2]
    found: dict[str, Any] = {"size": [width, height], "faces": [face.as_dict() for face in faces]}
    return json.dumps(found, separators=(",", ":")).encode()


def _portrait_jpeg(picture: Photo, face: Face) -> bytes:
    """Head and shoulders of ``face``, for people to see."""
    x0, y0, x1, y1 = head_and_shoulders(face, picture.pixels.shape)
    buffer = io.BytesIO()
    Image.fromarray(picture.pixels[y0:y1, x0:x1]).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
