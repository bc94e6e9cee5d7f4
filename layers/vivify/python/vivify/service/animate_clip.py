"""The GPU job: the photo and its faces in, the clip's frames out. Pointers come by environment, results go to S3.

What it writes under {output_prefix}/{attempt}/, in this order: frames.mkv (lossless), depth.png (16 bit), report.json,
manifest.json. The manifest names the frames and comes last: an attempt without one did not end.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from vivify import engine, models
from vivify.cloud import storage
from vivify.cloud.records import Records
from vivify.cloud.settings import AnimateClip
from vivify.cloud.storage import ObjectPointer
from vivify.errors import CloudError, MotionInvalid, PhotoRejected, UsageError
from vivify.faces import Face
from vivify.photos import decode
from vivify.video import probe

_CONTENT_TYPES = {".mkv": "video/x-matroska", ".png": "image/png", ".json": "application/json"}


def animate_clip(settings: AnimateClip) -> None:
    """Raises PhotoRejected, MotionInvalid or UsageError (told in the record by then), GpuUnavailable, CloudError."""
    models.require(settings.provider)  # a host without its GPU says so before anything is read or recorded
    records = Records(settings.table_name)
    records.advance(settings.clip_id, "animating")
    with _spending(records, settings.clip_id), tempfile.TemporaryDirectory() as folder:
        try:
            report = _animate(settings, Path(folder))
        except (PhotoRejected, MotionInvalid, UsageError) as rejected:
            records.note(settings.clip_id, verdict={"code": rejected.code, "message": rejected.message})
            raise
        records.advance(settings.clip_id, "animating")  # given up meanwhile? then nothing may be left of it
        _hand_over(settings, Path(folder), report)


@contextmanager
def _spending(records: Records, clip_id: str) -> Iterator[None]:
    """Counts the seconds inside as the clip's, however they end. Those of a host that vanishes go uncounted."""
    began = time.monotonic()
    try:
        yield
    finally:
        with suppress(CloudError):  # a figure is not worth a clip
            records.spend(clip_id, time.monotonic() - began)


def _animate(settings: AnimateClip, folder: Path) -> dict[str, Any]:
    photo = ObjectPointer(settings.photo_bucket, settings.photo_key, settings.photo_version)
    picture = decode(storage.read(photo))
    found = json.loads(storage.read(ObjectPointer(settings.work_bucket, settings.faces_key)))
    faces = [Face.from_dict(face) for face in found["faces"]]
    options = engine.Options(
        motions=tuple(settings.motions.split(",")),
        seconds=settings.seconds,
        fps=settings.fps,
        strength=settings.strength,
        size="native" if settings.size == "native" else int(settings.size),
        frame=settings.frame,
        quality="lossless",
        depth=folder / "depth.png",
        provider=settings.provider,
    )
    return engine.animate(picture, faces, folder / "frames.mkv", options).as_dict()


def _hand_over(settings: AnimateClip, folder: Path, report: dict[str, Any]) -> None:
    attempt = f"{settings.aws_batch_job_id}.{settings.aws_batch_job_attempt}"
    prefix = f"{settings.output_prefix}/{attempt}"
    frames = folder / "frames.mkv"
    info = probe(frames)
    report.pop("clip", None)  # a path on this host says nothing to anybody
    (folder / "report.json").write_text(json.dumps(report))
    manifest = {
        "clip_id": settings.clip_id,
        "attempt": attempt,
        "frames_key": f"{prefix}/frames.mkv",
        "sha256": hashlib.sha256(frames.read_bytes()).hexdigest(),
        "width": info.width,
        "height": info.height,
        "fps": info.fps,
        "frames": info.frames,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for name in ("frames.mkv", "depth.png", "report.json", "manifest.json"):
        content_type = _CONTENT_TYPES[Path(name).suffix]
        storage.upload(folder / name, settings.work_bucket, f"{prefix}/{name}", content_type)
