"""The end of a clip, good or bad: the terminal record first, then the news.

In this order a crash between the two is cured by the retry, which finds the record terminal and not yet told. The
news may come twice, never not at all, and never both of "ready" and "failed".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vivify.cloud import notifications
from vivify.cloud.records import Record, Records, now
from vivify.cloud.settings import Notify
from vivify.errors import TransitionRefused
from vivify.service.links import links

# What a person hears when the fault is ours. The execution holds the real error.
OUR_FAULT = {
    "code": "internal_error",
    "message": "Something failed on our side. Please send the photo again.",
}


def tell_success(clip_id: str, settings: Notify) -> bool:
    """``ready``, and a message with signed links. False if this clip's end was told before."""
    record = _end(clip_id, "ready", settings)
    if record is None:
        return False
    message = links(record, settings)
    return _tell({"event": "clip.ready", "clip_id": clip_id, **message}, settings)


def tell_failure(clip_id: str, verdict: Mapping[str, str] | None, settings: Notify) -> bool:
    """``failed``, and a message with the verdict: the one given, else the one a step left in the record, else ours.

    The message's "retryable" is true where the fault is ours: a judged photo never does better.
    """
    left = Records(settings.table_name).get(clip_id).get("verdict")
    judged = dict(verdict) if verdict else left
    record = _end(clip_id, "failed", settings, verdict=judged or OUR_FAULT)
    if record is None:
        return False
    told = record["verdict"]
    message = {"clip_id": clip_id, "verdict": told, "retryable": told["code"] == OUR_FAULT["code"]}
    return _tell({"event": "clip.failed", **message}, settings)


def _end(clip_id: str, state: str, settings: Notify, **attributes: Any) -> Record | None:
    """The record in its terminal ``state``; None if it ended otherwise, or has been told of."""
    records = Records(settings.table_name)
    try:
        return records.advance(clip_id, state, **attributes)
    except TransitionRefused:
        record = records.get(clip_id)
        return record if record["state"] == state and "notified_at" not in record else None


def _tell(message: dict[str, Any], settings: Notify) -> bool:
    notifications.publish(settings.topic_arn, message)
    Records(settings.table_name).note(message["clip_id"], notified_at=now())
    return True
