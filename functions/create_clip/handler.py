"""POST /v1/clips: a clip_id and a form to upload the photo with."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from vivify.cloud import settings
from vivify.errors import VivifyError
from vivify.service import web
from vivify.service.create_clip import create_clip

logger = Logger()
SETTINGS = settings.load(settings.CreateClip)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    try:
        created = create_clip(web.json_body(event), SETTINGS)
    except VivifyError as error:
        logger.warning("refused", extra={"code": error.code})
        return web.refusal(error)
    logger.append_keys(clip_id=created["clip_id"])
    logger.info("clip created")
    return web.answer(201, created)
