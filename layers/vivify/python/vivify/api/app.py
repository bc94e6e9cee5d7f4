"""The API as a Lambda handler: the door, the routes behind it, and every error as one kind of answer."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

from vivify.api import door, errors
from vivify.api.routes import add_routes
from vivify.cloud.settings import ServeApi
from vivify.errors import RequestInvalid, RequestRefused, VivifyError
from vivify.service import metrics
from vivify.service.clip_options import sentence

Event = dict[str, Any]
logger = Logger()


def build(settings: ServeApi) -> Callable[[Event, LambdaContext], dict[str, Any]]:
    """A handler of HTTP API events (payload format 2.0)."""
    app = APIGatewayHttpResolver(enable_validation=True)
    app.use(middlewares=[_never_kept])

    def told(error: Exception) -> Response[str]:
        answer = errors.answer(error, settings.docs_url)
        code = error.code if isinstance(error, VivifyError) else type(error).__name__
        if answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.error("failed", extra={"code": code}, exc_info=error)
            metrics.api_failed()
        else:
            logger.warning("refused", extra={"code": code})
        return answer

    app.exception_handler(Exception)(told)
    app.exception_handler(RequestValidationError)(lambda error: told(RequestInvalid(sentence(error.errors()))))
    app.not_found(lambda _error: errors.no_route(settings.docs_url))
    add_routes(app, settings)

    def handle(event: Event, context: LambdaContext) -> dict[str, Any]:
        try:
            door.caller_of(event)
            door.check_body(event)
        except RequestRefused as refused:
            answer = told(refused)
            headers = {**answer.headers, "content-type": answer.headers["Content-Type"]}
            return {"statusCode": answer.status_code, "headers": headers, "body": answer.body}
        return app.resolve(event, context)

    return handle


def _never_kept(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Answers hold links that expire, so nobody may keep them."""
    response: Response[Any] = next_middleware(app)
    response.headers["cache-control"] = "no-store"
    return response
