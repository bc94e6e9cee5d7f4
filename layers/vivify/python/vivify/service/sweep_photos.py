"""Originals live for hours: whatever else happens to a clip, its photo goes. S3's own lifecycle knows days only."""

from __future__ import annotations

import datetime as dt

from vivify.cloud import storage
from vivify.cloud.settings import SweepPhotos
from vivify.service import metrics


def sweep_photos(now: dt.datetime, settings: SweepPhotos) -> int:
    """Deletes for good every version that was uploaded more than PHOTO_HOURS before ``now`` (UTC); how many."""
    count = storage.expire(settings.uploads_bucket, now - dt.timedelta(hours=settings.photo_hours))
    metrics.photos_swept(count)
    return count
