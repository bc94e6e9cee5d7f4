"""Where a clip stands, and its links once it is ready."""

from __future__ import annotations

from typing import Any

from vivify.cloud.records import Records
from vivify.cloud.settings import GetClip
from vivify.service.links import links


def get_clip(clip_id: str, settings: GetClip) -> dict[str, Any]:
    """The public view of the record: never a bucket, a key or the photo's name. Raises ClipNotFound."""
    record = Records(settings.table_name).get(clip_id)
    view = {name: record[name] for name in ("clip_id", "state", "created_at", "updated_at")}
    view["options"] = record.get("options", {})  # a photo that was never claimed has none
    if record["state"] == "failed":
        view["verdict"] = record["verdict"]
    if record["state"] == "ready":
        view["clip"] = links(record, settings)
    return view
