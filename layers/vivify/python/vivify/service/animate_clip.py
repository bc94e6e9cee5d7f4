"""The GPU job: the photo and its faces in, the clip's frames out. Pointers come by environment, results go to S3.

What it writes under {output_prefix}/{attempt}/, in this order: frames.mkv (lossless), depth.png (16 bit), report.json,
manifest.json. The manifest names the frames and comes last: an attempt without one did not end.
"""

from __future__ import annotations

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
from vivify.cloud.uploads import MAX_BYTES
from vivify.errors import CloudError, CloudUnavailable, MotionInvalid, PhotoRejected, RequestInvalid, UsageError, VideoError
from vivify.faces import Face
from vivify.photos import decode
from vivify.progress import OnProgress
from vivify.service.bounds import require_makeable
from vivify.service.leftovers import unless_over
from vivify.video import probe

_CONTENT_TYPES = {".mkv": "video/x-matroska", ".png": "image/png", ".json": "application/json"}
_TELL_SECONDS = 3
_DRIVER_SECONDS = 60


def animate_clip(settings: AnimateClip) -> None:
    """Raises PhotoRejected, MotionInvalid, UsageError or RequestInvalid (told in the record by then), GpuUnavailable,
    CloudError; ClipDeleted or TransitionRefused as soon as it is known that the clip is over.
    """
    models.require(settings.provider)  # a host without its GPU says so before anything is read or recorded
    records = Records(settings.table_name)
    before = int(records.advance(settings.clip_id, "animating").get("progress", 0))
    with _spending(records, settings.clip_id), tempfile.TemporaryDirectory() as folder:
        try:
            report = _animate(settings, Path(folder), _teller(records, settings.clip_id, before))
        except (PhotoRejected, MotionInvalid, UsageError, RequestInvalid) as rejected:
            records.note(settings.clip_id, verdict={"code": rejected.code, "message": rejected.message})
            raise
        attempt = f"{settings.aws_batch_job_id}.{settings.aws_batch_job_attempt}"
        with unless_over(settings.work_bucket, f"{settings.output_prefix}/{attempt}/"):
            _hand_over(settings, attempt, Path(folder), report)
            records.advance(settings.clip_id, "animating", faces=[_told(face) for face in report["faces"]])


@contextmanager
def _spending(records: Records, clip_id: str) -> Iterator[None]:
    """Counts the seconds inside as the clip's, however they end. Those of a host that vanishes go uncounted."""
    began = time.monotonic()
    try:
        yield
    finally:
        with suppress(CloudError):  # a figure is not worth a clip
            records.spend(clip_id, time.monotonic() - began)


def _teller(records: Records, clip_id: str, before: int) -> OnProgress:
    """Writes into the record how far the job is, every few seconds: people see it, and the job of a clip that is over
    meanwhile, deleted or given up, ends here. ``before``: the percent that an earlier attempt had told, to which this one
    first has to come: no bar goes back.
    """
    told = time.monotonic()

    def tell(done: int, whole: int) -> None:
        nonlocal told
        if time.monotonic() - told >= _TELL_SECONDS:
            told = time.monotonic()
            with suppress(CloudUnavailable):  # a progress bar is not worth a clip
                records.advance(clip_id, "animating", progress=str(max(before, 100 * done // whole)))

    return tell


def _driver(settings: AnimateClip, key: str, folder: Path) -> tuple[Path, float]:
    """The video to follow, fetched and looked at, and its seconds. Raises RequestInvalid."""
    pointer, path = ObjectPointer(settings.photo_bucket, key), folder / "driver"
    if storage.look(pointer).size > MAX_BYTES:
        raise RequestInvalid(f"The driver video is too large. Send one of {MAX_BYTES / 1e6:.0f} MB at most.")
    storage.download(pointer, path)
    try:
        seconds = probe(path).seconds
    except VideoError:
        raise RequestInvalid("The driver is no video that can be read. Send an MP4, QuickTime or WebM file.") from None
    if seconds > _DRIVER_SECONDS:
        raise RequestInvalid(f"The driver video is too long. Send one of {_DRIVER_SECONDS} s at most.")
    return path, seconds


def _animate(settings: AnimateClip, folder: Path, tell: OnProgress) -> dict[str, Any]:
    photo = ObjectPointer(settings.photo_bucket, settings.photo_key, settings.photo_version)
    picture = decode(storage.read(photo))
    found = json.loads(storage.read(ObjectPointer(settings.work_bucket, settings.faces_key)))
    faces = [Face.from_dict(face) for face in found["faces"]]
    asked: dict[str, Any] = json.loads(settings.options)  # checked at the door
    key, motions = asked.pop("driver"), asked.pop("motions")
    driver = None
    if key:
        driver, seconds = _driver(settings, key, folder)
        require_makeable(asked | {"seconds": asked["seconds"] or seconds}, picture.pixels.shape)
    options = engine.Options(
        **asked,
        motions=tuple(motions),
        driver=driver,
        quality="lossless",
        depth=folder / "depth.png",
        provider=settings.provider,
    )
    return engine.animate(picture, faces, folder / "frames.mkv", options, tell).as_dict()


def _told(face: dict[str, Any]) -> dict[str, Any]:
    """Of the report on a face what people are told: where it is, in whole pixels, and what became of it."""
    told = {name: face[name] for name in ("animated", "held_back", "repaired", "verdict")}
    return {"box": [round(edge) for edge in face["box"]], **told}


def _hand_over(settings: AnimateClip, attempt: str, folder: Path, report: dict[str, Any]) -> None:
    prefix = f"{settings.output_prefix}/{attempt}"
    info = probe(folder / "frames.mkv")
    report.pop("clip", None)  # a path on this host says nothing to anybody
    (folder / "report.json").write_text(json.dumps(report))
    manifest = {
        "clip_id": settings.clip_id,
        "attempt": attempt,
        "frames_key": f"{prefix}/frames.mkv",
        "width": info.width,
        "height": info.height,
        "fps": info.fps,
        "frames": info.frames,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for name in ("frames.mkv", "depth.png", "report.json", "manifest.json"):
        content_type = _CONTENT_TYPES[Path(name).suffix]
        storage.upload(folder / name, settings.work_bucket, f"{prefix}/{name}", content_type)
