"""Frames become the clip: real frames, really encoded."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.s3.models import s3_backends

from tests.footage import greys, write
from vivify.errors import CloudError, TransitionRefused, VideoError
from vivify.service import publish_clip
from vivify.video import DIGITAL_SOURCE_TYPE, probe

from .handlers import Event
from .stack import Stack

Invoke = Callable[[str, Event], Any]
CLIP = "d5f0c2a9b7e41d386c0b5e72a9"


def animated(stack: Stack, folder: Path, *, attempt: str = "job.1", frames: int = 5, promised: int = 0) -> None:
    """What an attempt of the job leaves: ``frames`` grey frames of 64 x 48, each brighter, and their manifest."""
    path = write(folder / f"{attempt}.mkv", greys(*(40 + 30 * shade for shade in range(frames))), quality="lossless")
    key = f"frames/{CLIP}/{attempt}/frames.mkv"
    manifest = {"frames_key": key, "width": 64, "height": 48, "fps": 25.0, "frames": promised or frames}
    s3 = boto3.client("s3")
    s3.upload_file(str(path), stack.work, key)
    s3.put_object(Bucket=stack.work, Key=f"frames/{CLIP}/{attempt}/manifest.json", Body=json.dumps(manifest).encode())


def fetched(stack: Stack, folder: Path, name: str) -> Path:
    path = folder / name
    boto3.client("s3").download_file(stack.clips, f"clips/{CLIP}/{name}", str(path))
    return path


def test_the_clip_and_its_poster(stack: Stack, invoke: Invoke, tmp_path: Path) -> None:
    """An MP4 that plays anywhere with every frame in it, a poster of its size, and its figures in the record."""
    stack.put_record(CLIP, "animating")
    animated(stack, tmp_path)
    invoke("publish_clip", {"clip_id": CLIP})
    info = probe(fetched(stack, tmp_path, "clip.mp4"))
    record = stack.record(CLIP)
    assert (info.width, info.height, info.frames) == (64, 48, 5)
    assert (info.codec, info.pixel_format, info.faststart) == ("h264", "yuv420p", True)
    assert fetched(stack, tmp_path, "poster.jpg").read_bytes()[:3] == b"\xff\xd8\xff"
    assert record is not None
    assert record["state"] == "publishing"
    assert record["clip"] == {"seconds": "0.200", "fps": "25", "width": "64", "height": "48", "frames": "5"}


def test_how_long_it_is_kept(stack: Stack, invoke: Invoke, tmp_path: Path) -> None:
    """The record says until when S3 keeps the files: CLIP_DAYS from now."""
    stack.put_record(CLIP, "animating", kept_until=None)
    animated(stack, tmp_path)
    invoke("publish_clip", {"clip_id": CLIP})
    record = stack.record(CLIP)
    assert record is not None
    left = dt.datetime.fromisoformat(record["kept_until"]) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=30, minutes=-5) < left <= dt.timedelta(days=30)


def test_every_file_says_how_it_was_made(stack: Stack, invoke: Invoke, tmp_path: Path) -> None:
    """Clip, poster and preview lie in the bucket with their types, and each names IPTC's digital source type."""
    stack.put_record(CLIP, "animating")
    animated(stack, tmp_path)
    invoke("publish_clip", {"clip_id": CLIP})
    record = stack.record(CLIP)
    assert record is not None
    for field, content_type in (("clip", "video/mp4"), ("poster", "image/jpeg"), ("preview", "image/webp")):
        stored = boto3.client("s3").get_object(Bucket=stack.clips, Key=record[f"{field}_key"])
        assert stored["ContentType"] == content_type
        assert DIGITAL_SOURCE_TYPE.encode() in stored["Body"].read()


def test_ffmpeg_is_all_it_needs(stack: Stack, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function's layers hold neither numpy nor OpenCV nor Pillow: it publishes without them."""
    stack.put_record(CLIP, "animating")
    animated(stack, tmp_path)
    for name in ("numpy", "cv2", "PIL", "onnxruntime", "c2pa"):
        monkeypatch.setitem(sys.modules, name, None)
    invoke("publish_clip", {"clip_id": CLIP})
    assert fetched(stack, tmp_path, "poster.jpg").stat().st_size > 0


def test_the_newest_attempt_that_ended(stack: Stack, invoke: Invoke, tmp_path: Path) -> None:
    """Of two attempts with a manifest the later one is published; one without a manifest never counts. What the others left
    is erased, its own frames stay for a retry.
    """
    stack.put_record(CLIP, "animating")
    animated(stack, tmp_path, attempt="zob.1", frames=3)  # names come in no order
    kept = s3_backends["123456789012"]["aws"].buckets[stack.work].keys
    kept[f"frames/{CLIP}/zob.1/manifest.json"].last_modified -= dt.timedelta(minutes=1)
    animated(stack, tmp_path, attempt="job.2", frames=5)
    for unfinished in ("job.3", "job.20"):  # whose name begins as that of the one that is published
        boto3.client("s3").put_object(Bucket=stack.work, Key=f"frames/{CLIP}/{unfinished}/frames.mkv", Body=b"half")
    invoke("publish_clip", {"clip_id": CLIP})
    assert probe(fetched(stack, tmp_path, "clip.mp4")).frames == 5
    left = boto3.client("s3").list_objects_v2(Bucket=stack.work, Prefix=f"frames/{CLIP}/")["Contents"]
    assert [item["Key"].split("/")[2] for item in left] == ["job.2", "job.2"]


def test_done_again(stack: Stack, invoke: Invoke, tmp_path: Path) -> None:
    """A retried step publishes the same clip again and fails nothing."""
    stack.put_record(CLIP, "animating")
    animated(stack, tmp_path)
    invoke("publish_clip", {"clip_id": CLIP})
    before = stack.record(CLIP)
    invoke("publish_clip", {"clip_id": CLIP})
    after = stack.record(CLIP)
    assert before is not None
    assert after is not None
    assert after["clip"] == before["clip"]


def test_a_broken_promise(stack: Stack, invoke: Invoke, tmp_path: Path) -> None:
    """A clip with fewer frames than its manifest promised is not published."""
    stack.put_record(CLIP, "animating")
    animated(stack, tmp_path, frames=5, promised=6)
    with pytest.raises(VideoError):
        invoke("publish_clip", {"clip_id": CLIP})
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=stack.clips)


@pytest.mark.parametrize(
    "wrong", [{"faststart": False}, {"codec": "hevc"}, {"pixel_format": "yuv444p"}, {"width": 62}, {"height": 50}]
)
def test_a_clip_that_would_not_play_everywhere(
    stack: Stack, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]
) -> None:
    """What was written is looked at: a clip of another size, with its index last, or of colours few players know, is not
    published.
    """
    stack.put_record(CLIP, "animating")
    animated(stack, tmp_path)
    monkeypatch.setattr(publish_clip, "probe", lambda path: replace(probe(path), **wrong))
    with pytest.raises(VideoError, match="not what its frames were"):
        invoke("publish_clip", {"clip_id": CLIP})
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=stack.clips)


def test_the_clip_is_put_last(stack: Stack, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the clip is, its poster and preview are."""
    stack.put_record(CLIP, "animating")
    animated(stack, tmp_path)
    names, upload = [], publish_clip.storage.upload
    monkeypatch.setattr(publish_clip.storage, "upload", lambda path, *rest: (names.append(path.name), upload(path, *rest)))
    invoke("publish_clip", {"clip_id": CLIP})
    assert sorted(names) == ["clip.mp4", "poster.jpg", "preview.webp"]
    assert names[-1] == "clip.mp4"


def test_no_manifest(stack: Stack, invoke: Invoke) -> None:
    """Nothing to publish is an error, not an empty clip."""
    stack.put_record(CLIP, "animating")
    with pytest.raises(CloudError):
        invoke("publish_clip", {"clip_id": CLIP})


@pytest.mark.parametrize("state", ["ready", "failed"])
def test_a_clip_that_has_ended(stack: Stack, invoke: Invoke, tmp_path: Path, state: str) -> None:
    """A terminal record is left alone, and so are its objects."""
    stack.put_record(CLIP, state)
    animated(stack, tmp_path)
    with pytest.raises(TransitionRefused):
        invoke("publish_clip", {"clip_id": CLIP})
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=stack.clips)
