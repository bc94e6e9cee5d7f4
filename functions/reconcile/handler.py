"""Scheduled: settles the clips that nothing else will bring to an end. One that cannot be settled never keeps the others."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from vivify.cloud import settings
from vivify.service import metrics
from vivify.service.reconcile import REPAIRS, queue_age, settle, strays

logger = Logger()
SETTINGS = settings.load(settings.Reconcile)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    now = dt.datetime.fromisoformat(event["time"])  # the schedule's: a late or repeated delivery looks at the same moment
    deeds: Counter[str] = Counter()
    failures: list[Exception] = []
    for stray in strays(now, SETTINGS):
        try:
            deed = settle(stray, now, SETTINGS)
        except Exception as error:  # noqa: BLE001 - raised below, after the others
            failures.append(error)
            continue
        deeds[deed] += 1
        if deed in REPAIRS:
            logger.warning("stray found", extra={"clip_id": stray.clip_id, "deed": deed})
    metrics.reconciled(sum(deeds[deed] for deed in REPAIRS), queue_age(now, SETTINGS))
    logger.info("reconciled", extra={"deeds": deeds, "unsettled": len(failures)})
    if failures:
        raise failures[0]  # Lambda's runtime logs it
    return dict(deeds)
