"""The API over HTTP, with the gateway's own work: who is let in, whose clips they see, and deletion of work that runs."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from infra.local.client import Client, NotServed
from infra.local.settings import STRANGER
from tests.footage import write

from .journey import Journey

PNG = {"content_type": "image/png"}


def everything_of(journey: Journey, clip_id: str) -> list[str]:
    """Every version of every object whose key names the clip."""
    found = []
    for name in ("UploadsBucketName", "WorkBucketName", "ClipsBucketName"):
        listed = journey.client.aws("s3").list_object_versions(Bucket=journey.client.outputs[name])
        found += [thing["Key"] for thing in listed.get("Versions", []) + listed.get("DeleteMarkers", [])]
    return [key for key in found if clip_id in key]


def test_browsers(journey: Journey) -> None:
    """A token's subject asks for a clip, sees it and deletes it; it is neither another subject's nor a signer's."""
    me, you = (journey.client.token(f"{name}-{uuid.uuid4().hex}") for name in ("me", "you"))
    clip_id = journey.client.call("POST", "/v1/clips", PNG, token=me)["clip_id"]
    assert [clip["clip_id"] for clip in journey.client.call("GET", "/v1/clips", token=me)["clips"]] == [clip_id]
    for stranger in (you, ""):
        with pytest.raises(NotServed, match="clip_not_found"):
            journey.client.call("GET", f"/v1/clips/{clip_id}", token=stranger)
    assert journey.client.call("DELETE", f"/v1/clips/{clip_id}", token=me) is None
    assert journey.client.call("GET", "/v1/clips", token=me) == {"clips": [], "next_cursor": None}


def test_nobody_else_gets_in(journey: Journey) -> None:
    """A token that is none is 401, a wrong signature 403, both by the gateway; another signer is let in and sees nothing."""
    with pytest.raises(NotServed, match="401"):
        journey.client.call("GET", "/v1/clips", token="not.a.token")
    with pytest.raises(NotServed, match="403"):
        journey.client.call("GET", "/v1/clips", headers={"x-amz-security-token": "somebody else's"})
    mine = journey.client.call("POST", "/v1/clips", PNG)["clip_id"]
    other = Client(journey.client.endpoint, journey.client.outputs, STRANGER)
    for method in ("GET", "DELETE"):
        with pytest.raises(NotServed, match="clip_not_found"):
            other.call(method, f"/v1/clips/{mine}")
    assert journey.client.call("GET", f"/v1/clips/{mine}")["status"] == "created"


def test_the_same_key_is_the_same_clip(journey: Journey) -> None:
    """A replay over HTTP is the same clip; with another body it is 409."""
    key = {"idempotency-key": uuid.uuid4().hex}
    clips = {journey.client.call("POST", "/v1/clips", PNG, headers=key)["clip_id"] for _ in range(3)}
    assert len(clips) == 1
    with pytest.raises(NotServed, match="409"):
        journey.client.call("POST", "/v1/clips", {**PNG, "seconds": 2}, headers=key)


def test_deleted_while_the_job_runs(journey: Journey, astronaut: Path) -> None:
    """The execution is stopped and its job with it, nothing of the clip is left anywhere, and nobody is told of an end."""
    clip_id = journey.client.post(astronaut, {"seconds": 30, "fps": 60, "motions": ["nod"]})
    journey.until(lambda: journey.client.states()[clip_id] == "animating")
    assert journey.client.call("GET", f"/v1/clips/{clip_id}")["progress"]["stage"] == "animating"
    journey.client.call("DELETE", f"/v1/clips/{clip_id}")
    assert everything_of(journey, clip_id) == []
    with pytest.raises(NotServed, match="clip_not_found"):
        journey.client.call("GET", f"/v1/clips/{clip_id}")
    journey.until(lambda: [e["status"] for e in journey.client.executions(clip_id)] == ["ABORTED"])
    journey.until(lambda: clip_id not in journey.running_jobs())
    assert everything_of(journey, clip_id) == []
    assert journey.heard(clip_id) == []
    record = journey.client.records()[clip_id]
    assert record.keys() == {"clip_id", "owner", "state", "updated_at", "expires_on"}


def test_a_driver_is_followed(journey: Journey, astronaut: Path, tmp_path: Path) -> None:
    """The driver goes up with a form of its own, and the clip is as long as the driver."""
    with Image.open(astronaut) as image:
        face = image.convert("RGB").resize((256, 256))
    driver = write(tmp_path / "driver.mp4", [np.asarray(face.rotate(turn)) for turn in range(6)], fps=10.0)
    clip_id = journey.client.post(astronaut, {"fps": 10}, driver=driver)
    ending = journey.ending(clip_id)
    assert (ending.notification["event"], ending.notification["frames"]) == ("clip.ready", 6)
    assert journey.client.call("GET", f"/v1/clips/{clip_id}")["driver"] is True
