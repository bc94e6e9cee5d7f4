"""What S3 enforces on presigned requests and moto does not: signature, expiry, and a POST policy's conditions.

Answers carry the status, code and message that S3 gives, so that a client's error handling is tested too.
Only Signature Version 4: every bucket made since June 2020 refuses Version 2.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, unquote
from xml.sax.saxutils import escape

from .settings import REGION, Credential

_WEEK = 604800
_SKEW = timedelta(minutes=15)
_QUERY_FIELDS = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
)
# Form fields that need no condition in the policy.
_FREE_FIELDS = {"policy", "x-amz-signature", "file"}
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your key and signing method."
)


@dataclass(frozen=True)
class Refusal:
    """An error answer of S3."""

    status: int
    code: str
    message: str
    details: tuple[tuple[str, str], ...] = ()

    def body(self) -> bytes:
        """The XML document S3 sends."""
        fields = [("Code", self.code), ("Message", self.message), *self.details]
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()


@dataclass(frozen=True)
class PresignedRequest:
    """A request whose query string signs it. ``path`` and ``query`` as sent (still percent-encoded), headers lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


def signing_key(secret: str, date: str, region: str) -> bytes:
    """The day's key of Signature Version 4 for S3."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def is_presigned(query: str) -> bool:
    """Whether a query string tries to sign the request, with either version."""
    names = {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)}
    return any(n.startswith("x-amz-") and n in _LOWER_QUERY_FIELDS for n in names) or "signature" in names


_LOWER_QUERY_FIELDS = {name.lower() for name in _QUERY_FIELDS}


def check_query(request: PresignedRequest, credentials: Mapping[str, Credential], now: datetime) -> Refusal | None:
    """None when S3 would let a presigned GET, PUT, HEAD or DELETE pass."""
    pairs = parse_qsl(request.query, keep_blank_values=True)
    fields = dict(pairs)
    if "Signature" in fields:
        return _only_version_4()
    if any(name not in fields for name in _QUERY_FIELDS):
        message = f"Query-string authentication version 4 requires the {', '.join(_QUERY_FIELDS)} parameters."
        return Refusal(400, "AuthorizationQueryParametersError", message)
    signer = _signer(fields["X-Amz-Credential"], credentials)
    if isinstance(signer, Refusal):
        return signer
    credential, date, region = signer
    if region != REGION:
        message = f"Error parsing the X-Amz-Credential parameter; the region '{region}' is wrong; expecting '{REGION}'"
        return Refusal(400, "AuthorizationQueryParametersError", message)
    times = _validity(fields["X-Amz-Date"], fields["X-Amz-Expires"])
    if isinstance(times, Refusal):
        return times
    signed_at, expires_at = times
    if signed_at > now + _SKEW:
        return Refusal(403, "AccessDenied", "Request is not yet valid")
    if now > expires_at:
        details = (
            ("X-Amz-Expires", fields["X-Amz-Expires"]),
            ("Expires", _zulu(expires_at)),
            ("ServerTime", _zulu(now)),
        )
        return Refusal(403, "AccessDenied", "Request has expired", details)
    signed_headers = fields["X-Amz-SignedHeaders"].split(";")
    unsigned = sorted(h for h in request.headers if h.startswith("x-amz-") and h not in signed_headers)
    if unsigned:
        message = "There were headers present in the request which were not signed"
        return Refusal(403, "AccessDenied", message, (("HeadersNotSigned", ", ".join(unsigned)),))
    text = _string_to_sign(request, pairs, signed_headers, f"{date}/{region}/s3/aws4_request")
    expected = hmac.new(signing_key(credential.secret_key, date, region), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, fields["X-Amz-Signature"]):
        return Refusal(403, "SignatureDoesNotMatch", _MISMATCH)
    return _check_token(credential, fields.get("X-Amz-Security-Token"))


def _string_to_sign(
    request: PresignedRequest, pairs: Sequence[tuple[str, str]], signed_headers: Sequence[str], scope: str
) -> str:
    encoded = sorted((quote(k, safe="~"), quote(v, safe="~")) for k, v in pairs if k != "X-Amz-Signature")
    headers = "".join(f"{h}:{' '.join(request.headers.get(h, '').split())}\n" for h in signed_headers)
    canonical = "\n".join(
        [
            request.method,
            quote(unquote(request.path), safe="/~"),
            "&".join(f"{k}={v}" for k, v in encoded),
            headers,
            ";".join(signed_headers),
            request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ]
    )
    signed_at = dict(pairs)["X-Amz-Date"]
    return "\n".join(["AWS4-HMAC-SHA256", signed_at, scope, hashlib.sha256(canonical.encode()).hexdigest()])


def check_post(
    bucket: str,
    fields: Mapping[str, str],
    size: int | None,
    credentials: Mapping[str, Credential],
    now: datetime,
) -> Refusal | None:
    """None when S3 would let a browser upload pass.

    ``fields``: the form without the file, names as sent. ``size``: bytes of the file, None when the form has no file.
    """
    form = {name.lower(): value for name, value in fields.items()}
    if "policy" not in form:
        return Refusal(403, "AccessDenied", "Access Denied")
    if "signature" in form:
        return _only_version_4()
    for name in ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"):
        if name not in form:
            return Refusal(400, "InvalidArgument", f"Bucket POST must contain a field named '{name}'.")
    signer = _signer(form["x-amz-credential"], credentials)
    if isinstance(signer, Refusal):
        return signer
    credential, date, region = signer
    key = signing_key(credential.secret_key, date, region)
    expected = hmac.new(key, form["policy"].encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, form["x-amz-signature"]):
        return Refusal(403, "SignatureDoesNotMatch", _MISMATCH)
    if refusal := _check_token(credential, form.get("x-amz-security-token")):
        return refusal
    if size is None:
        return Refusal(400, "InvalidArgument", "POST requires exactly one file upload per request.")
    try:
        policy = json.loads(base64.b64decode(form["policy"], validate=True))
        expires_at = datetime.fromisoformat(policy["expiration"])
        conditions = [_condition(c) for c in policy["conditions"]]
    except (ValueError, KeyError, TypeError):
        return Refusal(400, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON.")
    if now > expires_at:
        return Refusal(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
    return _check_conditions(conditions, {**form, "bucket": bucket}, size)


def _condition(raw: Any) -> tuple[str, Any, Any]:
    """(operator, field or lower bound, value or upper bound), whichever of the two spellings the policy used."""
    if isinstance(raw, dict):
        ((name, value),) = raw.items()
        return ("eq", str(name).lower(), value)
    operator, left, right = raw
    if operator == "content-length-range":
        return (operator, int(left), int(right))
    if operator not in ("eq", "starts-with"):
        raise ValueError(operator)
    return (operator, str(left).removeprefix("$").lower(), right)


def _check_conditions(conditions: Sequence[tuple[str, Any, Any]], form: Mapping[str, str], size: int) -> Refusal | None:
    named = {left for operator, left, _ in conditions if operator != "content-length-range"}
    for operator, left, right in conditions:
        if operator == "content-length-range":
            continue
        got = form.get(left, "")
        if got != right if operator == "eq" else not got.startswith(right):
            shown = json.dumps([operator, f"${left}", right])
            message = f"Invalid according to Policy: Policy Condition failed: {shown}"
            return Refusal(403, "AccessDenied", message)
    extra = sorted(
        n for n in form if n not in named and n not in _FREE_FIELDS | {"bucket"} and not n.startswith("x-ignore-")
    )
    if extra:
        return Refusal(403, "AccessDenied", f"Invalid according to Policy: Extra input fields: {', '.join(extra)}")
    for operator, low, high in conditions:
        if operator != "content-length-range":
            continue
        if size > high:
            details = (("ProposedSize", str(size)), ("MaxSizeAllowed", str(high)))
            return Refusal(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", details)
        if size < low:
            details = (("ProposedSize", str(size)), ("MinSizeAllowed", str(low)))
            message = "Your proposed upload is smaller than the minimum allowed size"
            return Refusal(400, "EntityTooSmall", message, details)
    return None


def _signer(scope: str, credentials: Mapping[str, Credential]) -> tuple[Credential, str, str] | Refusal:
    """Whose key signed, for which day and which region, as the credential's scope says."""
    parts = scope.split("/")
    if len(parts) != 5 or parts[3:] != ["s3", "aws4_request"]:
        message = 'Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "<YOUR-AKID>'
        message += '/YYYYMMDD/REGION/SERVICE/aws4_request".'
        return Refusal(400, "AuthorizationQueryParametersError", message)
    access_key, date, region = parts[:3]
    credential = credentials.get(access_key)
    return _unknown_key(access_key) if credential is None else (credential, date, region)


def _validity(signed_at: str, seconds: str) -> tuple[datetime, datetime] | Refusal:
    code = "AuthorizationQueryParametersError"
    try:
        start = datetime.strptime(signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return Refusal(400, code, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    if not seconds.isdigit():
        return Refusal(400, code, "X-Amz-Expires should be a number")
    if int(seconds) > _WEEK:
        message = "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less"
        return Refusal(400, code, f"{message} than {_WEEK} seconds")
    return start, start + timedelta(seconds=int(seconds))


def _check_token(credential: Credential, token: str | None) -> Refusal | None:
    if credential.session_token and token is None:
        return _unknown_key(credential.access_key)
    if token != credential.session_token:
        return Refusal(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    return None


def _unknown_key(access_key: str) -> Refusal:
    message = "The AWS Access Key Id you provided does not exist in our records."
    return Refusal(403, "InvalidAccessKeyId", message, (("AWSAccessKeyId", access_key),))


def _only_version_4() -> Refusal:
    message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
    return Refusal(400, "InvalidRequest", message)


def _zulu(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
