"""The issuer of bearer tokens on this machine, and the checks that API Gateway's JWT authorizer makes of them.

A stand-in for the identity provider that a deployment names with JwtIssuer: it gives a token for any subject to whoever asks
on loopback. API Gateway would fetch the issuer's public key; here both have it. Only RSA, as there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

Claims = dict[str, Any]


@dataclass(frozen=True)
class JwtAuthorizer:
    """A template's JWT authorizer: whose tokens, for whom."""

    issuer: str
    audience: tuple[str, ...]


class Issuer:
    """Signs with a key made when it is made."""

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, {"kid": "local", "use": "sig", "alg": "RS256"})

    def token(self, subject: str, authorizer: JwtAuthorizer, **claims: Any) -> str:
        """A token for ``subject``, good for an hour unless ``claims`` say otherwise."""
        now = int(time.time())
        usual = {"iss": authorizer.issuer, "aud": authorizer.audience[0], "sub": subject, "iat": now, "exp": now + 3600}
        return jwt.encode({"alg": "RS256", "kid": "local"}, {**usual, **claims}, self._key)

    def check(self, token: str, authorizer: JwtAuthorizer) -> Claims | None:
        """The claims of a token that API Gateway would let in, None for any other."""
        try:
            decoded = jwt.decode(token, self._key, algorithms=["RS256", "RS384", "RS512"])
            jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": authorizer.issuer},
                exp={"essential": True},
            ).validate(decoded.claims)
        except (JoseError, ValueError):
            return None
        audience = decoded.claims.get("aud", decoded.claims.get("client_id"))
        given = [audience] if isinstance(audience, str) else audience or []
        return dict(decoded.claims) if set(given) & set(authorizer.audience) else None
