"""A good photo becomes one clip, by either way in, whatever is delivered twice or goes wrong beside it."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from boto3.dynamodb.types import TypeSerializer

from infra.local.client import NotServed
from vivify.service.clip_options import StoredOptions
from vivify.video import probe

from .journey import Journey

SHORT = {"seconds": 1, "fps": 10, "motions": ["blink"]}


def test_posted(journey: Journey, astronaut: Path, tmp_path: Path) -> None:
    """POST /v1/clips, the form, and the wait: a clip as long as asked for, behind links that say how long they live."""
    clip_id = journey.client.post(astronaut, SHORT)
    ending = journey.ending(clip_id)
    news = ending.notification
    assert (news["event"], news["frames"], news["fps"]) == ("clip.ready", 10, 10)
    clip = probe(journey.client.fetch(news["url"], tmp_path / "clip.mp4"))
    assert (clip.width, clip.height, clip.frames, clip.codec, clip.faststart) == (512, 512, 10, "h264", True)
    assert journey.client.fetch(news["poster_url"], tmp_path / "poster.jpg").read_bytes()[:3] == b"\xff\xd8\xff"
    assert ending.record["state"] == "ready"
    assert [e["status"] for e in ending.executions] == ["SUCCEEDED"]
    view = journey.client.call("GET", f"/v1/clips/{clip_id}")
    assert (view["status"], view["clip"]["frames"]) == ("ready", 10)
    assert [s.name for s in journey.client.timings(clip_id)] == ["Animate", "Publish", "TellSuccess"]


def test_same_event_twice_and_late(journey: Journey, astronaut: Path, tmp_path: Path) -> None:
    """Three deliveries of one event at once and a fourth after the end: one execution, one notification, one clip."""
    key, version = journey.drop(astronaut.read_bytes(), "me.png", tmp_path)
    journey.detect_again(key, version, wait=False)
    journey.detect_again(key, version, wait=False)
    clip_id = journey.clip_of(version)
    ending = journey.ending(clip_id)
    assert ending.notification["event"] == "clip.ready"
    journey.detect_again(key, version, wait=True)
    assert len(journey.client.executions(clip_id)) == 1
    assert len(journey.heard(clip_id)) == 1
    assert [r["clip_id"] for r in journey.client.records().values() if r.get("photo", {}).get("key") == key] == [clip_id]
    again = journey.ending(clip_id)
    assert again.record == ending.record


def test_good_beside_bad(journey: Journey, astronaut: Path, tmp_path: Path) -> None:
    """A bad photo in the same minute ends with its verdict and never harms the good one."""
    _, bad = journey.drop(b"no photo at all", "bad.jpg", tmp_path)
    good = journey.client.post(astronaut, SHORT)
    _, worse = journey.drop(b"", "worse.jpg", tmp_path)
    endings = [journey.ending(clip_id) for clip_id in (good, journey.clip_of(bad), journey.clip_of(worse))]
    assert [e.record["state"] for e in endings] == ["ready", "failed", "failed"]
    assert [e.notification["event"] for e in endings] == ["clip.ready", "clip.failed", "clip.failed"]


def test_motion_nobody_has(journey: Journey, astronaut: Path) -> None:
    """Bad input found only by the job (the library lost a motion that was asked for): tried once, told with its verdict."""
    clip_id = f"c{uuid.uuid4().hex[:25]}"
    options = StoredOptions(seconds=1, fps=10).model_copy(update={"motions": ["no-such-motion"]}).model_dump_json()
    times = dict.fromkeys(("created_at", "updated_at"), "2026-01-15T09:30:12.482Z")
    record = {"clip_id": clip_id, "state": "created", "options": options, **times}
    item = {name: TypeSerializer().serialize(value) for name, value in record.items()}
    journey.client.aws("dynamodb").put_item(TableName=journey.client.outputs["ClipsTableName"], Item=item)
    journey.client.drop(astronaut, clip_id)
    ending = journey.ending(clip_id)
    assert ending.notification["event"] == "clip.failed"
    assert ending.notification["verdict"]["code"] == "motion_invalid"
    assert ending.notification["retryable"] is False
    assert ending.record["state"] == "failed"
    (execution,) = ending.executions
    assert execution["status"] == "FAILED"
    cause = json.loads(execution["cause"])
    assert [a["Container"]["ExitCode"] for a in cause["Attempts"]] == [3]


def test_the_form_is_for_a_photo_only(journey: Journey, tmp_path: Path) -> None:
    """What is no photo by its type is refused at the door, and an empty one by the form."""
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear ...")
    with pytest.raises(NotServed, match="422") as refused:
        journey.client.post(letter, {})
    assert "content_type" in refused.value.usage
    empty = tmp_path / "empty.jpg"
    empty.touch()
    with pytest.raises(NotServed, match="EntityTooSmall"):
        journey.client.post(empty, {})
