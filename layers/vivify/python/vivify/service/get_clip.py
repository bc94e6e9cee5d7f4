"""Where clips stand, and their links once they are ready. Callers see their own; any other is as one that never was."""

from __future__ import annotations

from typing import Any

from vivify.cloud.records import Page, Record, Records
from vivify.cloud.settings import ServeApi
from vivify.errors import ClipNotFound
from vivify.service.links import has_expired

# What each stage means for the whole way, in percent. While animating, the job says how far it is.
_PERCENT = {"created": 0, "detecting": 5, "animating": 10, "publishing": 90, "ready": 100, "expired": 100, "failed": 100}


def get_clip(clip_id: str, caller: str, settings: ServeApi) -> Record:
    """The caller's own record. Raises ClipNotFound."""
    record = Records(settings.table_name).get(clip_id)
    if record.get("owner") != caller:
        raise ClipNotFound("There is no clip with this id.")
    return record


def list_clips(caller: str, limit: int, after: dict[str, str] | None, settings: ServeApi) -> Page:
    """The caller's own records, newest first."""
    return Records(settings.table_name).of_owner(caller, limit, after)


def progress(record: Record) -> dict[str, Any]:
    """``{"stage", "percent"}``: the state, or ``expired`` after ``ready``, and how much of the whole way lies behind."""
    stage = "expired" if has_expired(record) else record["state"]
    percent = _PERCENT[stage]
    if stage == "animating":
        percent += int(record.get("progress", 0)) * (_PERCENT["publishing"] - percent) // 100
    return {"stage": stage, "percent": percent}
