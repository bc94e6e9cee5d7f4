"""Secrets and keys: what Secrets Manager keeps, and signing with a key that never leaves KMS."""

from __future__ import annotations

import time
from functools import lru_cache

from botocore.exceptions import ClientError

from vivify.cloud.aws import calls, client
from vivify.errors import CloudError

# A rotated secret is in use everywhere this many seconds later at the latest; until then the old one must stay valid.
SECRET_SECONDS = 300


def period(seconds: int) -> int:
    """The number of the period of so many ``seconds`` in which we are: what is kept for as long is kept under it.

    By the wall's clock: the other one stands still while Lambda has frozen a function that nobody calls.
    """
    return int(time.time()) // seconds


def secret(arn: str) -> str:
    """The secret's current text, read at most once in five minutes."""
    return _secret(arn, period(SECRET_SECONDS))


@lru_cache(maxsize=8)
def _secret(arn: str, _period: int) -> str:
    with calls("read a secret"):
        text: str = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        return text


def rotating_secret(arn: str, overlap_seconds: int) -> list[str]:
    """The secret's current text and, for so long after it was changed, the one before; read once in five minutes."""
    return list(_rotating_secret(arn, overlap_seconds, period(SECRET_SECONDS)))


@lru_cache(maxsize=8)
def _rotating_secret(arn: str, overlap_seconds: int, _period: int) -> tuple[str, ...]:
    with calls("read a secret"):
        current = client("secretsmanager").get_secret_value(SecretId=arn)
        if time.time() - current["CreatedDate"].timestamp() > overlap_seconds:
            return (current["SecretString"],)
        try:
            previous = client("secretsmanager").get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return (current["SecretString"],)  # never changed yet
            raise
        return (current["SecretString"], previous["SecretString"])


def sign_es256(key_arn: str, data: bytes) -> bytes:
    """ECDSA over P-256 and SHA-256 with the KMS key ``key_arn``: r and s of 32 bytes each, big-endian."""
    with calls("sign with a key"):
        answer = client("kms").sign(KeyId=key_arn, Message=data, MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")
    return _r_and_s(answer["Signature"])


def sign_rsa_sha1(private_key: str, data: bytes) -> bytes:
    """PKCS #1 v1.5 over SHA-1 with an RSA key in PEM: the one signature that CloudFront's signed URLs take of RSA keys."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = serialization.load_pem_private_key(private_key.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise CloudError("The key that signs links must be an RSA key.")
    return key.sign(data, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - CloudFront's choice


def _r_and_s(der: bytes) -> bytes:
    """KMS answers in DER, a sequence of two integers; COSE takes the two side by side (RFC 9053, section 2.1)."""
    split = 4 + der[3]
    r, s = int.from_bytes(der[4:split]), int.from_bytes(der[split + 2 :])
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
