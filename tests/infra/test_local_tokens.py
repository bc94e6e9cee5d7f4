"""The local stand-in for API Gateway's JWT authorizer lets in what that would, and nothing else."""

from __future__ import annotations

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from infra.local.tokens import Issuer, JwtAuthorizer

AUTHORIZER = JwtAuthorizer("https://issuer.example", ("vivify",))


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


def test_a_good_token(issuer: Issuer) -> None:
    """Its claims are told, whether the audience is a text, a list or a client's id."""
    claims = issuer.check(issuer.token("me", AUTHORIZER), AUTHORIZER)
    assert claims is not None
    assert (claims["sub"], claims["iss"]) == ("me", "https://issuer.example")
    assert issuer.check(issuer.token("me", AUTHORIZER, aud=["other", "vivify"]), AUTHORIZER)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"nbf": int(time.time()) + 86400},  # counted from when tests are collected
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": []},
    ],
)
def test_a_token_for_something_else(issuer: Issuer, claims: dict[str, Any]) -> None:
    """Over, not yet good, of another issuer, or for another audience: refused."""
    assert issuer.check(issuer.token("me", AUTHORIZER, **claims), AUTHORIZER) is None


def test_a_forged_token(issuer: Issuer) -> None:
    """Signed by another key, by a shared secret, by nobody, or no token at all: refused."""
    claims = {"iss": AUTHORIZER.issuer, "aud": "vivify", "sub": "me", "exp": int(time.time()) + 600}
    shared = jwt.encode({"alg": "HS256"}, claims, OctKey.generate_key(256))
    header, payload, _ = issuer.token("me", AUTHORIZER).split(".")
    for token in (Issuer().token("me", AUTHORIZER), shared, f"{header}.{payload}.", "", "a.b.c", "é"):
        assert issuer.check(token, AUTHORIZER) is None
