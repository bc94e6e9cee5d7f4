"""Content Credentials: what is published is signed by the owner's key, and any reader of C2PA can tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import c2pa
import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vivify.cloud import aws
from vivify.errors import CloudUnavailable, VideoError
from vivify.video import DIGITAL_SOURCE_TYPE, probe

from .handlers import Event
from .stack import Stack
from .test_publish_clip import CLIP, animated, fetched

Invoke = Callable[[str, Event], Any]
TYPES = {"clip.mp4": "video/mp4", "poster.jpg": "image/jpeg", "preview.webp": "image/webp"}


def name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, common), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def certificate(subject: str, public: Any, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """A certificate as C2PA wants it: a root where subject and issuer are one, a signer else."""
    root = subject == issuer
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "content_commitment", "key_agreement", "encipher_only", "decipher_only"),
        False,
    )
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name(issuer), name(subject), public, x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=not root, key_cert_sign=root, crl_sign=root, **usage), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if not root:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return made.sign(key, hashes.SHA256())


@pytest.fixture
def owner(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> str:
    """A key in KMS, its chain in Secrets Manager, the function configured with both; gives the root's certificate (PEM)."""
    kms = boto3.client("kms")
    key_arn = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=key_arn)["PublicKey"])
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = certificate("Root", root_key.public_key(), "Root", root_key)
    signer = certificate("Studio", public, "Root", root_key)
    chain = "".join(c.public_bytes(serialization.Encoding.PEM).decode() for c in (signer, root))
    chain_arn = boto3.client("secretsmanager").create_secret(Name="chain", SecretString=chain)["ARN"]
    monkeypatch.setenv("PROVENANCE_KEY", key_arn)
    monkeypatch.setenv("PROVENANCE_CHAIN", chain_arn)
    return root.public_bytes(serialization.Encoding.PEM).decode()


def published(stack: Stack, invoke: Invoke, folder: Path) -> None:
    stack.put_record(CLIP, "animating")
    animated(stack, folder)
    invoke("publish_clip", {"clip_id": CLIP})


def read(path: Path, root: str) -> tuple[str, dict[str, Any]]:
    """What C2PA's own reader makes of a file, trusting ``root`` alone: its verdict and the manifest."""
    trust = {"trust": {"trust_anchors": root}, "verify": {"verify_trust": True}}
    with (
        c2pa.Context.from_dict(trust) as context,
        path.open("rb") as file,
        c2pa.Reader(TYPES[path.name], file, context=context) as reader,
    ):
        return reader.get_validation_state(), reader.get_active_manifest()


def test_a_reader_trusts_what_is_published(owner: str, stack: Stack, invoke: Invoke, tmp_path: Path) -> None:
    """Clip, poster and preview each carry a manifest by Vivify, signed by the owner, with the same digital source type."""
    published(stack, invoke, tmp_path)
    for file in TYPES:
        verdict, manifest = read(fetched(stack, tmp_path, file), owner)
        assert (file, verdict) == (file, "Trusted")
        assert manifest["claim_generator_info"][0]["name"] == "Vivify"
        assert manifest["signature_info"]["common_name"] == "Studio"
        (actions,) = [a["data"]["actions"] for a in manifest["assertions"] if a["label"].startswith("c2pa.actions")]
        assert actions == [{"action": "c2pa.created", "digitalSourceType": DIGITAL_SOURCE_TYPE}]
        assert "thumbnail" not in manifest
        assert "ingredients" not in manifest
    info = probe(tmp_path / "clip.mp4")
    assert (info.frames, info.faststart) == (5, True)
    assert DIGITAL_SOURCE_TYPE.encode() in (tmp_path / "clip.mp4").read_bytes()


def test_a_changed_clip_is_found_out(owner: str, stack: Stack, invoke: Invoke, tmp_path: Path) -> None:
    """One bit of a picture changed afterwards, and the reader calls the file invalid."""
    published(stack, invoke, tmp_path)
    clip = fetched(stack, tmp_path, "clip.mp4")
    data = bytearray(clip.read_bytes())
    data[data.index(b"mdat") + 100] ^= 1
    clip.write_bytes(data)
    assert read(clip, owner)[0] == "Invalid"


def test_a_chain_of_another_key(
    owner: str, stack: Stack, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that does not belong to the key is found before anything is published."""
    other = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    monkeypatch.setenv("PROVENANCE_KEY", other)
    with pytest.raises(VideoError, match="chain"):
        published(stack, invoke, tmp_path)
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=stack.clips)


def test_a_key_service_that_is_busy(
    owner: str, stack: Stack, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Throttled by KMS, the step fails as one that a retry may cure: the state machine knows it by name."""

    def throttle(**_: object) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "Sign")

    monkeypatch.setattr(aws.client("kms"), "sign", throttle)
    with pytest.raises(CloudUnavailable):
        published(stack, invoke, tmp_path)
