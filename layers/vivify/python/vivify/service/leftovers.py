"""What a step made for a clip that is over meanwhile is removed by the step itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vivify.cloud import storage
from vivify.errors import ClipDeleted, TransitionRefused


@contextmanager
def unless_over(bucket: str, prefix: str) -> Iterator[None]:
    """Around a step's writes and then its confirmation with the record.

    Whoever gives a clip up (notify, as failed; its owner, by deleting it) marks the record first and removes objects
    after; a step writes objects first and confirms after. So whichever comes last sees the other, and nothing stays.
    If the record refuses because the clip is over, what lies under ``prefix`` is removed here.
    """
    try:
        yield
    except ClipDeleted:
        storage.erase(bucket, prefix)
        raise
    except TransitionRefused as refused:
        if refused.details["state"] == "failed":  # elsewhere, another delivery of this step has won: its work stays
            storage.erase(bucket, prefix)
        raise
