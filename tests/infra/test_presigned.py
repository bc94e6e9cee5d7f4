"""Presigned POST, PUT and GET over the wire: the local server answers as S3 answers, with its codes."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import urllib3
from botocore.config import Config

from infra.local.settings import PERSON, REGION, ROLE, Credential

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "photos-bucket"
KEY = "photos/c0123"
JPEG = "image/jpeg"
PHOTO = b"some bytes of a photo"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server of its own."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("bare_server.py"))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.communicate(timeout=20)


class Signer:
    """Signs with botocore, as the service does; sends as a browser would. ``ago``: how long ago it signed."""

    def __init__(self, endpoint: str, credential: Credential = PERSON, version: str = "s3v4") -> None:
        self.endpoint = endpoint
        self.http = urllib3.PoolManager(retries=False)
        self.s3 = boto3.client(
            "s3",
            region_name=REGION,
            endpoint_url=endpoint,
            aws_access_key_id=credential.access_key,
            aws_secret_access_key=credential.secret_key,
            aws_session_token=credential.session_token,
            config=Config(signature_version=version),
        )

    def form(self, seconds: int = 300, low: int = 1, high: int = 100) -> dict[str, str]:
        """The form create_clip gives out, in small."""
        post = self.s3.generate_presigned_post(
            BUCKET,
            KEY,
            Fields={"Content-Type": JPEG},
            Conditions=[{"Content-Type": JPEG}, ["content-length-range", low, high]],
            ExpiresIn=seconds,
        )
        fields: dict[str, str] = post["fields"]
        return fields

    def post(self, fields: dict[str, str], photo: bytes | None = PHOTO, bucket: str = BUCKET) -> tuple[int, str]:
        """Status and S3's code."""
        body: dict[str, Any] = dict(fields)
        if photo is not None:
            body["file"] = ("me.jpg", photo, JPEG)
        return _answer(self.http.request("POST", f"{self.endpoint}/{bucket}", fields=body))

    def url(self, operation: str = "get_object", seconds: int = 60, **more: str) -> str:
        """A presigned URL for the clip (or the key given)."""
        parameters = {"Bucket": BUCKET, "Key": "clips/a b.mp4", **more}
        url: str = self.s3.generate_presigned_url(operation, Params=parameters, ExpiresIn=seconds)
        return url

    def send(self, method: str, url: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        """Status and S3's code."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return _answer(self.http.request(method, url, body=body, headers=sent))


def _answer(answer: urllib3.BaseHTTPResponse) -> tuple[int, str]:
    code = re.search(rb"<Code>(\w+)</Code>", answer.data)
    return answer.status, code[1].decode() if code else ""


@pytest.fixture
def signer(endpoint: str) -> Signer:
    """A person's signer."""
    return Signer(endpoint)


@pytest.fixture
def an_hour_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK signs as if it were an hour earlier."""
    _sign_minutes_from_now(monkeypatch, -60)


def _sign_minutes_from_now(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    then = (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)).replace(tzinfo=None)
    for module in ("auth", "signers"):
        monkeypatch.setattr(f"botocore.{module}.get_current_datetime", lambda *_args, **_kwargs: then)


class TestPost:
    """The form a browser uploads with."""

    def test_good(self, signer: Signer) -> None:
        """An honest upload is stored under the form's key, with the form's type."""
        assert signer.post(signer.form()) == (204, "")
        stored = signer.s3.get_object(Bucket=BUCKET, Key=KEY)
        assert (stored["Body"].read(), stored["ContentType"]) == (PHOTO, JPEG)

    def test_good_with_a_roles_token(self, endpoint: str) -> None:
        """A form signed with temporary credentials carries their token, and passes."""
        signer = Signer(endpoint, ROLE)
        form = signer.form()
        assert form["x-amz-security-token"] == ROLE.session_token
        assert signer.post(form) == (204, "")

    def test_token_left_out(self, endpoint: str) -> None:
        """Temporary credentials without their token are unknown."""
        signer = Signer(endpoint, Credential(ROLE.access_key, ROLE.secret_key))
        assert signer.post(signer.form()) == (403, "InvalidAccessKeyId")

    def test_expired(self, signer: Signer) -> None:
        """A form past its expiry is refused."""
        assert signer.post(signer.form(seconds=-1)) == (403, "AccessDenied")

    @pytest.mark.parametrize("field", ["policy", "x-amz-signature"])
    def test_tampered(self, signer: Signer, field: str) -> None:
        """Another policy or another signature than the one signed is refused."""
        form = signer.form()
        form[field] = form[field][:-2] + ("AA" if field == "policy" else ("00" if form[field][-2:] != "00" else "11"))
        assert signer.post(form) == (403, "SignatureDoesNotMatch")

    @pytest.mark.parametrize(
        ("field", "value"), [("Content-Type", "text/html"), ("key", "photos/other"), ("key", "clips/c0123")]
    )
    def test_wrong_field(self, signer: Signer, field: str, value: str) -> None:
        """A form allows exactly one key and one type."""
        assert signer.post({**signer.form(), field: value}) == (403, "AccessDenied")

    def test_wrong_bucket(self, signer: Signer) -> None:
        """A form for one bucket is none for another."""
        assert signer.post(signer.form(), bucket="other-bucket") == (403, "AccessDenied")

    def test_too_large(self, signer: Signer) -> None:
        """One byte more than the most is too much; the most itself is not."""
        assert signer.post(signer.form(high=len(PHOTO) - 1)) == (400, "EntityTooLarge")
        assert signer.post(signer.form(high=len(PHOTO))) == (204, "")

    def test_too_small(self, signer: Signer) -> None:
        """An empty file is smaller than the least; the least itself is not."""
        assert signer.post(signer.form(), b"") == (400, "EntityTooSmall")
        assert signer.post(signer.form(low=len(PHOTO))) == (204, "")

    def test_extra_field(self, signer: Signer) -> None:
        """A field the policy does not mention is refused, unless S3 is told to ignore it."""
        assert signer.post({**signer.form(), "acl": "public-read"}) == (403, "AccessDenied")
        assert signer.post({**signer.form(), "x-ignore-this": "1"}) == (204, "")

    def test_no_file(self, signer: Signer) -> None:
        """A form without a file is no upload."""
        assert signer.post(signer.form(), None) == (400, "InvalidArgument")

    def test_no_policy(self, signer: Signer) -> None:
        """Nobody uploads without a signed policy."""
        assert signer.post({"key": KEY}) == (403, "AccessDenied")

    def test_version_2(self, endpoint: str) -> None:
        """The old signature is refused, as by every bucket made today."""
        signer = Signer(endpoint, version="s3")
        assert signer.post(signer.form()) == (400, "InvalidRequest")


class TestGet:
    """The link in a notification."""

    def test_good(self, signer: Signer) -> None:
        """A fresh link gives the clip, also under a key that needs escaping."""
        answer = signer.http.request("GET", signer.url())
        assert (answer.status, answer.data) == (200, b"a clip")

    def test_good_with_a_roles_token(self, endpoint: str) -> None:
        """A link signed with temporary credentials passes."""
        signer = Signer(endpoint, ROLE)
        assert signer.send("GET", signer.url()) == (200, "")

    @pytest.mark.usefixtures("an_hour_ago")
    def test_expired(self, signer: Signer) -> None:
        """A link is dead after its seconds, and alive before."""
        assert signer.send("GET", signer.url(seconds=3599)) == (403, "AccessDenied")
        assert signer.send("GET", signer.url(seconds=3700)) == (200, "")

    @pytest.mark.parametrize(("minutes", "answer"), [(14, (200, "")), (16, (403, "AccessDenied"))])
    def test_a_clock_that_is_ahead(
        self, signer: Signer, monkeypatch: pytest.MonkeyPatch, minutes: int, answer: tuple[int, str]
    ) -> None:
        """A signer's clock may be fast by a quarter of an hour, and no more."""
        _sign_minutes_from_now(monkeypatch, minutes)
        assert signer.send("GET", signer.url()) == answer

    def test_tampered_expiry(self, signer: Signer) -> None:
        """Nobody makes a link live longer by editing it."""
        url = signer.url(seconds=60).replace("X-Amz-Expires=60", "X-Amz-Expires=6000")
        assert signer.send("GET", url) == (403, "SignatureDoesNotMatch")

    def test_other_key(self, signer: Signer) -> None:
        """A link to one object opens no other."""
        url = signer.url().replace("clips/a%20b.mp4", "photos/c0123")
        assert url != signer.url()
        assert signer.send("GET", url) == (403, "SignatureDoesNotMatch")

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD"])
    def test_other_method(self, signer: Signer, method: str) -> None:
        """A link to read is no link to write, delete or even look at the headers."""
        assert signer.send(method, signer.url())[0] == 403

    def test_unsigned(self, signer: Signer) -> None:
        """Nothing in the bucket is public."""
        assert signer.send("GET", signer.url().partition("?")[0]) == (403, "AccessDenied")

    def test_parameter_missing(self, signer: Signer) -> None:
        """A link that lost part of its query is told so."""
        url = re.sub(r"&X-Amz-Date=\w+", "", signer.url())
        assert signer.send("GET", url) == (400, "AuthorizationQueryParametersError")

    def test_longer_than_a_week(self, signer: Signer) -> None:
        """No link lives longer than seven days."""
        assert signer.send("GET", signer.url(seconds=604801)) == (400, "AuthorizationQueryParametersError")

    def test_unknown_key(self, endpoint: str) -> None:
        """Signed by a stranger."""
        signer = Signer(endpoint, Credential("AKIASTRANGER", "whatever"))
        assert signer.send("GET", signer.url()) == (403, "InvalidAccessKeyId")

    def test_version_2(self, endpoint: str) -> None:
        """The old signature is refused."""
        signer = Signer(endpoint, version="s3")
        assert "Signature=" in urlsplit(signer.url()).query
        assert signer.send("GET", signer.url()) == (400, "InvalidRequest")


class TestPut:
    """A link to upload with."""

    def test_good(self, signer: Signer) -> None:
        """What was signed may be put."""
        url = signer.url("put_object", Key="put/1", ContentType=JPEG)
        assert signer.send("PUT", url, PHOTO, Content_Type=JPEG) == (200, "")
        assert signer.s3.get_object(Bucket=BUCKET, Key="put/1")["Body"].read() == PHOTO

    def test_wrong_type(self, signer: Signer) -> None:
        """The type was signed too."""
        url = signer.url("put_object", Key="put/2", ContentType=JPEG)
        assert signer.send("PUT", url, PHOTO, Content_Type="text/html") == (403, "SignatureDoesNotMatch")

    def test_header_not_signed(self, signer: Signer) -> None:
        """Nobody adds an access list to somebody else's link."""
        url = signer.url("put_object", Key="put/3", ContentType=JPEG)
        answer = signer.send("PUT", url, PHOTO, Content_Type=JPEG, x_amz_acl="public-read")
        assert answer == (403, "AccessDenied")

    @pytest.mark.usefixtures("an_hour_ago")
    def test_expired(self, signer: Signer) -> None:
        """A link to upload dies as one to download does."""
        url = signer.url("put_object", seconds=60, Key="put/4", ContentType=JPEG)
        assert signer.send("PUT", url, PHOTO, Content_Type=JPEG) == (403, "AccessDenied")
