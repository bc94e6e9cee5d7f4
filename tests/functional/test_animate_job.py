"""The GPU job's entry point: environment in, S3 out, and what its exit code promises the queue."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from tests.footage import greys, write
from vivify import engine
from vivify.cloud import settings, storage
from vivify.cloud.records import Records
from vivify.errors import (
    CloudError,
    CloudUnavailable,
    GpuUnavailable,
    ModelCorrupt,
    MotionInvalid,
    NoFaceFound,
    UsageError,
    VivifyError,
)
from vivify.progress import OnProgress
from vivify.service import animate_clip, clip_options

from .handlers import load
from .stack import Stack


def one_grey_frame(out: Path, *_: object) -> engine.Report:
    """Stands in for the engine's work: a clip of one frame, and its depth."""
    write(out, greys(0), quality="lossless")
    (out.parent / "depth.png").write_bytes(b"depth")
    return engine.Report(str(out), 1, 25.0, (64, 48), [], {})


def test_done(stack: Stack, job: dict[str, Any], main: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    """0: frames, depth, report and, last of all, the manifest that describes them, under this attempt's own prefix."""
    order: list[str] = []
    upload = storage.upload

    def watched(path: Path, bucket: str, key: str, content_type: str) -> None:
        order.append(path.name)
        upload(path, bucket, key, content_type)

    monkeypatch.setattr(storage, "upload", watched)
    assert main() == 0
    prefix = f"frames/{job['clip_id']}/7d1c1d5c.2"
    assert order == ["frames.mkv", "depth.png", "report.json", "manifest.json"]
    assert stack.frames() == sorted(f"{prefix}/{name}" for name in order)
    manifest = json.load(boto3.client("s3").get_object(Bucket=stack.work, Key=f"{prefix}/manifest.json")["Body"])
    assert (manifest["width"], manifest["height"], manifest["frames"]) == (512, 512, 10)
    assert manifest.keys() == {"clip_id", "attempt", "frames_key", "width", "height", "fps", "frames"}
    assert manifest["frames_key"] == f"{prefix}/frames.mkv"
    report = json.load(boto3.client("s3").get_object(Bucket=stack.work, Key=f"{prefix}/report.json")["Body"])
    assert report.keys() == {"frames", "fps", "size", "faces", "seconds"}  # and not where on this host the clip was made
    record = stack.record(job["clip_id"])
    assert record is not None
    assert record["state"] == "animating"
    (face,) = record["faces"]  # what people are told of the report
    x0, y0, x1, y1 = (int(edge) for edge in face.pop("box"))
    assert 0 < x0 < x1 - 80 < 432
    assert 0 < y0 < y1 - 80 < 432
    assert face == {"animated": True, "held_back": [], "repaired": False, "verdict": None}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoFaceFound("No face."), 3),
        (MotionInvalid("No such motion."), 3),
        (UsageError("No such size."), 3),
        (CloudUnavailable("Busy."), 75),
        (GpuUnavailable("No GPU."), 78),
        (ModelCorrupt("Broken."), 1),
        (CloudError("Refused."), 1),
    ],
)
def test_exit_codes(
    stack: Stack,
    job: dict[str, Any],
    main: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: VivifyError,
    code: int,
) -> None:
    """Each kind of failure has its code, and leaves no manifest; bad input leaves its verdict in the record, a fault of ours
    its traceback in the log.
    """

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(engine, "animate", fail)
    assert main() == code
    assert stack.frames() == []
    record = stack.record(job["clip_id"])
    assert record is not None
    verdict = {"code": error.code, "message": error.message}
    assert record.get("verdict") == (verdict if code == 3 else None)
    (line,) = [line for line in caplog.records if line.getMessage() == "job failed"]
    assert bool(line.exc_info) is (code == 1)


def test_a_crash_is_a_fault(job: dict[str, Any], main: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    """1: what nobody foresaw is not retried and not blamed on the photo."""
    monkeypatch.setattr(engine, "animate", lambda *_: 1 / 0)
    assert main() == 1


def test_being_stopped_is_retryable(stack: Stack, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """75 on SIGTERM, at once, with nothing handed over: Spot takes a host back two minutes after telling."""
    handlers: dict[int, Callable[..., None]] = {}
    monkeypatch.setattr(signal, "signal", lambda number, handler: handlers.update({number: handler}))
    monkeypatch.setattr(engine, "animate", lambda *_: handlers[signal.SIGTERM](signal.SIGTERM, None))
    with pytest.raises(SystemExit) as stopped:
        load("functions/animate/main.py").main()
    assert stopped.value.code == 75
    assert stack.frames() == []


def test_every_attempt_counts_its_seconds(
    stack: Stack, job: dict[str, Any], main: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt that fails has been paid for too, and being counted changes nothing about how it ends."""
    # Looked at as the attempt begins, as it first tells how far it is, and as it ends.
    clock = iter((100.0, 100.0, 130.5, 200.0, 200.0, 241.625))
    monkeypatch.setattr("vivify.service.animate_clip.time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(engine, "animate", lambda *_: 1 / 0)
    assert (main(), main()) == (1, 1)
    record = stack.record(job["clip_id"])
    assert record is not None
    assert float(record["gpu_seconds"]) == 72.125


def test_a_figure_is_not_worth_a_clip(
    stack: Stack, job: dict[str, Any], main: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the seconds cannot be counted, the attempt ends as it would have: here for want of AWS, to be tried again."""

    def refused(*_: object) -> None:
        raise CloudError("Not allowed.")

    def busy(*_: object) -> None:
        raise CloudUnavailable("Busy.")

    monkeypatch.setattr(Records, "spend", refused)
    monkeypatch.setattr(engine, "animate", busy)
    assert main() == 75


def test_a_clip_that_has_ended(stack: Stack, job: dict[str, Any], main: Callable[[], int]) -> None:
    """A late job about a clip that was given up does not bring it back: 3, as no attempt ever will; the record stays."""
    stack.put_record(job["clip_id"], "failed")
    before = stack.record(job["clip_id"])
    assert main() == 3
    assert stack.record(job["clip_id"]) == before


def test_an_empty_environment(main: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    """1, not a retry: a wrong job definition stays wrong."""
    for name in settings.AnimateClip.__dataclass_fields__:
        monkeypatch.delenv(name.upper(), raising=False)
    assert main() == 1


def test_the_frames_are_lossless(
    stack: Stack, job: dict[str, Any], main: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine is asked for what the execution says, and for the lossless file that publishing encodes."""
    asked: list[engine.Options] = []

    def stand_in(photo: Any, faces: Any, out: Path, options: engine.Options, tell: OnProgress) -> engine.Report:
        asked.append(options)
        return one_grey_frame(out)

    monkeypatch.setattr(engine, "animate", stand_in)
    assert main() == 0
    (options,) = asked
    assert (options.quality, options.provider, options.seconds, options.size) == ("lossless", "cpu", 0.4, "native")
    assert options.motions == engine.DEFAULT_MOTIONS


def test_both_doors_have_the_same_defaults() -> None:
    """A clip with nothing asked for is the one the command line makes."""
    here = clip_options.ClipOptions().model_dump()
    there = asdict(engine.Options())
    assert here == {name: there[name] for name in here} | {"motions": list(engine.DEFAULT_MOTIONS)}


# ---------------------------------------------------------------- over meanwhile


def test_a_clip_given_up_meanwhile(
    stack: Stack, job: dict[str, Any], main: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the execution has lost patience with a job, the job makes no more frames, and the record stays as it ended."""
    made: list[int] = []

    def stand_in(photo: Any, faces: Any, out: Path, options: engine.Options, tell: OnProgress) -> None:
        for done in (1, 2, 3):
            made.append(done)
            if done == 2:
                stack.put_record(job["clip_id"], "failed")
            tell(done, 4)

    monkeypatch.setattr(animate_clip, "_TELL_SECONDS", 0)
    monkeypatch.setattr(engine, "animate", stand_in)
    assert main() == 3
    assert made == [1, 2]
    assert stack.frames() == []
    assert (stack.record(job["clip_id"]) or {})["state"] == "failed"


@pytest.mark.parametrize("end", ["failed", "deleted"])
def test_a_clip_that_ends_while_frames_are_handed_over(
    stack: Stack, job: dict[str, Any], main: Callable[[], int], monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Given up or erased as the last file is sent: the job removes all that it sent, and no other attempt is made."""
    upload = storage.upload

    def until_the_last(path: Path, bucket: str, key: str, content_type: str) -> None:
        upload(path, bucket, key, content_type)
        if path.name == "manifest.json":
            stack.put_record(job["clip_id"], end)

    monkeypatch.setattr(storage, "upload", until_the_last)
    monkeypatch.setattr(engine, "animate", lambda _photo, _faces, *told: one_grey_frame(*told))
    assert main() == 3
    assert stack.frames() == []


def test_a_host_without_its_gpu_records_nothing(
    stack: Stack, job: dict[str, Any], main: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for first: 78, and the clip still waits for a host."""

    def none_here(_provider: str) -> None:
        raise GpuUnavailable("No GPU.")

    monkeypatch.setattr("vivify.models.require", none_here)
    assert main() == 78
    assert (stack.record(job["clip_id"]) or {})["state"] == "detecting"
