"""Deletions that broke off are found, and finished: nothing stays, and nobody is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from vivify.cloud import executions, storage
from vivify.cloud.records import Records
from vivify.cloud.storage import ObjectPointer

from .handlers import Answer
from .reconciling import LATE, MINTED, OTHER, Invoke, look, pending, started
from .stack import Stack

Ask = Callable[..., Answer]


class Killed(BaseException):
    """The function is dead: no handler of errors hears of it."""


@pytest.mark.parametrize(
    ("state", "seam", "call"),
    [
        ("animating", executions, "stop"),
        ("animating", storage, "erase_version"),
        ("animating", storage, "erase_versions"),
        ("animating", storage, "erase"),
        ("animating", Records, "bury"),
        ("ready", storage, "erase_version"),
    ],
)
def test_a_deletion_that_broke_off(
    stack: Stack,
    ask: Ask,
    invoke: Invoke,
    restarted: list[ObjectPointer],
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    seam: object,
    call: str,
) -> None:
    """Killed anywhere after the mark, it is finished once it is quiet: work stopped, nothing left, nobody told.

    A ready clip was not pending any more when its owner deleted it; one that is being made was.
    """
    for clip_id in (MINTED, OTHER):
        stack.fill(clip_id)
    stack.put_record(OTHER, "ready")
    others = [name for name in stack.everything() if OTHER in name]
    photo = ObjectPointer(stack.uploads, f"photos/{MINTED}", stack.put_photo(f"photos/{MINTED}", b"photo"))
    unfinished = "yes" if state == "animating" else None
    pending(stack, MINTED, state, pending=unfinished, photo=photo.as_dict(), notify={"webhook": "https://a.example"})
    started(stack, MINTED, "RUNNING")

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as broken, pytest.raises(Killed):
        broken.setattr(seam, call, die)
        ask("http_delete_clip")
    assert look(invoke, dt.timedelta()) == {}  # the call may still be at it
    assert look(invoke) == {"erased": 1}
    assert stack.everything() == others
    record = stack.record(MINTED)
    assert record is not None
    assert record.keys() == {"clip_id", "owner", "state", "updated_at", "expires_on"}
    assert record["state"] == "deleted"
    assert executions.running(stack.state_machine) == set()
    assert (restarted, stack.messages()) == ([], [])
    assert look(invoke, 2 * LATE) == {}


def test_a_deletion_that_did_not_break_off(stack: Stack, ask: Ask, invoke: Invoke, restarted: list[ObjectPointer]) -> None:
    """Done, also twice, it is nobody's business: its tombstone stays as it is."""
    pending(stack, MINTED, "animating")
    for _ in range(2):
        assert ask("http_delete_clip").status == 204
        before = stack.record(MINTED)
        assert look(invoke) == {}
        assert stack.record(MINTED) == before
    assert stack.messages() == []
