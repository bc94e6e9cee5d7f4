"""State machine step, the last: {clip_id} is a success; {clip_id, verdict, error} is a failure."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from vivify.cloud import settings
from vivify.service.notify import tell_failure, tell_success

logger = Logger()
SETTINGS = settings.load(settings.Notify)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    clip_id = event["clip_id"]
    logger.append_keys(clip_id=clip_id)
    if "error" in event:
        told = tell_failure(clip_id, event.get("verdict"), SETTINGS)
        logger.warning("clip failed", extra={"error": event["error"].get("Error"), "told": told})
    else:
        told = tell_success(clip_id, SETTINGS)
        logger.info("clip ready", extra={"told": told})
