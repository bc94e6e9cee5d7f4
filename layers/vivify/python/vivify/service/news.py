"""What people are told of a clip's end: the message of the topic and of the webhooks, made from the record alone.

Delivery is at least once, and a message may be made again with fresh links: its ``event_id`` stays the same.
"""

from __future__ import annotations

from typing import Any

from vivify.cloud.records import Record
from vivify.cloud.settings import LinkSettings
from vivify.errors import NotAccepting
from vivify.service.links import links

# What a person hears when the fault is ours. The record's "failure" and the execution hold the real one.
OUR_FAULT = {
    "code": "internal_error",
    "message": "Something failed on our side. Please send the photo again.",
}
_RETRYABLE = {OUR_FAULT["code"], NotAccepting.code}


def compose(record: Record, settings: LinkSettings) -> dict[str, Any]:
    """The news of a record in a terminal state.

    ``clip.ready`` has signed links, when they expire, and the clip's figures. ``clip.failed`` has the verdict, and
    "retryable": true where the fault is ours or no work is accepted just now, as a judged photo never does better.
    """
    clip_id, event = record["clip_id"], f"clip.{record['state']}"
    message = {"event": event, "event_id": f"{clip_id}.{record['state']}", "clip_id": clip_id}
    if record["state"] == "ready":
        return message | links(record, settings)
    verdict = record["verdict"]
    return message | {"verdict": verdict, "retryable": verdict["code"] in _RETRYABLE}
