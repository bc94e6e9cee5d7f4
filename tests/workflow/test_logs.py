"""Logs tell what happened to which clip, and nothing of whose it is: read whole, after photos that went well, one that was
refused and a clip that was deleted at work. What goes wrong at AWS, test_faults reads them after.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from infra.local.settings import CREDENTIALS

from .journey import Journey
from .private import private_by_look

PLACE = "Grandmothers-garden-52.5163N-13.3777E"
SHORT = {"seconds": 1, "fps": 10, "motions": ["blink"]}


def private_photo(astronaut: Path) -> bytes:
    """Her portrait with a place in it: Exif's description and GPS, and a comment."""
    exif = Image.Exif()
    exif[270] = PLACE
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 58.68)})
    buffer = io.BytesIO()
    with Image.open(astronaut) as image:
        image.convert("RGB").save(buffer, "jpeg", quality=95, exif=exif, comment=PLACE.encode())
    return buffer.getvalue()


@pytest.fixture(scope="module")
def logs(journey: Journey, astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every log of the stack after a posted photo, a dropped one with a telling name, one refused, one deleted at work."""
    folder = tmp_path_factory.mktemp("photos")
    photo = private_photo(astronaut)
    (folder / "posted.jpg").write_bytes(photo)
    clips = [journey.client.post(folder / "posted.jpg", SHORT)]
    for data, name in ((photo, f"{PLACE}.jpg"), (b"Dear grandmother,", f"{PLACE}-letter.jpg")):
        _, version = journey.drop(data, name, folder)
        clips.append(journey.clip_of(version))
    states = [journey.ending(clip_id).record["state"] for clip_id in clips]
    assert states == ["ready", "ready", "failed"]
    for clip_id in clips:
        journey.client.call("GET", f"/v1/clips/{clip_id}")
    deleted = journey.client.post(folder / "posted.jpg", {"seconds": 30})
    journey.until(lambda: journey.client.states()[deleted] == "animating")
    journey.client.call("DELETE", f"/v1/clips/{deleted}")
    journey.until(lambda: deleted not in journey.running_jobs())
    texts = {log.name: log.read_text() for log in journey.paths.logs.iterdir()}
    assert sum(clips[0] in text for text in texts.values()) >= 4  # detection, the job, publishing, the news
    return texts


def test_every_part_has_a_log(logs: dict[str, str]) -> None:
    """The functions that work on a clip have each written one; so the search below is one through all of them."""
    written = {name.removesuffix(".log") for name, text in logs.items() if text}
    assert {"DetectFaceFunction", "PublishClipFunction", "NotifyFunction"} <= written


def test_nothing_private_by_its_look(logs: dict[str, str]) -> None:
    """No line of any log holds a link, a key, an event, landmarks, pixels or a secret."""
    assert private_by_look(logs) == []


def test_nothing_private_of_this_run(logs: dict[str, str], journey: Journey) -> None:
    """Nor what this run knows to be private: the place, keys, tokens, the webhooks' secret, a landmark of hers."""
    secrets = [text for c in CREDENTIALS.values() for text in (c.secret_key, c.session_token) if text]
    kept = journey.client.aws("secretsmanager")
    secrets += [kept.get_secret_value(SecretId=arn)["SecretString"] for arn in _secrets(journey)]
    landmarks = _landmarks(journey)
    assert len(secrets) >= 4
    assert landmarks
    private = {PLACE, "Dear grandmother", *secrets, *landmarks}
    found = {(name, text) for name, log in logs.items() for text in private if text in log}
    assert found == set()


def test_lines_name_their_clip(logs: dict[str, str]) -> None:
    """Functions and the job write JSON, and whoever works on a clip says on which: one id finds all of its lines."""
    lines = [_parsed(line) for text in logs.values() for line in text.splitlines() if line.startswith('{"')]
    told = [line for line in lines if line.get("message") in ("photo judged", "job done", "clip published", "clip ended")]
    assert len(told) >= 8
    assert all(re.fullmatch(r"[cd][0-9a-f]{25}", line["clip_id"]) for line in told)
    by_service = {line["service"] for line in told}
    assert {"vivify", "animate"} <= by_service


def _parsed(line: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def _secrets(journey: Journey) -> list[str]:
    return [secret["ARN"] for secret in journey.client.aws("secretsmanager").list_secrets()["SecretList"]]


def _landmarks(journey: Journey) -> set[str]:
    """The first coordinates of every face found, as the record of them spells them."""
    s3, bucket = journey.client.aws("s3"), journey.client.outputs["WorkBucketName"]
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix="faces/")["Contents"] if o["Key"].endswith(".json")]
    faces = [json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["faces"] for key in keys]
    return {str(number) for found in faces for face in found for number in face["landmarks"][0][:2]}
