"""POST /v1/clips, as the HTTP API delivers it."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from vivify.errors import CloudError

from .handlers import Answer, Event
from .stack import SOMEBODY, Stack

Ask = Callable[..., Answer]
POST = "http_create_clip"
PNG = {"content_type": "image/png"}


def policy_of(form: dict[str, Any]) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(base64.b64decode(form["fields"]["policy"]))
    return policy


def test_a_form_for_exactly_one_photo(stack: Stack, ask: Ask) -> None:
    """The form's signed policy fixes the key, the content type, 1 byte to 50 MB and five minutes; nothing is left open."""
    answer = ask(POST)
    assert answer.status == 201
    policy = policy_of(answer.body["upload"])
    conditions = policy["conditions"]
    assert {"key": f"photos/{answer.body['clip_id']}"} in conditions
    assert {"Content-Type": "image/png"} in conditions
    assert ["content-length-range", 1, 50_000_000] in conditions
    assert {"bucket": stack.uploads} in conditions
    assert not [c for c in conditions if isinstance(c, list) and c[0] == "starts-with"]
    left = dt.datetime.fromisoformat(policy["expiration"]) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(minutes=4) < left <= dt.timedelta(minutes=5)
    said = dt.datetime.fromisoformat(answer.body["expires_at"]) - dt.datetime.fromisoformat(policy["expiration"])
    assert abs(said) <= dt.timedelta(seconds=2)
    assert answer.body["driver_upload"] is None


def test_the_form_names_the_buckets_own_region(stack: Stack, ask: Ask) -> None:
    """The form posts to the bucket's regional host: the global one answers a young bucket's POST with a redirect."""
    assert ask(POST).body["upload"]["url"].startswith(f"https://{stack.uploads}.s3.eu-west-1.amazonaws.com")


def test_a_form_for_the_driver(stack: Stack, ask: Ask) -> None:
    """A driver gets a form of its own, for a video at the clip's own key, which the record's options name."""
    body = ask(POST, body={**PNG, "driver_content_type": "video/mp4"}).body
    conditions = policy_of(body["driver_upload"])["conditions"]
    assert {"key": f"drivers/{body['clip_id']}"} in conditions
    assert {"Content-Type": "video/mp4"} in conditions
    record = stack.record(body["clip_id"])
    assert record is not None
    assert json.loads(record["options"])["driver"] == f"drivers/{body['clip_id']}"


def test_what_was_asked_is_in_the_record(stack: Stack, ask: Ask) -> None:
    """The record begins in state created: its owner, the options with defaults filled in, whom to tell, a time to live."""
    asked = {
        "motions": ["nod"],
        "seconds": 3,
        "faces": "largest",
        "seed": 7,
        "loop": True,
        "repair": "off",
        "notify": {"webhook": "https://a.example/x"},
    }
    clip_id = ask(POST, body={**PNG, **asked}).body["clip_id"]
    record = stack.record(clip_id)
    assert record is not None
    assert (record["state"], record["owner"]) == ("created", SOMEBODY)
    assert json.loads(record["options"]) == {
        "motions": ["nod"],
        "strength": 1.0,
        "seconds": 3.0,
        "fps": 25.0,
        "size": "native",
        "frame": "photo",
        "faces": "largest",
        "seed": 7,
        "loop": True,
        "repair": "off",
        "driver": None,
    }
    assert record["notify"] == {"webhook": "https://a.example/x"}
    assert record["expires_on"] > time.time()


def test_whole_numbers_may_be_written_with_a_point(stack: Stack, ask: Ask) -> None:
    """JSON has one kind of number: what JavaScript, or whatever else, writes as 512.0 is 512."""
    answer = ask(POST, body='{"content_type": "image/png", "size": 512.0, "faces": 2.0, "seed": 7.0}')
    assert answer.status == 201
    record = stack.record(answer.body["clip_id"])
    assert record is not None
    options = json.loads(record["options"])
    assert [(options[name], type(options[name])) for name in ("size", "faces", "seed")] == [(512, int), (2, int), (7, int)]


WRONG = [
    ("", 400, "not JSON"),
    ("not json", 400, "not JSON"),
    ("[" * 16000, 400, "not JSON"),
    ("[1]", 422, "dictionary"),
    ("{}", 422, "content_type"),
    ('{"content_type": "application/pdf"}', 422, "content_type"),
    ('{"content_type": "image/png", "motion": ["nod"]}', 422, "motion:"),
    ('{"content_type": "image/png", "motions": []}', 422, "motions"),
    ('{"content_type": "image/png", "motions": ["../../etc/passwd"]}', 422, "motions.0"),
    ('{"content_type": "image/png", "motions": ["moonwalk"]}', 422, "gentle-smile"),
    ('{"content_type": "image/png", "seconds": 0}', 422, "seconds"),
    ('{"content_type": "image/png", "seconds": true}', 422, "seconds"),
    ('{"content_type": "image/png", "fps": "25"}', 422, "fps"),
    ('{"content_type": "image/png", "seconds": NaN}', 422, "seconds"),
    ('{"content_type": "image/png", "size": 9999}', 422, "size: Input should be 'native'. size: Input should be less than"),
    ('{"content_type": "image/png", "frame": "face"}', 422, "frame"),
    ('{"content_type": "image/png", "seed": -1}', 422, "seed"),
    ('{"content_type": "image/png", "seed": 1.5}', 422, "seed"),
    ('{"content_type": "image/png", "driver": "drivers/of-somebody"}', 422, "driver"),
    (
        '{"content_type": "image/png", "motions": ["nod"], "driver_content_type": "video/mp4"}',
        422,
        "A clip plays motions or follows a driver: ask for one of the two.",
    ),
    ('{"content_type": "image/png", "notify": {"webhook": "http://a.example/"}}', 422, "webhook: it must be an https:// "),
    ('{"content_type": "image/png", "notify": {"webhook": "https://me:pw@a.example/"}}', 422, "webhook: it must"),
    ('{"content_type": "image/png", "notify": {"webhook": "https://a.example/\\n"}}', 422, "webhook: it must"),
    ('{"content_type": "image/png", "notify": {"webhook": "https://a.example/#x"}}', 422, "webhook: it must"),
]


def test_a_wrong_request_is_refused(stack: Stack, ask: Ask, subtests: pytest.Subtests) -> None:
    """A code and a sentence that names the field, and never the value; no record begins."""
    for body, status, says in WRONG:
        with subtests.test(body[:80]):
            answer = ask(POST, body=body)
            assert answer.status == status
            assert answer.body["code"] == ("body_unreadable" if status == 400 else "request_invalid")
            assert says in answer.body["message"]
            assert not [leak for leak in ("passwd", "moonwalk", "me:pw") if leak in answer.body["message"]]
    assert stack.records() == []


def test_a_wrong_header_is_named(stack: Stack, ask: Ask) -> None:
    """Of a key that is none the sentence says which header it came in."""
    answer = ask(POST, idempotency_key="k" * 256)
    assert (answer.status, answer.body["code"]) == (422, "request_invalid")
    assert answer.body["message"] == "idempotency-key: String should have at most 255 characters."


def test_a_body_in_base64(stack: Stack, invoke: Callable[[str, Event], Any], event: Callable[[str], Event]) -> None:
    """The HTTP API may deliver a body in base64; it is read all the same, and what is no base64 is refused."""
    captured = event(POST)
    captured |= {"body": base64.b64encode(captured["body"].encode()).decode(), "isBase64Encoded": True}
    assert invoke("serve_api", captured)["statusCode"] == 201
    assert invoke("serve_api", captured | {"body": f"%{captured['body']}"})["statusCode"] == 400


def test_the_switch(stack: Stack, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """No new work: 503 with the time to try again; a clip that has begun is still served, and its forms are."""
    clip_id = ask(POST, idempotency_key="one").body["clip_id"]
    monkeypatch.setenv("ACCEPT_WORK", "no")
    answer = ask(POST, idempotency_key="two")
    assert (answer.status, answer.body["code"], answer.headers["retry-after"]) == (503, "not_accepting", "600")
    assert ask("http_get_clip", path=f"/v1/clips/{clip_id}").status == 200
    assert ask(POST, idempotency_key="one").body["clip_id"] == clip_id
    assert len(stack.records()) == 1


def test_a_fault_of_ours_stays_vague(
    stack: Stack, ask: Ask, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A record that cannot be written answers with an error that names nothing inside, no table, no traceback; for the
    operators it is counted, and the log says where it was. A request that is only refused is not.
    """
    assert ask(POST, body={"content_type": "text/plain"}).status == 422
    assert "ApiFaults" not in capsys.readouterr().out
    boto3.client("dynamodb").delete_table(TableName=stack.table)
    answer = ask(POST, body=PNG)
    (told,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "ApiFaults" in line]
    assert (told["ApiFaults"], told["service"]) == ([1.0], "vivify")
    (logged,) = [line for line in caplog.records if line.getMessage() == "failed"]
    assert isinstance((logged.exc_info or [None, None])[1], CloudError)
    assert answer.status == 500
    assert answer.body == {
        "code": "internal_error",
        "message": "Something failed on our side. Try again later.",
        "docs": "infra/api.md#internal_error",
    }
