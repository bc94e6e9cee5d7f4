"""What events, retries and failure paths have missed is found, and settled: real records, photos and executions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from moto.s3.models import s3_backends

from vivify.cloud import aws, functions
from vivify.cloud.records import Records
from vivify.cloud.storage import ObjectPointer
from vivify.errors import CloudUnavailable
from vivify.service import clip_ids
from vivify.service.reconcile import QUIET

from .handlers import Answer, Event
from .reconciling import LATE, MINTED, Invoke, look, pending, started
from .stack import SOMEBODY, Stack

Ask = Callable[..., Answer]


def test_all_is_well(stack: Stack, invoke: Invoke, restarted: list[ObjectPointer]) -> None:
    """Clips that are being worked on, or have been told of, are nobody's business; nor is a photo whose event may come."""
    stack.put_photo("photos/new.jpg", b"photo")
    pending(stack, "d1", "animating")
    stack.put_record("d2", "ready", notified_at="2026-01-15T09:30:12.482Z")
    assert look(invoke, QUIET - dt.timedelta(minutes=1)) == {}
    assert restarted == []


def test_a_lost_event(stack: Stack, invoke: Invoke, restarted: list[ObjectPointer]) -> None:
    """A dropped photo without a record gets its event again; the record that counts it leaves the options open."""
    version = stack.put_photo("photos/mé +1.jpg", b"photo")
    stack.put_photo("photos/folder/", b"")
    assert look(invoke) == {"restarted": 1}
    photo = ObjectPointer(stack.uploads, "photos/mé +1.jpg", version)
    assert restarted == [photo]
    (record,) = stack.records()
    assert (record["clip_id"], record["state"], record["restarts"]) == (clip_ids.of_drop(photo), "detecting", 1)
    claimed = Records(stack.table).claim(record["clip_id"], photo, {"options": "{}"})
    assert claimed["options"] == "{}"


def test_whose_a_restarted_clip_is(
    stack: Stack, ask: Ask, invoke: Invoke, arrival: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of whom S3's event named, where detection had begun. Where the event is late, nobody's until it comes, by itself or
    from the queue of dead letters; then its owner sees it.
    """
    monkeypatch.setattr(functions, "invoke_later", invoke)
    begun, late = (ObjectPointer(stack.uploads, key, stack.put_photo(key, b"-")) for key in ("photos/a.jpg", "photos/b.jpg"))
    pending(stack, clip_ids.of_drop(begun), "detecting", photo=begun.as_dict())
    assert look(invoke) == {"restarted": 2}
    seen = [f"/v1/clips/{clip_ids.of_drop(photo)}" for photo in (begun, late)]
    assert [ask("http_get_clip", path=path).status for path in seen] == [200, 404]
    event = arrival(stack, late.version, key=late.key)
    for dropper in (SOMEBODY, "iam:AIDASTRANGER"):  # an owner is never changed
        event["Records"][0]["userIdentity"] = {"principalId": f"AWS:{dropper.removeprefix('iam:')}"}
        invoke("detect_face", event)
    assert [ask("http_get_clip", path=path).status for path in seen] == [200, 200]
    assert ask("http_delete_clip", path=seen[1]).status == 204


def test_a_lost_event_of_a_form(stack: Stack, invoke: Invoke, restarted: list[ObjectPointer]) -> None:
    """A photo that was posted for a clip is restarted for that clip, and never as a drop beside it."""
    pending(stack, MINTED, "created")
    version = stack.put_photo(f"photos/{MINTED}", b"photo")
    assert look(invoke) == {"restarted": 1}
    assert restarted == [ObjectPointer(stack.uploads, f"photos/{MINTED}", version)]
    assert [record["clip_id"] for record in stack.records()] == [MINTED]


def test_a_dropped_photo_named_like_an_id(stack: Stack, invoke: Invoke, restarted: list[ObjectPointer]) -> None:
    """Its clip is the drop's, though its key may be a form's: once that has its record, nothing is lost."""
    key = f"photos/{MINTED}"
    photo = ObjectPointer(stack.uploads, key, stack.put_photo(key, b"photo"))
    stack.put_record(clip_ids.of_drop(photo), "ready", notified_at="2026-01-15T09:30:12.482Z")
    assert look(invoke) == {}
    assert restarted == []


def test_how_long_a_lost_event_can_still_be_made_good(stack: Stack, invoke: Invoke, restarted: list[ObjectPointer]) -> None:
    """A photo is found as long as any can be there, however long the reconciler itself was away: for a day."""
    stack.put_photo("photos/a.jpg", b"photo")
    assert look(invoke, dt.timedelta(hours=25)) == {}
    assert look(invoke, dt.timedelta(hours=23)) == {"restarted": 1}


def test_an_answer_that_is_not_whole(
    stack: Stack, invoke: Invoke, restarted: list[ObjectPointer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that DynamoDB did not get to is not one that is missing: nothing is restarted on half a word."""
    stack.put_photo("photos/a.jpg", b"photo")
    half = {"Responses": {stack.table: []}, "UnprocessedKeys": {stack.table: {}}}
    monkeypatch.setattr(aws.client("dynamodb"), "batch_get_item", lambda **_: half)
    with pytest.raises(CloudUnavailable):
        look(invoke)
    assert restarted == []


def test_photos_by_the_hundred(stack: Stack) -> None:
    """Of more clips than DynamoDB is asked for at once, those that there are are found wherever they stand among them."""
    for number in (0, 99, 100, 250):
        stack.put_record(f"d{number:03}", "animating")
    found = Records(stack.table).existing([f"d{number:03}" for number in range(251)])
    assert found == {"d000", "d099", "d100", "d250"}


def test_a_photo_that_was_deleted(stack: Stack, invoke: Invoke, restarted: list[ObjectPointer]) -> None:
    """An old version under a deletion is not brought back, and a new one of the same name is the only one that is."""
    stack.put_photo("photos/gone.jpg", b"photo")
    boto3.client("s3").delete_object(Bucket=stack.uploads, Key="photos/gone.jpg")
    assert look(invoke) == {}
    for thing in s3_backends["123456789012"]["aws"].buckets[stack.uploads].keys.getlist("photos/gone.jpg"):
        thing.last_modified -= dt.timedelta(minutes=1)
    version = stack.put_photo("photos/gone.jpg", b"another")
    assert look(invoke) == {"restarted": 1}
    assert restarted == [ObjectPointer(stack.uploads, "photos/gone.jpg", version)]


def test_a_detection_that_keeps_crashing(stack: Stack, invoke: Invoke, restarted: list[ObjectPointer]) -> None:
    """It is restarted three times, then the clip fails and its owner is told, once."""
    version = stack.put_photo("photos/poison.jpg", b"photo")
    for times in range(1, 4):
        assert look(invoke, times * LATE) == {"restarted": 1}
    assert look(invoke, 4 * LATE) == {"failed": 1}
    assert look(invoke, 5 * LATE) == {}
    (message,) = stack.messages()
    assert (message["event"], message["verdict"]["code"], message["retryable"]) == ("clip.failed", "internal_error", True)
    assert [photo.version for photo in restarted] == [version] * 3


def test_a_detection_that_ends_at_this_very_moment(
    stack: Stack, invoke: Invoke, restarted: list[ObjectPointer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found as quiet, but started before the restart was written: it is neither restarted nor failed."""
    photo = ObjectPointer(stack.uploads, "photos/a.jpg", stack.put_photo("photos/a.jpg", b"photo"))
    clip_id = clip_ids.of_drop(photo)
    pending(stack, clip_id, "detecting", photo=photo.as_dict())

    restart = Records.restart

    def started_first(records: Records, *given: Any, **more: Any) -> Any:
        records.note(clip_id, execution=clip_id)
        return restart(records, *given, **more)

    monkeypatch.setattr(Records, "restart", started_first)
    assert look(invoke) == {"left alone": 1}
    assert restarted == []
    assert stack.messages() == []


def test_a_form_that_nobody_used(
    stack: Stack,
    invoke: Invoke,
    restarted: list[ObjectPointer],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A clip whose photo never came ends after an hour, and says what to do. It happens every day, and rings no alarm."""
    pending(stack, MINTED, "created")
    assert look(invoke) == {"left alone": 1}
    assert look(invoke, dt.timedelta(minutes=61)) == {"given up": 1}
    (message,) = stack.messages()
    assert (message["verdict"]["code"], message["retryable"]) == ("photo_never_arrived", False)
    assert capsys.readouterr().out.count('"ReconcilerFinds":[0.0]') == 2
    assert "stray found" not in [line.getMessage() for line in caplog.records]


@pytest.mark.parametrize("state", ["detecting", "animating", "publishing"])
def test_an_execution_that_works_is_left_alone(stack: Stack, invoke: Invoke, state: str) -> None:
    """Waiting for a GPU takes its time, and the state machine has timeouts of its own."""
    photo = ObjectPointer(stack.uploads, "photos/a.jpg", stack.put_photo("photos/a.jpg", b"photo"))
    clip_id = clip_ids.of_drop(photo)
    pending(stack, clip_id, state, photo=photo.as_dict())
    started(stack, clip_id, "RUNNING")
    assert look(invoke) == {}


@pytest.mark.parametrize(
    ("state", "known"),
    [("detecting", True), ("animating", True), ("publishing", True), ("animating", False), ("publishing", False)],
)
def test_an_execution_whose_end_nobody_heard(
    stack: Stack, invoke: Invoke, restarted: list[ObjectPointer], state: str, known: bool
) -> None:
    """Its clip fails; likewise where Step Functions has forgotten the execution of a clip that had come beyond detection."""
    photo = ObjectPointer(stack.uploads, "photos/a.jpg", stack.put_photo("photos/a.jpg", b"photo"))
    clip_id = clip_ids.of_drop(photo)
    pending(stack, clip_id, state, photo=photo.as_dict(), execution=clip_id)
    if known:
        started(stack, clip_id, "ABORTED")
    assert look(invoke) == {"failed": 1}
    assert [message["event"] for message in stack.messages()] == ["clip.failed"]


def test_an_end_that_nobody_was_told(stack: Stack, invoke: Invoke, restarted: list[ObjectPointer]) -> None:
    """The topic refused through every retry: a clip that has ended is told of later."""
    verdict = {"code": "no_face_found", "message": "We found no face."}
    pending(stack, "d1", "failed", verdict=verdict, failure="photo")
    assert look(invoke) == {"told": 1}
    (message,) = stack.messages()
    assert message["verdict"] == verdict
    assert look(invoke, 2 * LATE) == {}


def test_one_never_keeps_the_others(
    stack: Stack, invoke: Invoke, restarted: list[ObjectPointer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clip that cannot be settled now is left for the next run, which is said by failing after all others are done."""
    stack.put_photo("photos/a.jpg", b"photo")
    pending(stack, "d1", "failed", verdict={"code": "no_face_found", "message": "We found no face."})

    ask = functions.invoke_later

    def busy(name: str, event: Event) -> None:
        if name == "notify":
            raise CloudUnavailable("Busy.")
        ask(name, event)

    monkeypatch.setattr(functions, "invoke_later", busy)
    with pytest.raises(CloudUnavailable):
        look(invoke)
    assert len(restarted) == 1


def test_it_says_what_it_found(
    stack: Stack,
    invoke: Invoke,
    restarted: list[ObjectPointer],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line a repair, with its clip and what was done, and one with the counts, which an alarm counts too; never a
    photo's name.
    """
    stack.put_photo("photos/secret-name.jpg", b"photo")
    look(invoke)
    assert '"ReconcilerFinds":[1.0]' in capsys.readouterr().out
    found, counted = (vars(line) for line in caplog.records)
    assert (found["message"], found["deed"]) == ("stray found", "restarted")
    assert found["clip_id"].startswith("d")
    assert (counted["message"], counted["deeds"], counted["unsettled"]) == ("reconciled", {"restarted": 1}, 0)
    assert "secret-name" not in str([found, counted])
