"""A driver for the GPU job: fetched, held to bounds, and followed for as long as it lasts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.footage import greys, write
from vivify import engine
from vivify.errors import UsageError
from vivify.progress import OnProgress
from vivify.service import animate_clip, bounds

from .stack import ROOT, Stack


@pytest.fixture
def driven(stack: Stack, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """The job is asked to follow these bytes."""
    key = f"drivers/{job['clip_id']}"
    monkeypatch.setenv("OPTIONS", json.dumps(json.loads(job["options"]) | {"driver": key}))

    def put(data: bytes) -> None:
        boto3.client("s3").put_object(Bucket=stack.uploads, Key=key, Body=data)

    return put


def test_a_driver(
    main: Callable[[], int], driven: Callable[[bytes], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine is given the video that lies under the driver's key, and no length but the driver's own; here it is as
    large and as long as one may be.
    """
    asked: list[engine.Options] = []

    def stand_in(photo: Any, faces: Any, out: Path, options: engine.Options, tell: OnProgress) -> engine.Report:
        asked.append(options)
        assert options.driver is not None
        assert options.driver.read_bytes() == (tmp_path / "driver.mp4").read_bytes()
        raise UsageError("That is enough.")

    video = write(tmp_path / "driver.mp4", greys(0, 0)).read_bytes()
    driven(video)
    monkeypatch.setattr(animate_clip, "MAX_BYTES", len(video))
    monkeypatch.setattr(animate_clip, "_DRIVER_SECONDS", 2 / 25)
    monkeypatch.setattr(engine, "animate", stand_in)
    assert main() == 3
    assert asked[0].seconds is None


def _refusal(stack: Stack, job: dict[str, Any]) -> str:
    """What the clip's record says to whoever asked for what cannot be made."""
    record = stack.record(job["clip_id"])
    assert record is not None
    assert record["verdict"]["code"] == "request_invalid"
    return str(record["verdict"]["message"])


def test_what_a_driver_may_be_is_said_where_callers_look() -> None:
    """infra/api.md names the very bounds that the job holds drivers to."""
    page = (ROOT / "infra/api.md").read_text(encoding="utf-8")
    bounds = f"({animate_clip.MAX_BYTES / 1e6:.0f} MB, {animate_clip._DRIVER_SECONDS} s at most)"
    assert f"With a driver {bounds}" in page


@pytest.mark.parametrize("says", ["no video", "too long", "too large"])
def test_a_driver_that_will_not_do(
    stack: Stack,
    job: dict[str, Any],
    main: Callable[[], int],
    driven: Callable[[bytes], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    says: str,
) -> None:
    """What is no video, or by anything too long or too large, is bad input: exit 3, and the record says what to do."""
    video = write(tmp_path / "driver.mp4", greys(0, 0)).read_bytes()
    driven(b"no video" if says == "no video" else video)
    monkeypatch.setattr(animate_clip, "MAX_BYTES", len(video) - (says == "too large"))
    monkeypatch.setattr(animate_clip, "_DRIVER_SECONDS", 2 / 25 - (says == "too long") * 1e-3)
    monkeypatch.setattr(engine, "animate", lambda *_: 1 / 0)
    assert main() == 3
    assert says in _refusal(stack, job)


def test_a_driver_that_lasts_too_long_for_this_size(
    stack: Stack,
    job: dict[str, Any],
    main: Callable[[], int],
    driven: Callable[[bytes], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its length, seen here for the first time, makes a clip that publishing could not finish: bad input, nothing drawn."""
    monkeypatch.setattr(bounds, "MOST_PIXELS", 512 * 512 * 2 - 1)
    monkeypatch.setattr(engine, "animate", lambda *_: 1 / 0)
    driven(write(tmp_path / "driver.mp4", greys(0, 0)).read_bytes())
    assert main() == 3
    assert "too large" in _refusal(stack, job)
