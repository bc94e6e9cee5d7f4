"""How clips end: {clip_id} is a success, {clip_id, verdict, error} a failure, and so is an execution that broke off."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from vivify.cloud import settings
from vivify.service.notify import tell_failure, tell_success

logger = Logger()
SETTINGS = settings.load(settings.Notify)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    step = _broken_off(event["detail"]) if "detail" in event else event
    clip_id, error = step["clip_id"], step.get("error")
    logger.append_keys(clip_id=clip_id)
    told = tell_failure(clip_id, step.get("verdict"), SETTINGS, error=error) if error else tell_success(clip_id, SETTINGS)
    if told is None:
        logger.info("told before")
        return
    why = {"failure": told.get("failure"), "error": error and error["Error"]}
    logger.info("clip ended", extra={"state": told["state"], **why})


def _broken_off(detail: dict[str, Any]) -> dict[str, Any]:
    """EventBridge tells that an execution failed, timed out or was aborted: as the failure path itself would say it."""
    error = {"Error": detail.get("error") or detail["status"], "Cause": detail.get("cause") or ""}
    return {**json.loads(detail["input"]), "error": error}
