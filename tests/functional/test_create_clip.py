"""POST /v1/clips, as the HTTP API delivers it."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from .conftest import Event, Stack

Invoke = Callable[[str, Event], Any]
Events = Callable[[str], Event]


def test_a_form_for_exactly_one_photo(stack: Stack, invoke: Invoke, event: Events) -> None:
    """The form's signed policy fixes the key, the content type, 1 byte to 50 MB and five minutes; nothing is left open."""
    answer = invoke("create_clip", event("http_create_clip"))
    body = json.loads(answer["body"])
    assert answer["statusCode"] == 201
    policy = json.loads(base64.b64decode(body["upload"]["fields"]["policy"]))
    key = f"photos/{body['clip_id']}"
    conditions = policy["conditions"]
    assert {"key": key} in conditions
    assert {"Content-Type": "image/png"} in conditions
    assert ["content-length-range", 1, 50_000_000] in conditions
    assert {"bucket": stack.uploads} in conditions
    assert not [c for c in conditions if isinstance(c, list) and c[0] == "starts-with"]
    left = dt.datetime.fromisoformat(policy["expiration"]) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(minutes=4) < left <= dt.timedelta(minutes=5)
    said = dt.datetime.fromisoformat(body["expires_at"]) - dt.datetime.fromisoformat(policy["expiration"])
    assert abs(said) <= dt.timedelta(seconds=2)
    assert body["upload"]["fields"]["key"] == key


def test_the_form_names_the_buckets_own_region(stack: Stack, invoke: Invoke, event: Events) -> None:
    """The form posts to the bucket's regional host: the global one answers a young bucket's POST with a redirect."""
    body = json.loads(invoke("create_clip", event("http_create_clip"))["body"])
    assert body["upload"]["url"].startswith(f"https://{stack.uploads}.s3.eu-west-1.amazonaws.com")


def test_what_was_asked_is_in_the_record(stack: Stack, invoke: Invoke, event: Events) -> None:
    """The record begins in state created with the options as strings, defaults filled in, and a time to live."""
    clip_id = json.loads(invoke("create_clip", event("http_create_clip"))["body"])["clip_id"]
    record = stack.record(clip_id)
    assert record is not None
    assert record["state"] == "created"
    assert record["options"] == {
        "motions": "gentle-smile,blink",
        "seconds": "3",
        "fps": "25",
        "strength": "1",
        "size": "native",
        "frame": "photo",
    }
    assert record["expires_on"] > dt.datetime.now(dt.UTC).timestamp()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "content_type"),
        ("not json", "not JSON"),
        ("[1]", "object"),
        ('{"content_type": "application/pdf"}', "content_type"),
        ('{"content_type": "image/png", "motion": ["nod"]}', "Unknown fields: motion"),
        ('{"content_type": "image/png", "motions": []}', "motions"),
        ('{"content_type": "image/png", "motions": ["../../etc/passwd"]}', "motions"),
        ('{"content_type": "image/png", "motions": ["nod,blink"]}', "motions"),
        ('{"content_type": "image/png", "motions": ["moonwalk"]}', "gentle-smile"),
        ('{"content_type": "image/png", "seconds": 0}', "seconds"),
        ('{"content_type": "image/png", "seconds": true}', "seconds"),
        ('{"content_type": "image/png", "fps": "25"}', "fps"),
        ('{"content_type": "image/png", "seconds": NaN}', "seconds"),
        ('{"content_type": "image/png", "size": 9999}', "size"),
        ('{"content_type": "image/png", "frame": "face"}', "frame"),
    ],
)
def test_a_wrong_request_is_refused(stack: Stack, invoke: Invoke, event: Events, body: str, says: str) -> None:
    """400 with a code and a sentence that names the field; no record begins."""
    answer = invoke("create_clip", event("http_create_clip") | {"body": body})
    error = json.loads(answer["body"])["error"]
    assert answer["statusCode"] == 400
    assert error["code"] == "wrong_usage"
    assert says in error["message"]
    assert stack.records() == []


def test_a_body_in_base64(stack: Stack, invoke: Invoke, event: Events) -> None:
    """The HTTP API may deliver a body in base64; it is read all the same."""
    captured = event("http_create_clip")
    captured |= {"body": base64.b64encode(captured["body"].encode()).decode(), "isBase64Encoded": True}
    assert invoke("create_clip", captured)["statusCode"] == 201


def test_a_fault_of_ours_stays_vague(stack: Stack, invoke: Invoke, event: Events) -> None:
    """A record that cannot be written answers with an error that names nothing inside: no table, no traceback."""
    boto3.client("dynamodb").delete_table(TableName=stack.table)
    answer = invoke("create_clip", event("http_create_clip"))
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["error"] == {
        "code": "cloud_refused",
        "message": "Something failed on our side.",
        "retryable": False,
    }
