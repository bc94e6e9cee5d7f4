"""Frames become a clip that plays anywhere: encode, sign, look at what was written, put it with its poster and preview."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from pathlib import Path
from typing import Any

from vivify.cloud import storage
from vivify.cloud.records import Records, timestamp
from vivify.cloud.settings import PublishClip
from vivify.cloud.storage import ObjectPointer
from vivify.errors import CloudError, VideoError
from vivify.service import content_credentials
from vivify.service.leftovers import unless_over
from vivify.video import ClipInfo, probe, transcode, write_poster, write_preview

_CONTENT_TYPES = {"poster.jpg": "image/jpeg", "preview.webp": "image/webp", "clip.mp4": "video/mp4"}


def publish_clip(clip_id: str, settings: PublishClip) -> None:
    """The newest attempt that ended becomes the clip; what other attempts left is erased. Done again, it does the same.

    Raises VideoError where the clip is not what the manifest promised, CloudError where there is no manifest.
    """
    records = Records(settings.table_name)
    records.advance(clip_id, "publishing")
    manifest = _newest_manifest(clip_id, settings.work_bucket)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        storage.download(ObjectPointer(settings.work_bucket, manifest["frames_key"]), folder / "frames.mkv")
        transcode(folder / "frames.mkv", folder / "clip.mp4")
        write_poster(folder / "clip.mp4", folder / "poster.jpg")
        write_preview(folder / "clip.mp4", folder / "preview.webp")
        for file, content_type in _CONTENT_TYPES.items():
            content_credentials.sign(folder / file, content_type, settings)
        info = probe(folder / "clip.mp4")
        _check(info, manifest)
        figures = {"seconds": f"{info.seconds:.3f}", "fps": f"{info.fps:g}"}
        figures |= {name: str(getattr(info, name)) for name in ("width", "height", "frames")}
        prefix = f"clips/{clip_id}"
        keys = {f"{Path(file).stem}_key": f"{prefix}/{file}" for file in _CONTENT_TYPES}
        kept_until = timestamp(dt.datetime.now(dt.UTC) + dt.timedelta(days=settings.clip_days))
        with unless_over(settings.clips_bucket, f"{prefix}/"):
            for file, content_type in _CONTENT_TYPES.items():  # the clip last: where it is, the others are
                storage.upload(folder / file, settings.clips_bucket, f"{prefix}/{file}", content_type)
            records.advance(clip_id, "publishing", **keys, clip=figures, kept_until=kept_until)
    storage.erase(settings.work_bucket, f"frames/{clip_id}/", but=manifest["frames_key"].removesuffix("frames.mkv"))


def _newest_manifest(clip_id: str, bucket: str) -> dict[str, Any]:
    pointer = storage.newest(bucket, f"frames/{clip_id}/", "manifest.json")
    if pointer is None:
        raise CloudError("No attempt at this clip has ended.")
    manifest: dict[str, Any] = json.loads(storage.read(pointer))
    return manifest


def _check(info: ClipInfo, manifest: dict[str, Any]) -> None:
    written = {"width": info.width, "height": info.height, "frames": info.frames}
    promised = {name: manifest[name] for name in written}
    playable = (info.codec, info.pixel_format, info.faststart) == ("h264", "yuv420p", True)
    if written != promised or not playable:
        raise VideoError("The clip is not what its frames were.", written=written, promised=promised)
