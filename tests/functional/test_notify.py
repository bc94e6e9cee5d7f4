"""The last step: the terminal record and the news of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from vivify.errors import CloudError, TransitionRefused
from vivify.service.notify import failure_of

from .handlers import Event
from .stack import Stack

Invoke = Callable[[str, Event], Any]
Events = Callable[[str], Event]

FIGURES = {"seconds": "4.000", "fps": "25", "width": "512", "height": "512", "frames": "100"}


ENDED = {
    "clip_key": "clips/x/clip.mp4",
    "poster_key": "clips/x/poster.jpg",
    "preview_key": "clips/x/preview.webp",
    "clip": FIGURES,
}


def published(stack: Stack, clip_id: str) -> None:
    stack.put_record(clip_id, "publishing", **ENDED)


def test_success(stack: Stack, invoke: Invoke, event: Events) -> None:
    """The record is ready and the message holds the links, when they end, and the clip's figures."""
    payload = event("notify_success")
    published(stack, payload["clip_id"])
    invoke("notify", payload)
    (message,) = stack.messages()
    record = stack.record(payload["clip_id"])
    assert record is not None
    assert record["state"] == "ready"
    assert message["event"] == "clip.ready"
    assert message["clip_id"] == payload["clip_id"]
    for name in ("url", "poster_url", "preview_url"):
        assert "X-Amz-Signature" in message[name]
    left = dt.datetime.fromisoformat(message["expires_at"]) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(seconds=880) < left <= dt.timedelta(seconds=900)
    assert message["frames"] == 100


def test_failure_with_the_executions_verdict(stack: Stack, invoke: Invoke, event: Events) -> None:
    """A rejected photo: its own code and sentence, in the record and in the message, and no hope of a retry."""
    payload = event("notify_failure_verdict")
    stack.put_record(payload["clip_id"], "detecting", verdict=payload["verdict"])
    invoke("notify", payload)
    record = stack.record(payload["clip_id"])
    assert record is not None
    assert (record["state"], record["verdict"]) == ("failed", payload["verdict"])
    assert stack.messages() == [
        {
            "event": "clip.failed",
            "event_id": f"{payload['clip_id']}.failed",
            "clip_id": payload["clip_id"],
            "verdict": payload["verdict"],
            "retryable": False,
        }
    ]


def test_failure_with_the_jobs_verdict(stack: Stack, invoke: Invoke, event: Events) -> None:
    """A job that found the photo bad left its verdict in the record: that is what the person hears."""
    payload = event("notify_failure_job")
    verdict = {"code": "motion_invalid", "message": "There is no motion called that."}
    stack.put_record(payload["clip_id"], "animating", verdict=verdict)
    invoke("notify", payload)
    (message,) = stack.messages()
    assert (message["verdict"], message["retryable"]) == (verdict, False)


def test_failure_of_ours(stack: Stack, invoke: Invoke, event: Events) -> None:
    """A crash tells the person that it was us and that another try may do, and never the error's text."""
    payload = event("notify_failure_job")
    stack.put_record(payload["clip_id"], "animating")
    invoke("notify", payload)
    (message,) = stack.messages()
    told = {"code": "internal_error", "message": "Something failed on our side. Please send the photo again."}
    assert (message["verdict"], message["retryable"]) == (told, True)
    assert "LogStreamName" not in str(message)


@pytest.mark.parametrize(("ended", "late"), [("ready", "notify_failure_job"), ("failed", "notify_success")])
def test_a_terminal_record_is_never_overwritten(stack: Stack, invoke: Invoke, event: Events, ended: str, late: str) -> None:
    """A late step of the other kind changes nothing and tells nobody."""
    payload = event(late)
    stack.put_record(payload["clip_id"], ended, notified_at="2026-01-15T09:30:12.482Z")
    before = stack.record(payload["clip_id"])
    invoke("notify", payload)
    assert stack.record(payload["clip_id"]) == before
    assert stack.messages() == []


@pytest.mark.parametrize("name", ["notify_success", "notify_failure_verdict"])
def test_told_once(stack: Stack, invoke: Invoke, event: Events, name: str) -> None:
    """The step done again after it has told tells no more."""
    payload = event(name)
    published(stack, payload["clip_id"])
    invoke("notify", payload)
    invoke("notify", payload)
    assert len(stack.messages()) == 1


def test_a_crash_before_telling_is_cured_by_the_retry(stack: Stack, invoke: Invoke, event: Events) -> None:
    """The record became ready but the topic refused: the step fails, and done again it still tells."""
    payload = event("notify_success")
    published(stack, payload["clip_id"])
    sns = boto3.client("sns")
    sns.delete_topic(TopicArn=stack.topic)
    with pytest.raises(CloudError):
        invoke("notify", payload)
    sns.create_topic(Name="notifications")
    arn = "arn:aws:sqs:eu-west-1:123456789012:inbox"
    sns.subscribe(TopicArn=stack.topic, Protocol="sqs", Endpoint=arn)
    invoke("notify", payload)
    (message,) = stack.messages()
    assert message["event"] == "clip.ready"


@pytest.mark.parametrize(("ended", "late"), [("ready", "notify_failure_job"), ("failed", "notify_success")])
def test_the_end_that_it_has_is_told(stack: Stack, invoke: Invoke, event: Events, ended: str, late: str) -> None:
    """A clip that ended but was never told of: whoever comes next, for whatever end, tells the one the record has."""
    payload = event(late)
    published(stack, payload["clip_id"])
    verdict = {"code": "no_face_found", "message": "We found no face."}
    stack.put_record(payload["clip_id"], ended, **ENDED, verdict=verdict, failure="photo", pending="yes")
    invoke("notify", payload)
    (message,) = stack.messages()
    record = stack.record(payload["clip_id"])
    assert record is not None
    assert message["event"] == f"clip.{ended}"
    assert (record["state"], "notified_at" in record, "pending" in record) == (ended, True, False)


def test_success_out_of_turn(stack: Stack, invoke: Invoke, event: Events) -> None:
    """A clip that was never published cannot be called ready: the step fails, and nobody is told."""
    payload = event("notify_success")
    stack.put_record(payload["clip_id"], "animating")
    with pytest.raises(TransitionRefused):
        invoke("notify", payload)
    assert stack.messages() == []


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_broke_off(stack: Stack, invoke: Invoke, event: Events, status: str) -> None:
    """EventBridge's word about it is the same failure: one terminal record, one message, however often it is said."""
    payload = event("execution_broke_off")
    clip_id = json.loads(payload["detail"]["input"])["clip_id"]
    payload["detail"]["status"] = status
    stack.put_record(clip_id, "animating", pending="yes")
    invoke("notify", payload)
    invoke("notify", payload)
    invoke("notify", event("notify_failure_job") | {"clip_id": clip_id})
    (message,) = stack.messages()
    record = stack.record(clip_id)
    assert record is not None
    assert (message["event"], message["verdict"]["code"]) == ("clip.failed", "internal_error")
    assert (record["state"], record["failure"]) == ("failed", "timed_out" if status == "TIMED_OUT" else "internal")


def test_the_end_of_an_erased_clip(stack: Stack, invoke: Invoke, event: Events) -> None:
    """Its owner erased the clip while it was being made: its execution's end is nobody's news."""
    invoke("notify", event("execution_broke_off"))
    assert stack.messages() == []
    assert stack.records() == []


@pytest.mark.parametrize(
    ("state", "left"),
    [
        ("publishing", {"frames/another/thing", "clips/another/thing"}),
        ("ready", {"frames/this/thing", "clips/this/thing", "frames/another/thing", "clips/another/thing"}),
    ],
)
def test_a_failed_clip_leaves_nothing(stack: Stack, invoke: Invoke, event: Events, state: str, left: set[str]) -> None:
    """Frames and clips that nobody will ever be sent to are erased; those of another clip stay, and of a clip that was ready
    before the failure came.
    """
    payload = event("notify_failure_job") | {"clip_id": "this"}
    stack.put_record("this", state, **ENDED)
    s3 = boto3.client("s3")
    for key in ("this/thing", "another/thing"):
        s3.put_object(Bucket=stack.work, Key=f"frames/{key}", Body=b"x")
        s3.put_object(Bucket=stack.clips, Key=f"clips/{key}", Body=b"x")
    invoke("notify", payload)
    assert {thing["Key"] for bucket in (stack.work, stack.clips) for thing in stack.objects(bucket)} == left


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ({"Error": "States.TaskFailed", "Cause": json.dumps({"Container": {"ExitCode": 78}})}, "no_gpu"),
        ({"Error": "States.TaskFailed", "Cause": json.dumps({"Container": {"ExitCode": 137}})}, "out_of_memory"),
        ({"Error": "States.TaskFailed", "Cause": json.dumps({"Container": {"ExitCode": 1}})}, "internal"),
        ({"Error": "States.TaskFailed", "Cause": json.dumps({"StatusReason": "CAPACITY:INSUFFICIENT"})}, "no_capacity"),
        ({"Cause": json.dumps({"StatusReason": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"})}, "no_capacity"),
        ({"Error": "States.Timeout", "Cause": ""}, "timed_out"),
        ({"Error": "VideoError", "Cause": json.dumps({"errorType": "VideoError"})}, "internal"),
        ({"Error": "Weird", "Cause": "[1]"}, "internal"),
        ({"Error": "Weird", "Cause": "not json"}, "internal"),
        ({}, "internal"),
    ],
)
def test_kinds_of_failure(error: dict[str, str], failure: str) -> None:
    """Faults of ours are told apart for operators, from what Step Functions and Batch say of them."""
    assert failure_of(error) == failure
