"""State machine step: the frames become the clip."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from vivify.cloud import settings
from vivify.service.publish_clip import publish_clip

logger = Logger()
SETTINGS = settings.load(settings.PublishClip)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    logger.append_keys(clip_id=event["clip_id"])
    publish_clip(event["clip_id"], SETTINGS)
    logger.info("clip published")
