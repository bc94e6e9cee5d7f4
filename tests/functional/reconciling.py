"""What the tests of the reconciler do to clips, and how they have it look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import boto3

from vivify.cloud.records import timestamp

from .handlers import Event
from .stack import Stack

Invoke = Callable[[str, Event], Any]
MINTED = "c0123456789abcdef012345678"
OTHER = "c0123456789abcdef012345679"
LATE = dt.timedelta(minutes=20)


def look(invoke: Invoke, after: dt.timedelta = LATE) -> dict[str, int]:
    """The scheduled event, so long from now: what it did, counted."""
    time = (dt.datetime.now(dt.UTC) + after).strftime("%Y-%m-%dT%H:%M:%SZ")
    deeds: dict[str, int] = invoke("reconcile", {"source": "aws.events", "time": time})
    return deeds


def pending(stack: Stack, clip_id: str, state: str, **attributes: Any) -> None:
    time = timestamp(dt.datetime.now(dt.UTC))
    stack.put_record(clip_id, state, **{"pending": "yes", "created_at": time, "updated_at": time, **attributes})


def started(stack: Stack, clip_id: str, status: str) -> None:
    """An execution for this clip that has come to ``status``."""
    steps = boto3.client("stepfunctions")
    arn = steps.start_execution(stateMachineArn=stack.state_machine, name=clip_id, input='{"clip_id": ""}')["executionArn"]
    if status != "RUNNING":
        steps.stop_execution(executionArn=arn)
