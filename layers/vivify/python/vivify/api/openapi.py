"""The OpenAPI document: powertools makes it from the routes and their schemas, here the errors are added."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.models import APIKey, HTTPBearer

import vivify
from vivify import errors
from vivify.api.errors import STATUS
from vivify.api.schemas import ErrorBody
from vivify.errors import VivifyError

_ALL = (errors.NotAuthenticated, errors.CloudUnavailable)
_OWN: dict[str, tuple[type[VivifyError], ...]] = {
    "createClip": (
        errors.BodyUnreadable,
        errors.KeyReused,
        errors.BodyTooLarge,
        errors.BodyNotJson,
        errors.RequestInvalid,
        errors.QuotaSpent,
        errors.NotAccepting,
    ),
    "listClips": (errors.RequestInvalid,),
    "getClip": (errors.ClipNotFound, errors.RequestInvalid),
    "deleteClip": (errors.ClipNotFound, errors.RequestInvalid),
    "getOpenApi": (),
}
# What the gateway itself refuses has the gateway's body: no request of these reaches us.
_BY_GATEWAY = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS,
}
_SCHEMA = "#/components/schemas/"


def document(app: APIGatewayHttpResolver) -> dict[str, Any]:
    """OpenAPI 3.1, ready for JSON."""
    made: dict[str, Any] = json.loads(
        app.get_openapi_json_schema(
            title="Vivify",
            version=vivify.__version__,
            description="Brings a still portrait to life.",
            security_schemes={
                "sigv4": APIKey.model_validate(
                    {"name": "Authorization", "in": "header", "description": "AWS Signature Version 4"}
                ),
                "token": HTTPBearer(bearerFormat="JWT"),
            },
            security=[{"sigv4": []}, {"token": []}],
        )
    )
    for path in made["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)  # powertools' guess
            operation["responses"].get("204", {}).pop("content", None)  # and that nothing were JSON's null
            operation["responses"] |= _refusals(operation["operationId"])
    schemas = made["components"]["schemas"]
    for name in ("ValidationError", "HTTPValidationError"):  # powertools' own body for errors, which nobody gets
        schemas.pop(name, None)
    schemas["ErrorBody"] = ErrorBody.model_json_schema()
    schemas["GatewayMessage"] = {
        "description": "The gateway's own body.",
        "type": "object",
        "properties": {"message": {"type": "string"}},
        "required": ["message"],
    }
    return made


def _refusals(operation_id: str) -> dict[str, Any]:
    """The error responses of an operation, each with the codes it may carry."""
    codes: dict[HTTPStatus, list[str]] = {HTTPStatus.INTERNAL_SERVER_ERROR: [VivifyError.code]}
    kinds: tuple[type[VivifyError], ...] = (*_ALL, *_OWN[operation_id])
    for kind in kinds:
        codes.setdefault(STATUS[kind], []).append(kind.code)
    return {str(int(status)): _refusal(status, codes.get(status, [])) for status in sorted({*codes, *_BY_GATEWAY})}


def _refusal(status: HTTPStatus, codes: list[str]) -> dict[str, Any]:
    bodies = (["ErrorBody"] if codes else []) + (["GatewayMessage"] if status in _BY_GATEWAY else [])
    schemas = [{"$ref": _SCHEMA + body} for body in bodies]
    told = ", ".join(codes + (["the gateway's own"] if status in _BY_GATEWAY else []))
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    return {"description": f"{status.phrase}: {told}", "content": {"application/json": {"schema": schema}}}
