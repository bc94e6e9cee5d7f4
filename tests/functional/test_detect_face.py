"""A photo arrives: real photos, good and bad, through the real detection."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from PIL import Image

from vivify.cloud import executions, storage
from vivify.errors import CloudError
from vivify.faces import Face
from vivify.service import clip_ids, clip_options, detect_face

from .handlers import Event
from .stack import ROOT, Stack

Invoke = Callable[[str, Event], Any]
Events = Callable[[str], Event]
Arrival = Callable[..., Event]

FIXTURES = ROOT / "tests" / "fixtures"
MINTED = "c0123456789abcdef012345678"


def test_a_good_photo(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """A dropped portrait: one execution, whose input is pointers only, and the face beside it in the work bucket."""
    version = stack.put_photo("photos/astronaut.png", astronaut.read_bytes())
    invoke("detect_face", arrival(stack, version))
    (execution,) = stack.executions()
    (record,) = stack.records()
    clip_id = record["clip_id"]
    assert execution == {
        "name": clip_id,
        "clip_id": clip_id,
        "photo": {"bucket": stack.uploads, "key": "photos/astronaut.png", "version": version},
        "faces_key": f"faces/{clip_id}/faces.json",
        "options": clip_options.DEFAULTS,
        "verdict": None,
    }
    assert record["state"] == "detecting"


def test_what_detection_leaves(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """faces.json holds every face as the engine reads it back; crop.jpg is a picture of the head."""
    invoke("detect_face", arrival(stack, stack.put_photo("photos/astronaut.png", astronaut.read_bytes())))
    clip_id = stack.records()[0]["clip_id"]
    s3 = boto3.client("s3")
    found = json.load(s3.get_object(Bucket=stack.work, Key=f"faces/{clip_id}/faces.json")["Body"])
    crop = Image.open(io.BytesIO(s3.get_object(Bucket=stack.work, Key=f"faces/{clip_id}/crop.jpg")["Body"].read()))
    face = Face.from_dict(found["faces"][0])
    assert found["size"] == [512, 512]
    assert face.landmarks.shape == (478, 3)
    assert 150 < face.box[0] < face.box[2] < 300  # where the astronaut's face is
    assert crop.format == "JPEG"
    assert min(crop.size) > face.size


def test_a_key_with_spaces_and_unicode(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """S3 encodes keys in its events; the photo is found under its real name."""
    version = stack.put_photo("photos/Zürich café + 写真(1).png", astronaut.read_bytes())
    invoke("detect_face", arrival(stack, version, like="s3_photo_name_encoded"))
    (execution,) = stack.executions()
    assert execution["photo"]["key"] == "photos/Zürich café + 写真(1).png"
    assert execution["verdict"] is None


def test_a_photo_sent_with_the_form(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """A photo at photos/{clip_id} belongs to the record that create_clip made, with the options asked for."""
    wanted = clip_options.StoredOptions(motions=["blink", "nod"], seconds=2).model_dump_json()
    stack.put_record(MINTED, "created", options=wanted)
    version = stack.put_photo(f"photos/{MINTED}", astronaut.read_bytes())
    invoke("detect_face", arrival(stack, version, like="s3_photo_uploaded_by_form"))
    (execution,) = stack.executions()
    assert (execution["clip_id"], execution["options"]) == (MINTED, wanted)
    assert [record["clip_id"] for record in stack.records()] == [MINTED]


def test_a_form_used_twice(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """The form may be sent again while it is good, but the clip stays the first photo's: one execution."""
    stack.put_record(MINTED, "created", options=clip_options.DEFAULTS)
    first = stack.put_photo(f"photos/{MINTED}", astronaut.read_bytes())
    second = stack.put_photo(f"photos/{MINTED}", (FIXTURES / "chelsea.png").read_bytes())
    for version in (first, second):
        invoke("detect_face", arrival(stack, version, like="s3_photo_uploaded_by_form"))
    (execution,) = stack.executions()
    assert execution["photo"]["version"] == first


def test_a_dropped_photo_named_like_an_id(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """A file that merely looks like a minted id, with no record behind it, is a drop like any other."""
    version = stack.put_photo(f"photos/{MINTED}", astronaut.read_bytes())
    invoke("detect_face", arrival(stack, version, like="s3_photo_uploaded_by_form"))
    (execution,) = stack.executions()
    assert execution["clip_id"].startswith("d")


def test_the_same_event_twice(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """S3 delivers at least once: two deliveries about one version are one record and one execution."""
    version = stack.put_photo("photos/astronaut.png", astronaut.read_bytes())
    invoke("detect_face", arrival(stack, version))
    invoke("detect_face", arrival(stack, version, like="s3_photo_delivered_again"))
    assert len(stack.executions()) == 1
    assert len(stack.records()) == 1


@pytest.mark.parametrize("state", ["animating", "publishing", "ready", "failed"])
def test_a_late_duplicate(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path, state: str) -> None:
    """A delivery that comes when the clip is further on, or done, changes nothing at all."""
    version = stack.put_photo("photos/astronaut.png", astronaut.read_bytes())
    clip_id = clip_ids.of_drop(storage.ObjectPointer(stack.uploads, "photos/astronaut.png", version))
    stack.put_record(clip_id, state)
    before = stack.record(clip_id)
    invoke("detect_face", arrival(stack, version, like="s3_photo_delivered_again"))
    assert stack.record(clip_id) == before
    assert stack.executions() == []


@pytest.mark.parametrize("ended", [False, True])
def test_a_crash_before_the_record_knew_of_its_execution(
    stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path, ended: bool
) -> None:
    """The function died after starting the execution: the next delivery finds it under its name, at work or at its end, and
    starts no other.
    """
    version = stack.put_photo("photos/astronaut.png", astronaut.read_bytes())
    invoke("detect_face", arrival(stack, version))
    record = stack.records()[0]
    name = record.pop("execution")
    boto3.resource("dynamodb").Table(stack.table).put_item(Item=record)
    if ended:
        executions.stop(stack.state_machine, name)
    invoke("detect_face", arrival(stack, version, like="s3_photo_delivered_again"))
    assert [execution["name"] for execution in stack.executions()] == [name]
    assert stack.records()[0]["execution"] == name


def test_the_same_name_again_is_another_photo(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """A new version under an old name is a new photo: a clip of its own."""
    for _ in range(2):
        version = stack.put_photo("photos/astronaut.png", astronaut.read_bytes())
        invoke("detect_face", arrival(stack, version))
    assert len({execution["clip_id"] for execution in stack.executions()}) == 2


def truncated() -> bytes:
    buffer = io.BytesIO()
    Image.open(FIXTURES / "astronaut.png").convert("RGB").save(buffer, "JPEG", quality=92)
    return buffer.getvalue()[: buffer.tell() // 2]


def bomb() -> bytes:
    """A whole 20000 x 20000 PNG, 50 KB small: 1.2 GB of pixels to whoever believes it."""
    rows = zlib.compressobj(9)
    black = bytes(1 + 20000 // 8)  # a row's filter, and its pixels of one bit each
    data = b"".join(rows.compress(black) for _ in range(20000)) + rows.flush()
    size = (20000).to_bytes(4, "big")
    header = size + size + bytes([1, 0, 0, 0, 0])
    out = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")):
        out += len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
    return out


def one_pixel() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1), (200, 150, 120)).save(buffer, "PNG")
    return buffer.getvalue()


def far_away() -> bytes:
    """The astronaut, seen from so far that her face is 20 pixels high."""
    small = Image.open(FIXTURES / "astronaut.png").convert("RGB").resize((82, 82), Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", (640, 480), (128, 130, 135))
    canvas.paste(small, (280, 200))
    buffer = io.BytesIO()
    canvas.save(buffer, "PNG")
    return buffer.getvalue()


BAD: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "empty": (lambda: b"", {"photo_corrupt"}),
    "text": (lambda: b"Dear photo, please come alive.\n" * 40, {"unsupported_format"}),
    "truncated": (truncated, {"photo_corrupt"}),
    "one pixel": (one_pixel, {"no_face_found"}),
    "bomb": (bomb, {"photo_too_large"}),
    "cat": ((FIXTURES / "chelsea.png").read_bytes, {"no_face_found", "not_a_human_face"}),
    "coffee": ((FIXTURES / "coffee.png").read_bytes, {"no_face_found"}),
    "far away": (far_away, {"face_too_small", "no_face_found"}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_photo(stack: Stack, invoke: Invoke, arrival: Arrival, name: str) -> None:
    """Each ends in one execution that carries its verdict, code and sentence, and the record has the same."""
    make, codes = BAD[name]
    version = stack.put_photo("photos/bad.jpg", make())
    invoke("detect_face", arrival(stack, version, key="photos/bad.jpg"))
    (execution,) = stack.executions()
    (record,) = stack.records()
    assert execution["verdict"]["code"] in codes
    assert len(execution["verdict"]["message"]) > 20
    assert record["verdict"] == execution["verdict"]
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=stack.work)


def test_a_profile(stack: Stack, invoke: Invoke, arrival: Arrival, gallery: Path) -> None:
    """A face seen from the side is told to turn, with the angle found."""
    side = gallery / "photos" / "profile" / "insightface__pose_left_face.jpeg"
    version = stack.put_photo("photos/side.jpg", side.read_bytes())
    invoke("detect_face", arrival(stack, version, key="photos/side.jpg"))
    (execution,) = stack.executions()
    assert execution["verdict"]["code"] == "profile_view"
    assert any(character.isdigit() for character in execution["verdict"]["message"])


def test_a_file_too_big_is_never_fetched(
    stack: Stack, invoke: Invoke, arrival: Arrival, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit in bytes the verdict comes from the size alone."""
    monkeypatch.setattr(detect_face, "MAX_BYTES", 1000)
    monkeypatch.setattr(storage, "read", lambda pointer: pytest.fail("it was fetched"))
    version = stack.put_photo("photos/big.png", bytes(1001))
    invoke("detect_face", arrival(stack, version, key="photos/big.png"))
    (execution,) = stack.executions()
    assert execution["verdict"]["code"] == "photo_too_large"


def test_the_bad_never_harms_the_good(stack: Stack, invoke: Invoke, arrival: Arrival, astronaut: Path) -> None:
    """One event about a photo that is gone, a bad and a good one: both get their execution, then it fails for the first."""
    gone = arrival(stack, "no-such-version", key="photos/gone.png")
    bad = arrival(stack, stack.put_photo("photos/bad.png", b""), key="photos/bad.png")
    good = arrival(stack, stack.put_photo("photos/astronaut.png", astronaut.read_bytes()))
    together = {"Records": [*gone["Records"], *bad["Records"], *good["Records"]]}
    with pytest.raises(CloudError):
        invoke("detect_face", together)
    verdicts = [execution["verdict"] for execution in stack.executions()]
    assert sorted(verdict["code"] if verdict else "good" for verdict in verdicts) == ["good", "photo_corrupt"]


def test_what_is_no_photo_is_passed_over(stack: Stack, invoke: Invoke, event: Events, arrival: Arrival) -> None:
    """S3's own test event, a folder, a deletion and a key elsewhere start nothing and fail nothing."""
    deletion = arrival(stack, "1")
    deletion["Records"][0]["eventName"] = "ObjectRemoved:DeleteMarkerCreated"
    for payload in (
        event("s3_test_event"),
        arrival(stack, "1", key="photos/folder/"),
        arrival(stack, "1", key="elsewhere/photo.png"),
        deletion,
    ):
        invoke("detect_face", payload)
    assert stack.records() == []
