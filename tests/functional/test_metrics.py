"""What operators can count: each clip once, how it ended, after how long and for how much."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from vivify.cloud.records import Records, timestamp

from .handlers import Event
from .stack import Stack

Invoke = Callable[[str, Event], Any]
Counted = Callable[[], dict[str, float]]
CLIP = "c0123456789abcdef012345678"
FIGURES = {"seconds": "4.000", "fps": "25", "width": "512", "height": "512", "frames": "100"}
KEYS = {"clip_key": "k", "poster_key": "k", "preview_key": "k"}


@pytest.fixture
def counted(capsys: pytest.CaptureFixture[str]) -> Counted:
    """The metrics in the log since the last look; each line names the clip beside them, and one dimension."""

    def look() -> dict[str, float]:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        told = [line for line in lines if "_aws" in line]
        for line in told:
            (directive,) = line["_aws"]["CloudWatchMetrics"]
            assert directive["Dimensions"] == [["service"]]
            assert line["clip_id"] == CLIP
        return {m["Name"]: line[m["Name"]][0] for line in told for m in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}

    return look


def test_a_ready_clip(stack: Stack, invoke: Invoke, counted: Counted) -> None:
    """Seconds from the photo's arrival to the news, GPU seconds of all attempts, and their price at GPU_HOUR_PRICE."""
    stack.put_record(CLIP, "publishing", clip=FIGURES, **KEYS)
    Records(stack.table).spend(CLIP, 30.5)
    Records(stack.table).spend(CLIP, 41.5)
    invoke("notify", {"clip_id": CLIP})
    record = stack.record(CLIP)
    assert record is not None
    assert record["gpu_seconds"] == Decimal(72)
    told = counted()
    assert told.pop("UploadToReady") > 0
    assert told == {"ClipsReady": 1, "GpuSeconds": 72, "ClipCost": 0.01}


def test_told_again_is_not_counted_again(stack: Stack, invoke: Invoke, counted: Counted) -> None:
    """A repeated step tells nothing and counts nothing."""
    stack.put_record(CLIP, "publishing", clip=FIGURES, **KEYS)
    invoke("notify", {"clip_id": CLIP})
    assert counted()
    invoke("notify", {"clip_id": CLIP})
    assert counted() == {}


def test_a_refused_photo(stack: Stack, invoke: Invoke, counted: Counted) -> None:
    """The photo's fault is no fault of ours, and took no GPU."""
    stack.put_record(CLIP, "detecting")
    verdict = {"code": "no_face_found", "message": "We found no face."}
    invoke("notify", {"clip_id": CLIP, "verdict": verdict, "error": {"Error": "PhotoRejected", "Cause": ""}})
    assert counted() == {"ClipsRefused": 1}


@pytest.mark.parametrize(
    ("cause", "also"),
    [
        ({"Container": {"ExitCode": 78}}, "NoGpuExits"),
        ({"Container": {"ExitCode": 137}}, "OutOfMemoryExits"),
        ({"StatusReason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"}, "CapacityNeverCame"),
        ({"Container": {"ExitCode": 1}}, None),
    ],
)
def test_a_fault_of_ours(stack: Stack, invoke: Invoke, counted: Counted, cause: Any, also: str | None) -> None:
    """Counted among the failures, and by its kind where there is an alarm for it."""
    stack.put_record(CLIP, "animating")
    invoke("notify", {"clip_id": CLIP, "verdict": None, "error": {"Error": "States.TaskFailed", "Cause": json.dumps(cause)}})
    assert counted() == {"ClipsFailed": 1} | ({also: 1} if also else {})


@pytest.mark.parametrize(("state", "told"), [("animating", {"ClipsFailed": 1}), ("deleted", {})])
def test_an_aborted_execution(
    stack: Stack, invoke: Invoke, counted: Counted, event: Callable[[str], Event], state: str, told: dict[str, float]
) -> None:
    """One that an operator stopped is a failed clip; one that its owner's DELETE stopped is nothing to count."""
    stack.put_record(CLIP, state)
    broken = event("execution_broke_off")
    broken["detail"] |= {"status": "ABORTED", "input": json.dumps({"clip_id": CLIP})}
    invoke("notify", broken)
    assert counted() == told


def test_waiting_for_a_gpu(stack: Stack, invoke: Invoke, capsys: pytest.CaptureFixture[str]) -> None:
    """The age of the clip that has waited longest since its execution began: before, and once its job has begun, none waits
    for a GPU.
    """
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    for clip_id, state, minutes in (("d1", "detecting", 4), ("d2", "detecting", 10), ("d3", "animating", 12)):
        since = timestamp(now - dt.timedelta(minutes=minutes))
        stack.put_record(clip_id, state, pending="yes", execution="x", updated_at=since)
    stack.put_record("d4", "detecting", pending="yes", updated_at=timestamp(now - dt.timedelta(minutes=14)))
    invoke("reconcile", {"time": now.isoformat()})
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert (line["GpuQueueAge"], line["ReconcilerFinds"]) == ([600.0], [0.0])
