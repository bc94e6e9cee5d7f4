"""API Gateway's HTTP API (payload format 2.0): the template's routes, each a Lambda invocation."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qs

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .lambda_worker import Outcome
from .settings import ACCOUNT, REGION, Credential
from .tokens import Issuer, JwtAuthorizer

MAX_BODY = 10 * 1024 * 1024
Answer = tuple[int, list[tuple[str, str]], bytes]


@dataclass(frozen=True)
class Route:
    """``POST /v1/clips`` to a function; ``{name}`` in the path matches one segment, ``{name+}`` all that are left.

    ``authorizer``: who is let through; of requests with a bearer token, only a JWT authorizer's route is asked.
    """

    method: str
    path: str
    function: str
    authorizer: JwtAuthorizer | Literal["IAM"]

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The path's parameters, or None."""
        pattern = re.sub(r"\\{(\w+)(\\\+)?\\}", lambda m: f"(?P<{m[1]}>{'.+' if m[2] else '[^/]+'})", re.escape(self.path))
        found = re.fullmatch(pattern, path, re.DOTALL)
        return found.groupdict() if found and self.method in (method, "ANY") else None

    def precedence(self) -> tuple[bool, bool]:
        """API Gateway's order: a full match before a greedy one, a method before ANY."""
        return "+}" in self.path, self.method == "ANY"


@dataclass(frozen=True)
class ApiRequest:
    """A request to the API; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class HttpApi:
    """All routes of the stack."""

    def __init__(
        self,
        routes: tuple[Route, ...],
        invoke: Callable[[str, bytes], Outcome],
        credentials: Mapping[str, Credential],
        issuer: Issuer,
    ) -> None:
        self._routes = sorted(routes, key=Route.precedence)
        self._invoke = invoke
        self._credentials = credentials
        self._issuer = issuer
        self._roots = {route.path.split("/")[1] for route in routes}

    def owns(self, path: str, authorization: str) -> bool:
        """Whether a request is the API's, and not AWS's own on the same port.

        The path alone does not tell: AWS Batch has a /v1 too. Who signed for another service means that one.
        """
        for_aws = authorization.startswith("AWS4-HMAC-SHA256") and "/execute-api/" not in authorization
        return not for_aws and path.split("/")[1] in self._roots

    def answer(self, request: ApiRequest) -> Answer:
        """Status, headers and body, as API Gateway gives them."""
        bearer = request.headers.get("authorization", "").startswith("Bearer ")
        for route in self._routes:
            parameters = route.match(request.method, request.path)
            if parameters is None or bearer != isinstance(route.authorizer, JwtAuthorizer):
                continue
            if len(request.body) > MAX_BODY:
                return _message(413, "Request Entity Too Large")
            authorized = self._authorized(route, request)
            if authorized is None:
                return _message(401, "Unauthorized") if bearer else _message(403, "Forbidden")
            event = json.dumps(_event(route, request, parameters, authorized)).encode()
            return _response(self._invoke(route.function, event))
        return _message(404, "Not Found")

    def _authorized(self, route: Route, request: ApiRequest) -> dict[str, Any] | None:
        """What the authorizer tells the function of the caller; None where it lets nobody through."""
        authorization = request.headers.get("authorization", "")
        if isinstance(route.authorizer, JwtAuthorizer):
            claims = self._issuer.check(authorization.removeprefix("Bearer "), route.authorizer)
            return claims and {"jwt": {"claims": {name: str(value) for name, value in claims.items()}, "scopes": None}}
        if not signed_for_api(request, self._credentials):
            return None
        caller = self._credentials[authorization.split("Credential=")[1].split("/")[0]]
        return {
            "iam": {
                "accessKey": caller.access_key,
                "accountId": ACCOUNT,
                "callerId": caller.user_id,
                "userArn": f"arn:aws:iam::{ACCOUNT}:user/{caller.user_id}",
                "userId": caller.user_id,
            }
        }

    def token(self, subject: str) -> str:
        """A bearer token for ``subject`` that the template's JWT authorizer takes."""
        return self._issuer.token(
            subject, next(r.authorizer for r in self._routes if isinstance(r.authorizer, JwtAuthorizer))
        )


def signed_for_api(request: ApiRequest, credentials: Mapping[str, Credential]) -> bool:
    """Whether the Authorization header is a good Signature Version 4 for this very request, not older than 5 minutes."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/([\w-]+)/execute-api/aws4_request, ?"
        r"SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})",
        request.headers.get("authorization", ""),
    )
    if found is None or found[1] not in credentials or found[3] != REGION:
        return False
    credential = credentials[found[1]]
    stamp = request.headers.get("x-amz-date", "")
    try:
        age = datetime.now(UTC) - datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    if abs(age.total_seconds()) > 300 or request.headers.get("x-amz-security-token") != credential.session_token:
        return False
    url = f"http://{request.headers.get('host', '')}{request.path}" + (f"?{request.query}" if request.query else "")
    headers = {name: request.headers.get(name, "") for name in found[4].split(";")}
    again = AWSRequest(method=request.method, url=url, headers=headers, data=request.body)
    again.context["timestamp"] = stamp
    signer = SigV4Auth(Credentials(credential.access_key, credential.secret_key), "execute-api", REGION)
    text = signer.string_to_sign(again, signer.canonical_request(again))
    return bool(signer.signature(text, again) == found[5])


def _event(route: Route, request: ApiRequest, parameters: dict[str, str], authorized: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    try:
        body, encoded = request.body.decode(), False
    except UnicodeDecodeError:
        body, encoded = base64.b64encode(request.body).decode(), True
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": "local",
        "authorizer": authorized,
        "domainName": request.headers.get("host", ""),
        "domainPrefix": "local",
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": f"{route.method} {route.path}",
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(time.time() * 1000),
    }
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{route.method} {route.path}",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": dict(request.headers),
        "requestContext": context,
        "isBase64Encoded": encoded,
    }
    if request.query:
        values: dict[str, list[str]] = parse_qs(request.query, keep_blank_values=True)
        event["queryStringParameters"] = {name: ",".join(given) for name, given in values.items()}
    if parameters:
        event["pathParameters"] = parameters
    if body:
        event["body"] = body
    return event


def _response(outcome: Outcome) -> Answer:
    if outcome.error:
        return _message(500, "Internal Server Error")
    answer = json.loads(outcome.payload)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return 200, [("Content-Type", "application/json")], json.dumps(answer).encode()
    body = answer.get("body") or ""
    raw = base64.b64decode(body) if answer.get("isBase64Encoded") else str(body).encode()
    headers = [(str(k), str(v)) for k, v in (answer.get("headers") or {}).items()]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/plain; charset=utf-8"))
    return int(answer["statusCode"]), headers, raw


def _message(status: int, text: str) -> Answer:
    return status, [("Content-Type", "application/json")], json.dumps({"message": text}).encode()
