"""Links to a clip: signed by whom they should be, and ending when they say."""

from __future__ import annotations

import base64
import datetime as dt
import json
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from vivify.cloud import aws, keys, signed_urls
from vivify.cloud.keys import SECRET_SECONDS
from vivify.errors import CloudError

from .stack import Stack

ROLE = "arn:aws:iam::123456789012:role/links"
SOON = dt.timedelta(seconds=2)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def _at(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """So late it is by the wall's clock; no time has passed by the process's own."""
    monkeypatch.setattr(keys, "time", SimpleNamespace(time=lambda: seconds, monotonic=lambda: 0.0))


def test_a_short_link_ends_as_asked(stack: Stack) -> None:
    """A link for ten minutes, signed with the credentials of the role that was taken for it and none of our own."""
    link = signed_urls.through_s3("clips", "clips/x/clip.mp4", 600, ROLE)
    query = query_of(link.url)
    assert query["X-Amz-Expires"] == "600"
    assert query["X-Amz-Credential"].split("/")[0] != "AKIAEXAMPLE"
    assert query["X-Amz-Security-Token"] != "token"
    assert dt.timedelta(0) <= now() + dt.timedelta(seconds=600) - link.expires_at < SOON
    assert link.expires_at.microsecond == 0


def test_a_long_link_ends_with_the_credentials(stack: Stack) -> None:
    """Asked for twelve hours, a link tells the hour after which the role's credentials, and with them its signature, end."""
    link = signed_urls.through_s3("clips", "clips/x/clip.mp4", 43_200, ROLE)
    assert dt.timedelta(0) <= now() + dt.timedelta(seconds=3600) - link.expires_at < SOON


def test_credentials_are_taken_anew_at_half_their_life(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within half an hour the same credentials sign; after it others do, so that a link never has less than that left:
    not even by a function that Lambda froze meanwhile, whose own clock stood still.
    """

    def signer(minutes: int) -> str:
        _at(monkeypatch, 60.0 * minutes)
        return query_of(signed_urls.through_s3("clips", "k", 600, ROLE).url)["X-Amz-Credential"].split("/")[0]

    assert signer(0) == signer(29)
    assert signer(29) != signer(30)


def link_secret(key_pair_id: str) -> tuple[str, rsa.RSAPublicKey]:
    """A key pair as its owner would put it into Secrets Manager, and its public half."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = pem(key)
    held = json.dumps({"key_pair_id": key_pair_id, "private_key": text})
    arn = boto3.client("secretsmanager").create_secret(Name=f"key-{key_pair_id}", SecretString=held)["ARN"]
    return arn, key.public_key()


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


def test_cloudfront_can_verify_its_links(stack: Stack) -> None:
    """The public key verifies the signature over CloudFront's canned policy: this very URL, until exactly expires_at."""
    arn, public = link_secret("K2JCJMDEHXQW5F")
    link = signed_urls.through_cloudfront("d111.cloudfront.net", "clips/x/clip.mp4", 86_400, arn)
    plain, _, _ = link.url.partition("?")
    query = query_of(link.url)
    ends = int(link.expires_at.timestamp())
    assert plain == "https://d111.cloudfront.net/clips/x/clip.mp4"
    assert (query["Key-Pair-Id"], query["Expires"]) == ("K2JCJMDEHXQW5F", str(ends))
    assert dt.timedelta(0) <= now() + dt.timedelta(days=1) - link.expires_at < SOON
    condition = {"DateLessThan": {"AWS:EpochTime": ends}}
    policy = json.dumps({"Statement": [{"Resource": plain, "Condition": condition}]}, separators=(",", ":"))
    signature = base64.b64decode(query["Signature"].translate(str.maketrans("-_~", "+=/")))
    public.verify(signature, policy.encode(), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - CloudFront's choice


def test_a_rotated_key_is_used_within_five_minutes(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Id and key change together, in one secret, and nobody restarts anything."""
    arn, _ = link_secret("OLD")
    _at(monkeypatch, 0.0)
    assert query_of(signed_urls.through_cloudfront("d", "k", 60, arn).url)["Key-Pair-Id"] == "OLD"
    held = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    rotated = json.dumps({**held, "key_pair_id": "NEW"})
    boto3.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=rotated)
    _at(monkeypatch, float(SECRET_SECONDS))
    assert query_of(signed_urls.through_cloudfront("d", "k", 60, arn).url)["Key-Pair-Id"] == "NEW"


def test_a_key_of_another_kind_is_refused(stack: Stack) -> None:
    """A key that cannot make the signature CloudFront takes is an error of ours, not a link that fails its holder."""
    held = json.dumps({"key_pair_id": "K", "private_key": pem(ec.generate_private_key(ec.SECP256R1()))})
    arn = boto3.client("secretsmanager").create_secret(Name="ec", SecretString=held)["ARN"]
    with pytest.raises(CloudError, match="RSA"):
        signed_urls.through_cloudfront("d", "k", 60, arn)


def test_a_role_that_may_not_be_taken(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where STS refuses, so do we, in our own words and without the role's name."""

    def refuse(**_: object) -> None:
        from botocore.exceptions import ClientError

        raise ClientError({"Error": {"Code": "AccessDenied", "Message": ROLE}}, "AssumeRole")

    monkeypatch.setattr(aws.client("sts"), "assume_role", refuse)
    with pytest.raises(CloudError) as caught:
        signed_urls.through_s3("clips", "k", 60, ROLE)
    assert ROLE not in caught.value.message
