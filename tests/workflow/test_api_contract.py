"""The running API against its own OpenAPI document, by a client that makes up requests: what the document allows, and not.

make api    asks much more
"""

from __future__ import annotations

import os

import pytest
import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings

from infra.local.settings import PERSON, REGION

from .journey import Journey

EXAMPLES = int(os.environ.get("API_EXAMPLES", "8"))  # of each operation
OPERATIONS = (
    ("POST", "/v1/clips"),
    ("GET", "/v1/clips"),
    ("GET", "/v1/clips/{clip_id}"),
    ("DELETE", "/v1/clips/{clip_id}"),
)


class Signed(requests.auth.AuthBase):
    """Signs as the local stack's person."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        kept = {name: value for name, value in request.headers.items() if name.lower() in ("content-type", "host")}
        signed = AWSRequest(request.method, request.url, headers=kept, data=body)
        SigV4Auth(Credentials(PERSON.access_key, PERSON.secret_key), "execute-api", REGION).add_auth(signed)
        request.headers.update(dict(signed.headers))
        return request


@pytest.fixture(scope="module")
def document(journey: Journey) -> schemathesis.BaseSchema:
    """The document as the stack serves it."""
    loaded = schemathesis.openapi.from_dict(journey.client.call("GET", "/v1/openapi.json"))
    loaded.config.update(base_url=journey.client.endpoint)
    return loaded


@pytest.mark.parametrize("mode", schemathesis.GenerationMode)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_api_keeps_to_its_document(
    document: schemathesis.BaseSchema, method: str, path: str, mode: schemathesis.GenerationMode
) -> None:
    """Requests that the document allows are taken, others are refused; every answer is one that the document knows."""
    cases = document[path][method].as_strategy(generation_mode=mode)

    @given(case=cases)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(auth=Signed())

    ask()
