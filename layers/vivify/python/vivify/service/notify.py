"""The end of a clip, good or bad: the terminal record first, then the news.

In this order a crash between the two is cured by whoever comes next (the step's retry, the rule on executions that broke
off, the reconciler), who finds the record terminal and not yet told. Whatever end they came for, they tell the one that
the record has: news may come twice, never not at all, and never both of "ready" and "failed".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vivify.cloud import notifications, storage
from vivify.cloud.records import TERMINAL, Record, Records
from vivify.cloud.settings import Notify
from vivify.errors import ClipDeleted, ClipNotFound, TransitionRefused
from vivify.service import metrics, news

NO_GPU, OUT_OF_MEMORY = 78, 137  # exit codes of the job


def tell_success(clip_id: str, settings: Notify) -> Record | None:
    """``ready``, and the news of it. None if this clip's end was told before, or the clip was deleted."""
    try:
        return _tell(_end(clip_id, "ready", settings), settings)
    except ClipDeleted:
        return None


def tell_failure(
    clip_id: str, verdict: Mapping[str, str] | None, settings: Notify, *, error: Mapping[str, str] | None = None
) -> Record | None:
    """``failed``, and the news of it with the verdict: the one given, else the one a step left in the record, else ours.

    ``error``: the execution's Error and Cause. None if this clip's end was told before, or the clip was deleted.
    """
    try:
        return _fail(clip_id, verdict, settings, error)
    except ClipNotFound:
        return None


def _fail(
    clip_id: str, verdict: Mapping[str, str] | None, settings: Notify, error: Mapping[str, str] | None
) -> Record | None:
    judged = verdict or Records(settings.table_name).get(clip_id).get("verdict")
    failure = "photo" if judged else failure_of(error or {})
    record = _end(clip_id, "failed", settings, verdict=dict(judged or news.OUR_FAULT), failure=failure)
    if record["state"] == "failed":  # nobody will ever be sent to what is left of it
        storage.erase(settings.work_bucket, f"frames/{clip_id}/")
        storage.erase(settings.clips_bucket, f"clips/{clip_id}/")
    return _tell(record, settings)


def failure_of(error: Mapping[str, str]) -> str:
    """What kind of fault of ours it was, for operators: no_gpu, out_of_memory, no_capacity, timed_out or internal.

    ``error``: {"Error", "Cause"} as the state machine catches it; a job's Cause is its description by Batch.
    """
    try:
        job = json.loads(error.get("Cause") or "{}")
    except ValueError:
        job = {}
    if not isinstance(job, dict):
        job = {}
    exit_code = job.get("Container", {}).get("ExitCode")
    if exit_code in (NO_GPU, OUT_OF_MEMORY):
        return "no_gpu" if exit_code == NO_GPU else "out_of_memory"
    if str(job.get("StatusReason", "")).startswith(("CAPACITY:", "MISCONFIGURATION:")):  # the queue's own time limits
        return "no_capacity"
    return "timed_out" if error.get("Error") in ("States.Timeout", "TIMED_OUT") else "internal"


def _end(clip_id: str, state: str, settings: Notify, **attributes: Any) -> Record:
    """The record in its terminal state: ``state``, unless it ended otherwise before. Raises TransitionRefused."""
    records = Records(settings.table_name)
    try:
        return records.advance(clip_id, state, **attributes)
    except TransitionRefused:
        record = records.get(clip_id)
        if record["state"] not in TERMINAL:
            raise
        return record


def _tell(record: Record, settings: Notify) -> Record | None:
    if "notified_at" in record:
        return None
    notifications.publish(settings.topic_arn, news.compose(record, settings))
    record = Records(settings.table_name).told(record["clip_id"])
    metrics.clip_ended(record, settings.gpu_hour_price)
    return record
