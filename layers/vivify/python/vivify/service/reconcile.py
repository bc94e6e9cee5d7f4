"""Nothing is lost: finds what no event, retry or failure path will bring to an end any more, and settles it.

Every few minutes it looks at photos that never became a clip, and at records that nobody has changed for longer than
detection and its retries take. What may still succeed is restarted, a bounded number of times; a deletion that broke off
is done again; the rest is handed to notify, where all clips fail.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from vivify.cloud import executions, functions, storage
from vivify.cloud.records import TERMINAL, Record, Records
from vivify.cloud.settings import Reconcile
from vivify.cloud.storage import ObjectPointer
from vivify.errors import TransitionRefused
from vivify.service import clip_ids, photo_events
from vivify.service.delete_clip import delete_clip

# Longer than S3's event, detection and Lambda's own retries of it take together.
QUIET = dt.timedelta(minutes=15)
# Longer than a photo takes after its form was given out, at any speed of a phone.
UPLOAD = dt.timedelta(hours=1)
# How far back photos are looked for; each has been looked at hundreds of times by then.
LOOK_BACK = dt.timedelta(days=1)
MOST_RESTARTS = 3

NEVER_UPLOADED = {
    "code": "photo_never_arrived",
    "message": "No photo arrived while the upload form was good. Ask for a new form and send the photo with it.",
}

Deed = Literal["restarted", "failed", "told", "erased", "given up", "left alone"]
# What tells of a fault somewhere. That a form is never used, or a clip waits long, is every day's business.
REPAIRS: frozenset[Deed] = frozenset({"restarted", "failed", "told", "erased"})


@dataclass(frozen=True)
class Stray:
    """A clip that has been quiet for too long: its record, or the photo that never got one."""

    clip_id: str
    record: Record | None = None
    photo: ObjectPointer | None = None


def strays(now: dt.datetime, settings: Reconcile) -> Iterator[Stray]:
    """Pending records that nobody has changed for a while, then photos without a record. ``now``: UTC.

    Not those whose execution runs: it has timeouts and a failure path of its own. What is deleted is nobody's to wait for.
    """
    records, at_work = Records(settings.table_name), executions.running(settings.state_machine_arn)
    for record in records.pending(now - QUIET):
        if record["state"] == "deleted" or record["clip_id"] not in at_work:
            yield Stray(record["clip_id"], record)
    photos = [
        photo
        for photo in storage.arrived(settings.uploads_bucket, clip_ids.PHOTOS, now - LOOK_BACK, now - QUIET)
        if not photo.key.endswith("/")
    ]
    known = records.existing({clip_id for photo in photos for clip_id in clip_ids.possible(photo)})
    for photo in photos:
        if known.isdisjoint(clip_ids.possible(photo)):
            yield Stray(clip_ids.of_drop(photo), photo=photo)


def queue_age(now: dt.datetime, settings: Reconcile) -> float:
    """Seconds that the clip has waited which has waited longest for its job to begin; 0 where none waits."""
    waiting = (record for record in Records(settings.table_name).pending(now) if record["state"] == "detecting")
    since = [dt.datetime.fromisoformat(record["updated_at"]) for record in waiting if "execution" in record]
    return max((now - then).total_seconds() for then in since) if since else 0.0


def settle(stray: Stray, now: dt.datetime, settings: Reconcile) -> Deed:
    """Brings the clip nearer to its end. Done twice at once, the records let one of the two win."""
    record, clip_id = stray.record, stray.clip_id
    if record and record["state"] == "deleted":
        delete_clip(clip_id, record["owner"], settings)
        return "erased"
    if record and record["state"] in TERMINAL:
        functions.invoke_later(settings.notify_function, {"clip_id": clip_id})  # tells the end that it has
        return "told"
    photo = stray.photo or _photo_of(record or {}, clip_id, settings)
    if photo is None:
        if record and dt.datetime.fromisoformat(record["created_at"]) > now - UPLOAD:
            return "left alone"
        _fail(clip_id, settings, verdict=NEVER_UPLOADED)
        return "given up"
    if record is None or not _moved(record):
        return _restart(clip_id, photo, settings)
    return _fail(clip_id, settings)


def _photo_of(record: Record, clip_id: str, settings: Reconcile) -> ObjectPointer | None:
    if "photo" in record:
        return ObjectPointer(**record["photo"])
    return storage.latest(settings.uploads_bucket, clip_ids.PHOTOS + clip_id)


def _restart(clip_id: str, photo: ObjectPointer, settings: Reconcile) -> Deed:
    records = Records(settings.table_name)
    try:
        records.restart(clip_id, photo, most=MOST_RESTARTS)
    except TransitionRefused:
        return "left alone" if _moved(records.get(clip_id)) else _fail(clip_id, settings)
    functions.invoke_later(settings.detect_function, photo_events.event_about(photo))
    return "restarted"


def _moved(record: Record) -> bool:
    """Whether it has come beyond detection: its execution was started."""
    return "execution" in record or record["state"] not in ("created", "detecting")


def _fail(clip_id: str, settings: Reconcile, verdict: dict[str, str] | None = None) -> Deed:
    error = {"Error": "Reconciled", "Cause": ""}
    functions.invoke_later(settings.notify_function, {"clip_id": clip_id, "verdict": verdict, "error": error})
    return "failed"
