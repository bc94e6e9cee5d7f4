"""Scheduled: photos whose hours are over go."""

from __future__ import annotations

import datetime as dt
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from vivify.cloud import settings
from vivify.service.sweep_photos import sweep_photos

logger = Logger()
SETTINGS = settings.load(settings.SweepPhotos)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    count = sweep_photos(dt.datetime.fromisoformat(event["time"]), SETTINGS)
    logger.info("photos swept", extra={"count": count})
