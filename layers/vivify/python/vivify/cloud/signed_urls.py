"""Signed links to a clip's objects, each with the moment it really ends."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from botocore.signers import CloudFrontSigner

from vivify.cloud import keys
from vivify.cloud.aws import S3_CONFIG, calls, client, session

# The longest that a role taken by a role may last, and how often we take it anew: what is left is never less than half.
_ROLE_SECONDS, _TAKEN_FOR = 3600, 1800


@dataclass(frozen=True)
class SignedUrl:
    """A link that anybody may follow until ``expires_at`` (UTC, whole seconds)."""

    url: str
    expires_at: dt.datetime


def through_s3(bucket: str, key: str, seconds: int, role_arn: str) -> SignedUrl:
    """Signed with the role's own short-lived credentials: good for ``seconds`` or as long as those live, the shorter.

    A function's credentials do not say when they end, and whatever they sign ends with them; a role taken for this says.
    """
    with calls("sign a link"):
        s3, credentials_end = _taken(role_arn, keys.period(_TAKEN_FOR))
        ends = _from_now(seconds)
        url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=seconds)
    return SignedUrl(url, min(ends, credentials_end))


def through_cloudfront(domain: str, key: str, seconds: int, secret_arn: str) -> SignedUrl:
    """Signed with the key group's RSA key: good for ``seconds``, whoever's credentials end before.

    The secret is ``{"key_pair_id", "private_key"}`` (PEM) in JSON: id and key change in one step. Raises CloudError.
    """
    held = json.loads(keys.secret(secret_arn))
    ends = _from_now(seconds)
    signer = CloudFrontSigner(held["key_pair_id"], lambda message: keys.sign_rsa_sha1(held["private_key"], message))
    return SignedUrl(signer.generate_presigned_url(f"https://{domain}/{key}", date_less_than=ends), ends)


def _from_now(seconds: int) -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=seconds)


@lru_cache(maxsize=1)
def _taken(role_arn: str, _period: int) -> tuple[Any, dt.datetime]:
    """An S3 client with the role's credentials, and when they end."""
    answer = client("sts").assume_role(RoleArn=role_arn, RoleSessionName="links", DurationSeconds=_ROLE_SECONDS)
    taken = answer["Credentials"]
    s3 = session().client(
        "s3",
        config=S3_CONFIG,
        aws_access_key_id=taken["AccessKeyId"],
        aws_secret_access_key=taken["SecretAccessKey"],
        aws_session_token=taken["SessionToken"],
    )
    return s3, taken["Expiration"].astimezone(dt.UTC).replace(microsecond=0)
