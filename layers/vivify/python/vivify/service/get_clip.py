"""Where a clip stands, and its links once it is ready."""

from __future__ import annotations

from typing import Any

from vivify.cloud import storage
from vivify.cloud.records import Record, Records
from vivify.cloud.settings import GetClip


def get_clip(clip_id: str, settings: GetClip) -> dict[str, Any]:
    """The public view of the record: never a bucket, a key or the photo's name. Raises ClipNotFound."""
    record = Records(settings.table_name).get(clip_id)
    view = {name: record[name] for name in ("clip_id", "state", "created_at", "updated_at", "options")}
    if record["state"] == "failed":
        view["verdict"] = record["verdict"]
    if record["state"] == "ready":
        view["clip"] = links(record, settings.clips_bucket, settings.url_seconds)
    return view


def links(record: Record, bucket: str, seconds: int) -> dict[str, Any]:
    """``{"url", "poster_url", "expires_at"}`` and the clip's figures: seconds, fps, width, height, frames."""
    clip = storage.sign(bucket, record["clip_key"], seconds)
    poster = storage.sign(bucket, record["poster_key"], seconds)
    figures = {name: float(text) if "." in text else int(text) for name, text in record["clip"].items()}
    return {
        "url": clip.url,
        "poster_url": poster.url,
        "expires_at": min(clip.expires_at, poster.expires_at).isoformat(),
        **figures,
    }
