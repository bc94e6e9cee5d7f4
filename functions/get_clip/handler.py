"""GET /v1/clips/{clip_id}: where the clip stands, and its links once it is ready."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from vivify.cloud import settings
from vivify.errors import VivifyError
from vivify.service import web
from vivify.service.get_clip import get_clip

logger = Logger()
SETTINGS = settings.load(settings.GetClip)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    clip_id = event["pathParameters"]["clip_id"]
    logger.append_keys(clip_id=clip_id)
    try:
        return web.answer(200, get_clip(clip_id, SETTINGS))
    except VivifyError as error:
        logger.warning("refused", extra={"code": error.code})
        return web.refusal(error)
