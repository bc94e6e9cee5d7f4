"""POST /v1/clips, as the HTTP API delivers it."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from vivify.cloud import aws, callers, settings
from vivify.errors import QuotaSpent
from vivify.service import create_clip
from vivify.service.clip_options import StoredOptions

from .handlers import Answer, Event
from .stack import SOMEBODY, Stack

Ask = Callable[..., Answer]
POST = "http_create_clip"
PNG = {"content_type": "image/png"}


class Tomorrow(dt.datetime):
    """The clock of a day later."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
        return dt.datetime.now(tz) + dt.timedelta(days=1)


TOMORROW = SimpleNamespace(datetime=Tomorrow, timedelta=dt.timedelta, UTC=dt.UTC)


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
        "loop": True,
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
        "loop": True,
        "driver": None,
    }
    assert record["notify"] == {"webhook": "https://a.example/x"}
    assert record["expires_on"] > time.time()


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
    ('{"content_type": "image/png", "size": 9999}', 422, "size"),
    ('{"content_type": "image/png", "frame": "face"}', 422, "frame"),
    ('{"content_type": "image/png", "driver": "drivers/of-somebody"}', 422, "driver"),
    ('{"content_type": "image/png", "notify": {"webhook": "http://a.example/"}}', 422, "webhook"),
    ('{"content_type": "image/png", "notify": {"webhook": "https://me:pw@a.example/"}}', 422, "webhook"),
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


def test_a_body_in_base64(stack: Stack, invoke: Callable[[str, Event], Any], event: Callable[[str], Event]) -> None:
    """The HTTP API may deliver a body in base64; it is read all the same."""
    captured = event(POST)
    captured |= {"body": base64.b64encode(captured["body"].encode()).decode(), "isBase64Encoded": True}
    assert invoke("serve_api", captured)["statusCode"] == 201


# ---------------------------------------------------------------- the same request again


def test_the_same_key_is_the_same_clip(stack: Stack, ask: Ask) -> None:
    """A replay answers 201 with the same clip and a form signed anew; there is one record, and one clip is counted."""
    answers = [ask(POST, idempotency_key="one") for _ in range(3)]
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["clip_id"] for answer in answers}) == 1
    assert len(stack.records()) == 1
    assert counted(stack) == [1]


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
    assert counted(stack) == [1]


# ---------------------------------------------------------------- how much


def counted(stack: Stack) -> list[int]:
    """The day's counts, of all callers."""
    items = boto3.resource("dynamodb").Table(stack.callers).scan()["Items"]
    return [int(item["clips"]) for item in items if item["id"].startswith("day#")]


def test_the_days_clips_are_counted(stack: Stack, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is refused until midnight UTC, with no record; a replay of an earlier one, and other callers, go on."""
    monkeypatch.setenv("DAILY_CLIPS", "2")
    assert [ask(POST, idempotency_key=key).status for key in ("one", "two")] == [201, 201]
    answer = ask(POST, idempotency_key="three")
    assert (answer.status, answer.body["code"]) == (429, "quota_spent")
    now = dt.datetime.now(dt.UTC)
    midnight = (now + dt.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert 0 <= int(answer.headers["retry-after"]) - (midnight - now).total_seconds() < 60  # never before midnight
    assert len(stack.records()) == 2
    assert ask(POST, idempotency_key="one").status == 201
    assert ask(POST, caller="AIDASOMEBODYELSE").status == 201


def test_the_count_starts_again_at_midnight(stack: Stack, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has begun all of today's clips may begin as many tomorrow; today's count is kept apart."""
    monkeypatch.setenv("DAILY_CLIPS", "1")
    assert [ask(POST, idempotency_key=key).status for key in ("one", "two")] == [201, 429]
    monkeypatch.setattr(callers, "dt", TOMORROW)
    assert [ask(POST, idempotency_key=key).status for key in ("three", "four")] == [201, 429]
    assert counted(stack) == [1, 1]


def test_a_count_is_taken_back_from_its_own_day(stack: Stack, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same request sent twice at once, around midnight: what the second was counted, yesterday's count gives back."""

    def begun_by_the_other(*_: object) -> bool:
        monkeypatch.setattr(callers, "dt", TOMORROW)
        return False

    monkeypatch.setattr(create_clip.Records, "create", begun_by_the_other)
    assert ask(POST, idempotency_key="one").status == 201
    assert counted(stack) == [0]


@pytest.mark.usefixtures("requests_take_turns")
def test_the_count_is_never_passed(stack: Stack) -> None:
    """Twelve requests at once where five are left: five clips, seven refusals."""
    configured = settings.load(settings.ServeApi, {**stack.environment(), "DAILY_CLIPS": "5"})
    order = create_clip.Order("iam:AIDA", "image/png", StoredOptions())

    def attempt(_: int) -> bool:
        try:
            create_clip.create_clip(order, configured)
        except QuotaSpent:
            return False
        return True

    with ThreadPoolExecutor(12) as threads:
        assert sum(threads.map(attempt, range(12))) == 5
    assert len(stack.records()) == 5


def test_the_switch(stack: Stack, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """No new work: 503 with the time to try again; a clip that has begun is still served, and its forms are."""
    clip_id = ask(POST, idempotency_key="one").body["clip_id"]
    monkeypatch.setenv("ACCEPT_WORK", "no")
    answer = ask(POST, idempotency_key="two")
    assert (answer.status, answer.body["code"], answer.headers["retry-after"]) == (503, "not_accepting", "600")
    assert ask("http_get_clip", path=f"/v1/clips/{clip_id}").status == 200
    assert ask(POST, idempotency_key="one").body["clip_id"] == clip_id
    assert len(stack.records()) == 1


def test_a_fault_of_ours_stays_vague(stack: Stack, ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    """A record that cannot be written answers with an error that names nothing inside, no table, no traceback, and is
    counted for the operators; a request that is only refused is not.
    """
    assert ask(POST, body={"content_type": "text/plain"}).status == 422
    assert "ApiFaults" not in capsys.readouterr().out
    boto3.client("dynamodb").delete_table(TableName=stack.table)
    answer = ask(POST, body=PNG)
    (told,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "ApiFaults" in line]
    assert (told["ApiFaults"], told["service"]) == ([1.0], "vivify")
    assert answer.status == 500
    assert answer.body == {
        "code": "internal_error",
        "message": "Something failed on our side.",
        "docs": "infra/api.md#internal_error",
    }
