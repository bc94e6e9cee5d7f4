"""The HTTPS endpoint: every request to /v1."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from vivify.api.app import build
from vivify.cloud import settings

logger = Logger()
api = build(settings.load(settings.ServeApi))


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api(event, context)
