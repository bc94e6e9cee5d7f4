"""What is looked at before any route: who is calling, and whether the body is JSON at all."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from vivify.errors import BodyNotJson, BodyTooLarge, BodyUnreadable, NotAuthenticated

MAX_BODY = 16 * 1024  # bytes of JSON
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def caller_of(event: Mapping[str, Any]) -> str:
    """Who the gateway's authorizer says is calling. Raises NotAuthenticated where none has.

    Of IAM it is the unique id, which unlike a name is never given out twice, and which S3's events tell too
    (vivify.service.photo_events): who drops a photo owns its clip. Of a token, the subject and who issued it.
    """
    authorizer = event["requestContext"].get("authorizer") or {}
    if user_id := (authorizer.get("iam") or {}).get("userId"):
        return f"iam:{user_id}"
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    if claims.get("sub") and claims.get("iss"):
        return f"jwt:{claims['sub']}@{claims['iss']}"
    raise NotAuthenticated("Sign the request with AWS Signature Version 4, or send a bearer token.")


def check_body(event: Mapping[str, Any]) -> None:
    """Raises BodyNotJson, BodyTooLarge or BodyUnreadable. An absent body is the schema's business."""
    if event["requestContext"]["http"]["method"] not in _WITH_BODY:
        return
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    if headers.get("content-type", "").split(";")[0].strip() != "application/json":  # as powertools writes it, too
        raise BodyNotJson("The body is JSON: send content-type: application/json.")
    body = event.get("body") or ""
    try:
        data = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
        if fits := len(data) <= MAX_BODY:
            json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise BodyUnreadable("The body is not JSON. Send one JSON object, in UTF-8.") from error
    if not fits:
        raise BodyTooLarge(f"The body may have {MAX_BODY // 1024} KB. Photos are uploaded with the form, not here.")
