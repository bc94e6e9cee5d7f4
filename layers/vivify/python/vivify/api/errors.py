"""How errors become answers: a status, and the one body {code, message, docs}."""

from __future__ import annotations

import json
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response, content_types

from vivify import errors
from vivify.errors import VivifyError

ROUTE_NOT_FOUND = "route_not_found"

# The first kind that an error is of tells its status; what is none of them is our own fault.
STATUS: dict[type[VivifyError], HTTPStatus] = {
    errors.BodyUnreadable: HTTPStatus.BAD_REQUEST,
    errors.NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    errors.ClipNotFound: HTTPStatus.NOT_FOUND,
    errors.KeyReused: HTTPStatus.CONFLICT,
    errors.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.BodyNotJson: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.RequestInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.QuotaSpent: HTTPStatus.TOO_MANY_REQUESTS,
    errors.NotAccepting: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.CloudUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_RETRY_SECONDS = 5


def answer(error: Exception, docs_url: str) -> Response[str]:
    """What the caller is told of ``error``. Of our own faults only that there is one."""
    kind = next((kind for kind in STATUS if isinstance(error, kind)), None)
    if kind is None or not isinstance(error, VivifyError):
        fault = VivifyError("Something failed on our side. Try again later.")
        return _response(HTTPStatus.INTERNAL_SERVER_ERROR, fault.code, fault.message, docs_url)
    response = _response(STATUS[kind], error.code, error.message, docs_url)
    if error.retryable:
        response.headers["retry-after"] = str(error.details.get("retry_after", _RETRY_SECONDS))
    return response


def no_route(docs_url: str) -> Response[str]:
    return _response(HTTPStatus.NOT_FOUND, ROUTE_NOT_FOUND, "There is nothing at this path with this method.", docs_url)


def _response(status: HTTPStatus, code: str, message: str, docs_url: str) -> Response[str]:
    body = json.dumps({"code": code, "message": message, "docs": f"{docs_url}#{code}"})
    return Response(status, content_types.APPLICATION_JSON, body, headers={"cache-control": "no-store"})
