"""POST /v1/clips again, with the same Idempotency-Key."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest

from vivify.cloud import aws, settings
from vivify.service import create_clip
from vivify.service.clip_options import StoredOptions

from .handlers import Answer
from .stack import Stack

Ask = Callable[..., Answer]
POST = "http_create_clip"
PNG = {"content_type": "image/png"}


def test_the_same_key_is_the_same_clip(stack: Stack, ask: Ask) -> None:
    """A replay answers 201 with the same clip and a form signed anew; there is one record, and one clip is counted."""
    answers = [ask(POST, idempotency_key="one") for _ in range(3)]
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["clip_id"] for answer in answers}) == 1
    assert len(stack.records()) == 1
    assert stack.counted() == [1]


def test_equal_requests_may_be_written_differently(stack: Stack, ask: Ask) -> None:
    """What a request asks counts, not its spelling: an option given as its default is the same as none."""
    first = ask(POST, body=PNG, idempotency_key="one")
    again = ask(POST, body=json.dumps({"fps": 25, **PNG}, indent=4), idempotency_key="one")
    assert again.body["clip_id"] == first.body["clip_id"]


def test_the_same_key_with_another_request(stack: Stack, ask: Ask) -> None:
    """409, and the first clip stays as it was asked for."""
    first = ask(POST, body={**PNG, "seconds": 3}, idempotency_key="one").body["clip_id"]
    answer = ask(POST, body={**PNG, "seconds": 4}, idempotency_key="one")
    assert (answer.status, answer.body["code"]) == (409, "idempotency_key_reused")
    (record,) = stack.records()
    assert (record["clip_id"], json.loads(record["options"])["seconds"]) == (first, 3)


def test_keys_are_each_callers_own(stack: Stack, ask: Ask) -> None:
    """Somebody else's key of the same name is another key."""
    clips = {ask(POST, idempotency_key="one", caller=caller).body["clip_id"] for caller in ("AIDAFIRST", "AIDASECOND")}
    assert len(clips) == 2


def test_keys_are_good_for_a_day(stack: Stack, ask: Ask) -> None:
    """After 24 hours a key is free again, whether or not DynamoDB has forgotten it by then."""
    first = ask(POST, idempotency_key="one").body["clip_id"]
    table = boto3.resource("dynamodb").Table(stack.callers)
    (item,) = [item for item in table.scan()["Items"] if item["id"].startswith("key#")]
    assert 24 * 3600 - 60 < int(item["expires_on"]) - time.time() <= 24 * 3600
    table.put_item(Item={**item, "expires_on": int(time.time())})
    assert ask(POST, idempotency_key="one").body["clip_id"] != first


def test_a_crash_between_key_and_record(stack: Stack, ask: Ask) -> None:
    """The function died after writing the key: the retry makes the very clip that the key names."""
    clip_id = ask(POST, idempotency_key="one").body["clip_id"]
    boto3.resource("dynamodb").Table(stack.table).delete_item(Key={"clip_id": clip_id})
    assert ask(POST, idempotency_key="one").body["clip_id"] == clip_id
    assert [record["clip_id"] for record in stack.records()] == [clip_id]


def test_what_was_just_written_is_what_is_read(stack: Stack, ask: Ask) -> None:
    """A replay a moment later, or a look at its clip, never meets an older copy: every read of one item is consistent."""
    reads: list[bool] = []
    aws.client("dynamodb").meta.events.register(
        "provide-client-params.dynamodb.GetItem", lambda params, **_: reads.append(params.get("ConsistentRead", False))
    )
    clip_id = ask(POST, idempotency_key="one").body["clip_id"]
    ask(POST, idempotency_key="one")
    ask("http_get_clip", path=f"/v1/clips/{clip_id}")
    assert len(reads) >= 3
    assert all(reads)


def test_the_key_of_a_deleted_clip(stack: Stack, ask: Ask) -> None:
    """It makes no clip come back, and says so: 409."""
    clip_id = ask(POST, idempotency_key="one").body["clip_id"]
    assert ask("http_delete_clip", path=f"/v1/clips/{clip_id}").status == 204
    assert ask(POST, idempotency_key="one").status == 409


def test_a_key_that_is_none(stack: Stack, ask: Ask, subtests: pytest.Subtests) -> None:
    """1 to 255 printable ASCII characters; anything else is refused rather than taken for no key."""
    for key in ("", "k" * 256, "white space", "é"):
        with subtests.test(key):
            assert ask(POST, idempotency_key=key).status == 422


@pytest.mark.usefixtures("requests_take_turns")
def test_the_same_key_at_once(stack: Stack) -> None:
    """Eight requests with one key in one moment: one clip, counted once."""
    configured = settings.load(settings.ServeApi)
    order = create_clip.Order("iam:AIDA", "image/png", StoredOptions(), key="one", digest="same")
    with ThreadPoolExecutor(8) as threads:
        tickets = list(threads.map(lambda _: create_clip.create_clip(order, configured), range(8)))
    assert len({ticket.clip_id for ticket in tickets}) == 1
    assert len(stack.records()) == 1
    assert stack.counted() == [1]
