"""What a dropped photo's metadata asks for, and whose its clip is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from vivify.errors import RequestInvalid
from vivify.service.clip_options import DEFAULTS, DroppedOptions

from .handlers import Answer, Event
from .stack import ROOT, SOMEBODY, Stack

Invoke = Callable[[str, Event], Any]
Arrival = Callable[..., Event]
NO_FACE = ROOT / "tests" / "fixtures" / "coffee.png"


def drop(stack: Stack, invoke: Invoke, arrival: Arrival, photo: Path, **metadata: str) -> dict[str, Any]:
    """Drops a photo; the execution that it started."""
    key = "photos/mine.png"
    asked = {f"vivify-{name}": value for name, value in metadata.items()}
    put = boto3.client("s3").put_object(Bucket=stack.uploads, Key=key, Body=photo.read_bytes(), Metadata=asked)
    event = arrival(stack, put["VersionId"], key=key)
    event["Records"][0]["userIdentity"] = {"principalId": f"AWS:{SOMEBODY.removeprefix('iam:')}"}
    invoke("detect_face", event)
    (execution,) = stack.executions()
    return execution


def test_what_the_metadata_asks(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """Its options are the execution's and the record's, what it does not ask is the default; its webhook stays out of the
    execution, whose input people may read.
    """
    execution = drop(
        stack,
        invoke,
        arrival,
        astronaut,
        motions="nod, blink",
        seconds="3",
        seed="7",
        loop="true",
        repair="off",
        webhook="https://a.example/x?y=z",
    )
    wanted = json.loads(DEFAULTS) | {"motions": ["nod", "blink"], "seconds": 3.0, "seed": 7, "loop": True, "repair": "off"}
    (record,) = stack.records()
    assert json.loads(execution["options"]) == json.loads(record["options"]) == wanted
    assert execution["verdict"] is None
    assert record["notify"] == {"webhook": "https://a.example/x?y=z"}
    assert "a.example" not in json.dumps(execution)


def test_what_it_asks_is_not_there(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """Bad metadata is a verdict that names the field: the clip fails and says why, and the photo is not lost."""
    execution = drop(stack, invoke, arrival, astronaut, motions="moonwalk")
    (record,) = stack.records()
    assert execution["verdict"]["code"] == "request_invalid"
    assert "motions.0" in execution["verdict"]["message"]
    assert record["verdict"] == execution["verdict"]
    assert record["options"] == DEFAULTS


def test_more_than_can_be_made(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """What publishing would have no time for is a verdict that says what to ask for, before a GPU is paid for."""
    execution = drop(stack, invoke, arrival, astronaut, seconds="30", fps="60", size="4096")
    assert execution["verdict"]["code"] == "request_invalid"
    assert "30 s of 60 frames of 16.8 megapixels" in execution["verdict"]["message"]


def test_a_face_that_is_not_there(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """The second face of a photo of one is a verdict that says how many there are, before a GPU is paid for."""
    execution = drop(stack, invoke, arrival, astronaut, faces="2")
    assert execution["verdict"]["code"] == "request_invalid"
    assert execution["verdict"]["message"] == "The photo has no face 2. It has 1; the largest counts as 1."


def test_who_drops_a_photo_owns_its_clip(stack: Stack, invoke: Invoke, arrival: Arrival, ask: Callable[..., Answer]) -> None:
    """S3 tells who put the photo; the same caller finds the clip in the API, and nobody else does."""
    clip_id = drop(stack, invoke, arrival, NO_FACE)["clip_id"]
    assert ask("http_get_clip", path=f"/v1/clips/{clip_id}").body["status"] == "detecting"
    assert [clip["clip_id"] for clip in ask("http_list_clips").body["clips"]] == [clip_id]
    assert ask("http_get_clip", path=f"/v1/clips/{clip_id}", caller="AIDASTRANGER").status == 404


def test_the_switch_is_for_drops_too(
    stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No new work: a dropped photo's clip fails, told as one to send again; a form given out before is still served."""
    monkeypatch.setenv("ACCEPT_WORK", "no")
    execution = drop(stack, invoke, arrival, astronaut)
    assert execution["verdict"]["code"] == "not_accepting"
    invoke("notify", {**execution, "error": {"Error": "PhotoRejected", "Cause": ""}})
    (message,) = stack.messages()
    assert (message["event"], message["retryable"]) == ("clip.failed", True)
    minted = "c0123456789abcdef012345678"
    stack.put_record(minted, "created")
    version = stack.put_photo(f"photos/{minted}", astronaut.read_bytes())
    invoke("detect_face", arrival(stack, version, key=f"photos/{minted}", like="s3_photo_uploaded_by_form"))
    assert {e["clip_id"]: e["verdict"] for e in stack.executions()}[minted] is None


def test_a_driver_that_never_came(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """The photo starts the work: without the driver that was asked for, the clip fails before a GPU is paid for. One
    that was deleted is not there, nor is another whose name begins alike.
    """
    s3 = boto3.client("s3")
    for key in ("drivers/dance.mp4", "drivers/dance.mp4-2"):
        s3.put_object(Bucket=stack.uploads, Key=key, Body=b"-")
    s3.delete_object(Bucket=stack.uploads, Key="drivers/dance.mp4")
    execution = drop(stack, invoke, arrival, astronaut, driver="drivers/dance.mp4")
    assert execution["verdict"]["code"] == "request_invalid"
    assert "driver" in execution["verdict"]["message"]


def test_motions_and_a_driver_at_once(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """Neither is silently left out: the clip fails with a verdict that says to ask for one of the two."""
    execution = drop(stack, invoke, arrival, astronaut, motions="nod", driver="drivers/dance.mp4")
    assert execution["verdict"]["code"] == "request_invalid"
    assert execution["verdict"]["message"].endswith(" A clip plays motions or follows a driver: ask for one of the two.")


@pytest.mark.parametrize(
    "metadata",
    [
        {"vivify-seconds": "0"},
        {"vivify-seconds": "nan"},
        {"vivify-size": "9999"},
        {"vivify-loop": "perhaps"},
        {"vivify-motions": ""},
        {"vivify-driver": "photos/of-somebody.png"},
        {"vivify-motions": "nod", "vivify-driver": "drivers/dance.mp4"},
        {"vivify-webhook": "http://a.example"},
        {"vivify-colour": "red"},
    ],
)
def test_metadata_is_read_strictly(metadata: dict[str, str]) -> None:
    """A value out of its range, or a name of ours that we do not know, is told; what is not ours is nobody's business."""
    with pytest.raises(RequestInvalid):
        DroppedOptions.of(metadata)
    assert DroppedOptions.of({"colour": "red"}).stored() == DEFAULTS
