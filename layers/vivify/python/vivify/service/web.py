"""JSON in and out of HTTP API events (payload format 2.0)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from vivify.errors import ClipNotFound, CloudUnavailable, UsageError, VivifyError

_STATUS: dict[type[VivifyError], int] = {UsageError: 400, ClipNotFound: 404, CloudUnavailable: 503}


def json_body(event: Mapping[str, Any]) -> dict[str, Any]:
    """The request's JSON object; an empty body is an empty object. Raises UsageError."""
    body = event.get("body") or ""
    try:
        text = base64.b64decode(body, validate=True).decode() if event.get("isBase64Encoded") else body
        parsed = json.loads(text) if text.strip() else {}
    except (ValueError, binascii.Error) as error:
        raise UsageError("The body is not JSON.") from error
    if not isinstance(parsed, dict):
        raise UsageError("The body must be a JSON object.")
    return parsed


def answer(status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """An HTTP answer. Answers hold links that expire, so nobody may keep them."""
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def refusal(error: VivifyError) -> dict[str, Any]:
    """The HTTP answer that tells ``error``: its code and its public message. What is our own fault stays vague."""
    status = _STATUS.get(type(error), 500)
    message = error.message if status != 500 else "Something failed on our side."
    return answer(status, {"error": {"code": error.code, "message": message, "retryable": error.retryable}})
