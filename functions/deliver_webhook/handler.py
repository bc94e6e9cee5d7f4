"""SQS event with one message: a clip ended. Calls its webhook; a failure comes back later, and later still."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from vivify.cloud import settings
from vivify.errors import VivifyError
from vivify.service import metrics
from vivify.service.deliver_webhook import deliver_webhook, put_off
from vivify.service.outside import Outside

logger = Logger()
SETTINGS = settings.load(settings.DeliverWebhook)
OUTSIDE = Outside()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    (message,) = event["Records"]
    clip_id = json.loads(message["body"])["clip_id"]
    tries = int(message["attributes"]["ApproximateReceiveCount"])
    logger.append_keys(clip_id=clip_id, tries=tries)
    try:
        delivered = deliver_webhook(clip_id, SETTINGS, OUTSIDE)
    except VivifyError as error:
        wait = put_off(message["receiptHandle"], tries, SETTINGS)
        report = logger.warning
        if not error.retryable:  # no receiver's fault but ours
            report = logger.exception
            metrics.webhook_fault()
        report("webhook failed", extra={"code": error.code, "status": error.details.get("status"), "wait": wait})
        return {"batchItemFailures": [{"itemIdentifier": message["messageId"]}]}
    logger.info("webhook delivered" if delivered else "nobody to call")
    return {"batchItemFailures": []}
