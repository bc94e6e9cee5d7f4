"""How far the GPU job is, as people see it in the record: written now and then, and never going back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vivify import engine
from vivify.cloud.records import Records
from vivify.errors import CloudUnavailable, UsageError
from vivify.progress import OnProgress
from vivify.service import animate_clip

from .stack import Stack


def test_how_far_it_is(stack: Stack, job: dict[str, Any], main: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    """While frames are made the record tells the percentage; a clip deleted meanwhile ends its job there."""
    seen: list[Any] = []

    def stand_in(photo: Any, faces: Any, out: Path, options: engine.Options, tell: OnProgress) -> engine.Report:
        for done in (1, 3):
            tell(done, 4)
            seen.append((stack.record(job["clip_id"]) or {})["progress"])
        Records(stack.table).delete(job["clip_id"], (stack.record(job["clip_id"]) or {})["owner"])
        tell(4, 4)
        raise AssertionError("the job went on")

    monkeypatch.setattr(animate_clip, "_TELL_SECONDS", 0)
    monkeypatch.setattr(engine, "animate", stand_in)
    assert main() == 3
    assert seen == ["25", "75"]
    assert stack.frames() == []


def test_how_often_it_says_so(
    stack: Stack, job: dict[str, Any], main: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame a few milliseconds after the last is not worth a write."""

    def stand_in(photo: Any, faces: Any, out: Path, options: engine.Options, tell: OnProgress) -> engine.Report:
        for done in range(100):
            tell(done, 100)
        raise UsageError("That is enough.")

    monkeypatch.setattr(engine, "animate", stand_in)
    assert main() == 3
    assert "progress" not in (stack.record(job["clip_id"]) or {})


def test_how_far_a_second_attempt_is(
    stack: Stack, job: dict[str, Any], main: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What people see of a clip whose host was taken back stays where it was until the next attempt comes as far."""
    seen: list[Any] = []

    def stand_in(photo: Any, faces: Any, out: Path, options: engine.Options, tell: OnProgress) -> engine.Report:
        for done in (1, 3):
            tell(done, 4)
            seen.append((stack.record(job["clip_id"]) or {})["progress"])
        raise CloudUnavailable("That is enough.")

    Records(stack.table).advance(job["clip_id"], "animating", progress="60")
    monkeypatch.setattr(animate_clip, "_TELL_SECONDS", 0)
    monkeypatch.setattr(engine, "animate", stand_in)
    assert main() == 75
    assert seen == ["60", "75"]
