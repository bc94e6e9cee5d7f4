"""The last step: the terminal record and the news of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from vivify.errors import CloudError

from .conftest import Event, Stack

Invoke = Callable[[str, Event], Any]
Events = Callable[[str], Event]

FIGURES = {"seconds": "4.000", "fps": "25", "width": "512", "height": "512", "frames": "100"}


def published(stack: Stack, clip_id: str) -> None:
    keys = {"clip_key": "clips/x/clip.mp4", "poster_key": "clips/x/poster.jpg", "preview_key": "clips/x/preview.webp"}
    stack.put_record(clip_id, "publishing", **keys, clip=FIGURES)


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
    assert (message["verdict"]["code"], message["retryable"]) == ("internal_error", True)
    assert "LogStreamName" not in str(message)


@pytest.mark.parametrize(("ended", "late"), [("ready", "notify_failure_job"), ("failed", "notify_success")])
def test_a_terminal_record_is_never_overwritten(stack: Stack, invoke: Invoke, event: Events, ended: str, late: str) -> None:
    """A late step of the other kind changes nothing and tells nobody."""
    payload = event(late)
    stack.put_record(payload["clip_id"], ended)
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
