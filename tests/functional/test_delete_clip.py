"""DELETE /v1/clips/{clip_id}: everything goes, and nothing that was on its way comes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from vivify.cloud import executions, storage
from vivify.cloud.records import Records
from vivify.cloud.storage import ObjectPointer
from vivify.errors import ClipDeleted, CloudError, CloudUnavailable, TransitionRefused
from vivify.service.leftovers import unless_over

from .handlers import Answer, Event
from .stack import SOMEBODY, Stack

Ask = Callable[..., Answer]
Invoke = Callable[[str, Event], Any]
Arrival = Callable[..., Event]
DELETE = "http_delete_clip"
CLIP = "c0123456789abcdef012345678"
OTHER = "c0123456789abcdef012345679"


def put(bucket: str, key: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"-")


@pytest.mark.parametrize("state", ["created", "animating", "ready"])
def test_everything_goes(stack: Stack, ask: Ask, state: str) -> None:
    """204; no version of anything is left, of the record only whose it was; another clip keeps all it has."""
    for clip_id in (CLIP, OTHER):
        stack.fill(clip_id)
        stack.put_record(clip_id, state, verdict={"code": "x", "message": "y"}, notify={"webhook": "https://a.example"})
    put(stack.uploads, f"photos/{CLIP}.jpg")  # a drop whose name begins as the clip's own photo's
    others = [name for name in stack.everything() if OTHER in name or name.endswith(f"photos/{CLIP}.jpg")]
    answer = ask(DELETE)
    assert (answer.status, answer.body) == (204, None)
    assert stack.everything() == others
    record = stack.record(CLIP)
    assert record is not None
    assert record.keys() == {"clip_id", "owner", "state", "updated_at", "expires_on"}
    assert record["state"] == "deleted"
    assert record["expires_on"] > time.time() + 89 * 24 * 3600  # for as long as anything late may come
    assert ask("http_get_clip").status == 404


def test_again(stack: Stack, ask: Ask) -> None:
    """Deleting what is deleted is as good: 204. What never was is 404."""
    stack.put_record(CLIP, "ready")
    assert [ask(DELETE).status for _ in range(3)] == [204, 204, 204]
    assert ask(DELETE, path=f"/v1/clips/{OTHER}").status == 404


def test_only_the_drops_own_version_goes(stack: Stack, invoke: Invoke, arrival: Arrival, ask: Ask, astronaut: Path) -> None:
    """Two photos dropped under one name are two clips: deleting one leaves the other's version of the photo."""
    versions = [stack.put_photo("photos/astronaut.png", astronaut.read_bytes()) for _ in range(2)]
    for version in versions:
        event = arrival(stack, version)
        event["Records"][0]["userIdentity"]["principalId"] = "AWS:AIDAEXAMPLEEXAMPLEEXA"
        invoke("detect_face", event)
    first = next(r["clip_id"] for r in stack.records() if r["photo"]["version"] == versions[0])
    assert ask(DELETE, path=f"/v1/clips/{first}").status == 204
    left = boto3.client("s3").list_object_versions(Bucket=stack.uploads)
    assert [version["VersionId"] for version in left["Versions"]] == [versions[1]]
    assert "DeleteMarkers" not in left


def test_the_work_is_stopped(
    stack: Stack, invoke: Invoke, arrival: Arrival, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The execution is asked to stop by the name that the photo gave it."""
    stopped: list[str] = []
    monkeypatch.setattr(executions, "stop", lambda _machine, name: stopped.append(name))
    photo = ObjectPointer(stack.uploads, f"photos/{CLIP}", "1")
    stack.put_record(CLIP, "animating", photo=photo.as_dict())
    ask(DELETE)
    assert stopped == [CLIP]


def test_broken_off_half_way(stack: Stack, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 fails in the middle: 503, the clip is gone to callers already, and asking again finishes the work."""
    stack.fill(CLIP)
    stack.put_record(CLIP, "ready")

    def fail(*_: Any) -> None:
        raise CloudUnavailable("AWS could not erase objects just now.")

    with monkeypatch.context() as broken:
        broken.setattr(storage, "erase", fail)
        answer = ask(DELETE)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert ask("http_get_clip").status == 404
    assert stack.everything()
    assert ask(DELETE).status == 204
    assert stack.everything() == []


def test_a_photo_that_comes_after(stack: Stack, invoke: Invoke, arrival: Arrival, ask: Ask, astronaut: Path) -> None:
    """The form is still good when the clip is deleted: the photo it brings is removed, and nothing begins."""
    stack.put_record(CLIP, "created")
    ask(DELETE)
    version = stack.put_photo(f"photos/{CLIP}", astronaut.read_bytes())
    invoke("detect_face", arrival(stack, version, key=f"photos/{CLIP}", like="s3_photo_uploaded_by_form"))
    assert stack.everything() == []
    assert stack.executions() == []
    record = stack.record(CLIP)
    assert record is not None
    assert record["state"] == "deleted"


def test_deleted_while_the_face_is_looked_for(
    stack: Stack, invoke: Invoke, arrival: Arrival, ask: Ask, astronaut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Detection finds out when it has written the face and started the execution: it removes the one and stops the other."""
    start = executions.start

    def deleted_meanwhile(*given: Any) -> bool:
        ask(DELETE)
        put(stack.work, f"faces/{CLIP}/late.json")
        return start(*given)

    monkeypatch.setattr(executions, "start", deleted_meanwhile)
    stack.put_record(CLIP, "created")
    version = stack.put_photo(f"photos/{CLIP}", astronaut.read_bytes())
    invoke("detect_face", arrival(stack, version, key=f"photos/{CLIP}", like="s3_photo_uploaded_by_form"))
    assert stack.everything() == []
    assert [execution["name"] for execution in stack.executions()] == [CLIP]
    assert executions.running(stack.state_machine) == set()


def test_no_step_gets_past_a_tombstone(stack: Stack, ask: Ask) -> None:
    """Whatever a late step writes into the record is refused with ClipDeleted, and the tombstone stays as it is."""
    stack.put_record(CLIP, "created")
    ask(DELETE)
    before, records = stack.record(CLIP), Records(stack.table)
    photo = ObjectPointer(stack.uploads, f"photos/{CLIP}", "1")
    for state in ("detecting", "animating", "publishing", "ready", "failed"):
        with pytest.raises(ClipDeleted):
            records.advance(CLIP, state)
    with pytest.raises(ClipDeleted):
        records.note(CLIP, execution="late")
    with pytest.raises(ClipDeleted):
        records.claim(CLIP, photo)
    with pytest.raises(ClipDeleted):
        records.claim(CLIP, photo, {"owner": SOMEBODY, "options": "{}"})
    assert stack.record(CLIP) == before


def test_only_what_is_deleted_is_buried(stack: Stack) -> None:
    """A record in any other state is never reduced to a tombstone: it stays as it is."""
    stack.put_record(CLIP, "ready")
    before = stack.record(CLIP)
    assert before is not None
    with pytest.raises(CloudError):
        Records(stack.table).bury({"owner": SOMEBODY, "updated_at": "now", **before, "state": "deleted"})
    assert stack.record(CLIP) == before


@pytest.mark.parametrize("first", ["sweep", "write"])
def test_whoever_comes_last_removes_it(stack: Stack, ask: Ask, first: str) -> None:
    """A step's write before the sweep is swept; after it, the step's own confirmation removes it. Nothing stays."""
    stack.put_record(CLIP, "publishing")
    with pytest.raises(ClipDeleted), unless_over(stack.clips, f"clips/{CLIP}/"):
        if first == "write":
            put(stack.clips, f"clips/{CLIP}/clip.mp4")
        ask(DELETE)
        if first == "sweep":
            put(stack.clips, f"clips/{CLIP}/clip.mp4")
        Records(stack.table).note(CLIP, clip_key="late")
    assert stack.everything() == []


@pytest.mark.parametrize(("state", "left"), [("failed", 0), ("publishing", 1), ("ready", 1)])
def test_a_late_step_removes_what_only_a_failed_clip_would_keep(stack: Stack, state: str, left: int) -> None:
    """A step that comes to confirm and finds its clip given up removes what it wrote; where another delivery of the step
    was faster, that one's work is the clip, and stays. Either way the step hears that it was refused.
    """
    stack.put_record(CLIP, state)
    with pytest.raises(TransitionRefused), unless_over(stack.work, f"faces/{CLIP}/"):
        put(stack.work, f"faces/{CLIP}/faces.json")
        Records(stack.table).advance(CLIP, "detecting")
    assert len(stack.everything()) == left


def test_nobody_is_told_of_a_deleted_clip(stack: Stack, ask: Ask, invoke: Invoke, event: Callable[[str], Event]) -> None:
    """The end of a stopped execution sends no news and fails nothing."""
    for name in ("notify_success", "notify_failure_job", "notify_failure_verdict"):
        payload = event(name)
        stack.put_record(payload["clip_id"], "publishing")
        ask(DELETE, path=f"/v1/clips/{payload['clip_id']}")
        invoke("notify", payload)
    assert stack.messages() == []
