"""What operators count: metrics in CloudWatch's embedded format, written to a function's log.

One dimension, ``service``, that has one value; ``clip_id`` is beside the metrics, for finding the clip and not for counting.
"""

from __future__ import annotations

import datetime as dt

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from vivify.cloud.records import Record

# Why clips fail (the record's "failure"), each a metric of its own, so that each can have its alarm.
_FAILURES = {
    "no_gpu": "NoGpuExits",
    "out_of_memory": "OutOfMemoryExits",
    "no_capacity": "CapacityNeverCame",
    "timed_out": "TimedOut",
}


def clip_ended(record: Record, gpu_hour_price: float) -> None:
    """Counts a clip that has just ended and been told of: how, after how long, and for how much.

    ClipsReady, ClipsRefused (the photo's fault) or ClipsFailed (ours, and its kind beside it); UploadToReady in seconds;
    GpuSeconds, and ClipCost in USD at ``gpu_hour_price``.
    """
    metrics = EphemeralMetrics()
    metrics.add_metadata("clip_id", record["clip_id"])
    if record["state"] == "ready":
        metrics.add_metric("ClipsReady", MetricUnit.Count, 1)
        metrics.add_metric("UploadToReady", MetricUnit.Seconds, _seconds(record["arrived_at"], record["notified_at"]))
    elif record["failure"] == "photo":
        metrics.add_metric("ClipsRefused", MetricUnit.Count, 1)
    else:
        metrics.add_metric("ClipsFailed", MetricUnit.Count, 1)
        if kind := _FAILURES.get(record["failure"]):
            metrics.add_metric(kind, MetricUnit.Count, 1)
    if gpu_seconds := float(record.get("gpu_seconds", 0)):
        metrics.add_metric("GpuSeconds", MetricUnit.Seconds, gpu_seconds)
        metrics.add_metric("ClipCost", MetricUnit.NoUnit, round(gpu_seconds * gpu_hour_price / 3600, 6))
    metrics.flush_metrics()


def reconciled(repairs: int, queue_age: float) -> None:
    """Counts what the reconciler repaired, and how long the clip waits that has waited longest for a GPU, in seconds."""
    metrics = EphemeralMetrics()
    metrics.add_metric("ReconcilerFinds", MetricUnit.Count, repairs)
    metrics.add_metric("GpuQueueAge", MetricUnit.Seconds, queue_age)
    metrics.flush_metrics()


def api_failed() -> None:
    """Counts a request to the API that was answered with 500: a fault of ours."""
    metrics = EphemeralMetrics()
    metrics.add_metric("ApiFaults", MetricUnit.Count, 1)
    metrics.flush_metrics()


def webhook_fault() -> None:
    """Counts a try to call a webhook that came to nothing by a fault of ours, which no other try will cure."""
    metrics = EphemeralMetrics()
    metrics.add_metric("WebhookFaults", MetricUnit.Count, 1)
    metrics.flush_metrics()


def photos_swept(count: int) -> None:
    """Counts photos that were deleted because their hours are over."""
    metrics = EphemeralMetrics()
    metrics.add_metric("PhotosSwept", MetricUnit.Count, count)
    metrics.flush_metrics()


def _seconds(earlier: str, later: str) -> float:
    return (dt.datetime.fromisoformat(later) - dt.datetime.fromisoformat(earlier)).total_seconds()
