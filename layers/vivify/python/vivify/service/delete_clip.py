"""Everything of a clip goes: its work is stopped, its photo, driver, face, frames and clip are erased, its record buried.

The record is marked before anything is erased: vivify.service.leftovers says why nothing of a late step stays behind.
It is pending until it is buried, after everything else: vivify.service.reconcile finishes a deletion that broke off.
"""

from __future__ import annotations

from vivify.cloud import executions, storage
from vivify.cloud.records import Records
from vivify.cloud.settings import Reconcile, ServeApi
from vivify.cloud.storage import ObjectPointer
from vivify.service import clip_ids


def delete_clip(clip_id: str, caller: str, settings: ServeApi | Reconcile) -> None:
    """Done again, it does the same again: what broke off half way is finished by the next call. Raises ClipNotFound."""
    records = Records(settings.table_name)
    record = records.delete(clip_id, caller)
    if "photo" in record:
        photo = ObjectPointer(**record["photo"])
        executions.stop(settings.state_machine_arn, clip_id)
        storage.erase_version(photo)  # of a dropped photo only this version is the clip's
    storage.erase_versions(settings.uploads_bucket, clip_ids.PHOTOS + clip_id)
    storage.erase_versions(settings.uploads_bucket, clip_ids.DRIVERS + clip_id)
    for prefix in ("faces", "frames"):
        storage.erase(settings.work_bucket, f"{prefix}/{clip_id}/")
    storage.erase(settings.clips_bucket, f"clips/{clip_id}/")
    records.bury(record)
