"""Requests to the API as an attacker sends them, and an API behind which no AWS ever answers."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from botocore.exceptions import EndpointConnectionError
from hypothesis import strategies as st

from tests.fuzz import documents
from vivify.errors import RequestInvalid

ROOT = Path(__file__).resolve().parents[2]
REQUEST = {
    "content_type": "image/jpeg",
    "motions": ["nod", "blink"],
    "seconds": 3,
    "fps": 25,
    "strength": 1,
    "size": "native",
    "frame": "photo",
    "faces": "all",
    "loop": False,
    "repair": "off",
    "driver_content_type": None,
    "notify": {"webhook": "https://example.org/hook"},
}
METADATA = {
    "vivify-motions": "nod,blink",
    "vivify-seconds": "3",
    "vivify-size": "1080",
    "vivify-webhook": "https://example.org",
}

_TEXT = st.text(max_size=60)
_BODIES = st.one_of(
    documents.nearly(REQUEST).map(json.dumps),
    documents.ANY_JSON.map(json.dumps),
    _TEXT,
    st.integers(1, 40_000).map(lambda depth: "[" * depth),
)
_PATHS = st.one_of(
    st.sampled_from(("/v1/clips", "/v1/clips/c0123456789abcdef012345678", "/v1/openapi.json", "/v1/clips/../clips")),
    _TEXT.map(lambda text: f"/v1/clips/{text}"),
)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """A captured event with another body, encoding, method, path, query, key or caller."""
    event: dict[str, Any] = json.loads((ROOT / "events/http_create_clip.json").read_text())
    body, encoded = draw(_BODIES), draw(st.booleans())
    event["body"] = base64.b64encode(body.encode("utf-8", "surrogatepass")).decode() if encoded else body
    event["isBase64Encoded"] = encoded ^ draw(st.sampled_from((False, False, False, True)))
    if draw(st.booleans()):
        event["headers"]["idempotency-key"] = draw(_TEXT)
    if draw(st.sampled_from((False, False, True))):
        method, path = draw(st.sampled_from(("GET", "DELETE", "POST", "PATCH"))), draw(_PATHS)
        event["rawPath"], event["routeKey"] = path, f"{method} {path}"
        event["requestContext"]["http"] |= {"method": method, "path": path}
        query = draw(st.dictionaries(st.sampled_from(("limit", "cursor", "x")), _TEXT, max_size=3))
        event["queryStringParameters"] = query
    return event


def metadata() -> st.SearchStrategy[dict[str, str]]:
    """What S3 says of a dropped object: names and values are anybody's."""
    known = (*METADATA, "vivify-", "vivify-loop", "vivify-faces", "vivify-driver", "other")
    names = st.one_of(st.sampled_from(known), _TEXT)
    values = st.one_of(_TEXT, st.sampled_from(("nan", "1e400", "-1", "true", "[]", "nod," * 50, "9" * 5000, "drivers/x")))
    return st.dictionaries(names, values, max_size=6).map(lambda changes: METADATA | changes)


def ask(event: dict[str, Any]) -> object:
    """The API's answer. Raises RequestInvalid where it refuses, AssertionError where the fault would be ours."""
    with _nobody_there():
        answer = _api()(event, None)
    status, body = answer["statusCode"], answer.get("body") or "{}"
    assert status != 500, body
    assert isinstance(json.loads(body), dict), body
    if 400 <= status < 500:
        raise RequestInvalid("refused")
    return answer


@cache
def _api() -> Any:
    from vivify.api.app import build
    from vivify.cloud import settings

    names = ("table_name", "callers_table", "uploads_bucket", "work_bucket", "clips_bucket", "state_machine_arn", "docs_url")
    return build(settings.ServeApi(**dict.fromkeys(names, "x"), link_role="x"))


@contextmanager
def _nobody_there() -> Iterator[None]:
    """Without AWS, and without a hundred thousand lines of log; afterwards all is as it was."""
    from vivify.cloud import aws

    session, aws.session = aws.session, _Nobody  # type: ignore[assignment]
    aws.client.cache_clear()
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        aws.session = session
        aws.client.cache_clear()


class _Nobody:
    """In place of boto3's session: every client's every call finds nobody there."""

    def client(self, *_: object, **__: object) -> _Nobody:
        return self

    def __getattr__(self, name: str) -> Any:
        def call(*_: object, **__: object) -> None:
            raise EndpointConnectionError(endpoint_url="https://example.org")

        return call
