"""Webhooks: who may be called, how it is signed, what is tried again. The receiver is a real server with real TLS."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from vivify.cloud import keys, queues
from vivify.errors import WebhookFailed, WebhookForbidden
from vivify.service import deliver_webhook, outside
from vivify.service.outside import Outside, is_public

from .conftest import ROOT, Context, Stack, load
from .receiver import HOST, Receiver, listening

CLIP = "d5f0c2a9b7e41d386c0b5e72a9"
VERDICT = {"code": "no_face_found", "message": "We found no face in this photo."}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with listening(tmp_path_factory.mktemp("receiver")) as receiver:
        yield receiver


@pytest.fixture
def receiver(server: Receiver) -> Receiver:
    server.calls.clear()
    server.answer, server.location = lambda _call: 200, ""
    keys._rotating_secret.cache_clear()
    return server


def reach(receiver: Receiver, **changes: Any) -> Outside:
    """The way to the receiver: its name leads to loopback, which is allowed, and its certificate is believed."""
    ours = {"resolve": lambda _host, _port: ["127.0.0.1"], "allowed": lambda _ip: True, "context": receiver.trust()}
    return Outside(**{**ours, **changes})


def handle(stack: Stack, receiver: Receiver, tries: int = 1, **changes: Any) -> dict[str, Any]:
    """The handler, given a message about the clip as SQS gives it; the message is really received, to be delayed."""
    sqs = boto3.client("sqs")
    if tries == 1:
        sqs.send_message(QueueUrl=stack.webhooks, MessageBody=json.dumps({"clip_id": CLIP}))
    (message,) = sqs.receive_message(QueueUrl=stack.webhooks, VisibilityTimeout=1)["Messages"]
    module = load("functions/deliver_webhook/handler.py")
    module.OUTSIDE = reach(receiver, **changes)
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {"ApproximateReceiveCount": str(tries)},
    }
    answer: dict[str, Any] = module.handler({"Records": [record]}, Context())
    return answer


def asked(stack: Stack, receiver: Receiver, path: str = "/hook") -> None:
    """A failed clip whose owner wants to be called."""
    stack.put_record(CLIP, "failed", verdict=VERDICT, notify={"webhook": receiver.url(path)})


class TestDelivery:
    """What the receiver gets."""

    def test_delivered(self, stack: Stack, receiver: Receiver) -> None:
        """The news, with an event id and a signature that the receiver can check with the secret."""
        asked(stack, receiver, "/hook?of=mine")
        assert handle(stack, receiver) == {"batchItemFailures": []}
        (call,) = receiver.calls
        assert call.path == "/hook?of=mine"
        assert json.loads(call.body) == {
            "event": "clip.failed",
            "event_id": f"{CLIP}.failed",
            "clip_id": CLIP,
            "verdict": VERDICT,
            "retryable": False,
        }
        assert call.headers["vivify-event-id"] == f"{CLIP}.failed"
        assert call.headers["host"] == f"{HOST}:{receiver.port}"
        at, mark = (part.split("=", 1)[1] for part in call.headers["vivify-signature"].split(","))
        assert abs(int(at) - time.time()) < 60
        assert mark == hmac.new(b"first secret", f"{at}.".encode() + call.body, hashlib.sha256).hexdigest()

    def test_two_signatures_after_a_rotation(
        self, stack: Stack, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The new secret signs first and the old one beside it; two days later the new one alone."""
        asked(stack, receiver)
        boto3.client("secretsmanager").put_secret_value(SecretId="webhooks", SecretString="second secret")
        handle(stack, receiver)
        keys._rotating_secret.cache_clear()
        monkeypatch.setattr(deliver_webhook, "OVERLAP_SECONDS", -1)
        handle(stack, receiver)
        rotated, later = receiver.calls
        at, *marks = (part.split("=", 1)[1] for part in rotated.headers["vivify-signature"].split(","))
        signed = f"{at}.".encode() + rotated.body
        assert marks == [
            hmac.new(secret, signed, hashlib.sha256).hexdigest() for secret in (b"second secret", b"first secret")
        ]
        assert later.headers["vivify-signature"].count("v1=") == 1

    def test_receivers_are_told_right(self) -> None:
        """The check that infra/webhooks.md gives to receivers takes what we sign, with either secret, and nothing else."""
        text = (ROOT / "infra" / "webhooks.md").read_text(encoding="utf-8")
        names: dict[str, Any] = {}
        exec(text.split("```python\n")[1].split("```")[0], names)  # noqa: S102 - our own words
        is_ours, now = names["is_ours"], int(time.time())
        header = deliver_webhook.signature(b"{}", ["new", "old"], now)
        assert is_ours(header, b"{}", "new")
        assert is_ours(header, b"{}", "old")
        assert not is_ours(header, b"{}", "another")
        assert not is_ours(header, b"{ }", "new")
        assert not is_ours(deliver_webhook.signature(b"{}", ["new"], now - 301), b"{}", "new")

    def test_the_stacks_own_webhook(self, stack: Stack, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        """A clip that names no webhook is told to the stack's, if it has one."""
        stack.put_record(CLIP, "failed", verdict=VERDICT)
        handle(stack, receiver)
        assert receiver.calls == []
        monkeypatch.setenv("DEFAULT_WEBHOOK", receiver.url())
        handle(stack, receiver)
        assert len(receiver.calls) == 1

    def test_an_erased_clip(self, stack: Stack, receiver: Receiver) -> None:
        """A clip that was erased meanwhile is no news."""
        assert handle(stack, receiver) == {"batchItemFailures": []}
        assert receiver.calls == []


class TestTriedAgain:
    """What is not taken comes back, later and later, for a day."""

    @pytest.mark.parametrize("status", [301, 400, 410, 500, 503])
    def test_anything_but_2xx(self, stack: Stack, receiver: Receiver, status: int) -> None:
        """The message is reported as failed, so that it stays in the queue."""
        asked(stack, receiver)
        receiver.answer = lambda _call: status
        assert len(handle(stack, receiver)["batchItemFailures"]) == 1

    def test_no_redirects(self, stack: Stack, receiver: Receiver) -> None:
        """An answer that points elsewhere is a failure, and nobody goes there."""
        asked(stack, receiver)
        receiver.answer, receiver.location = lambda _call: 307, receiver.url("/elsewhere")
        assert len(handle(stack, receiver)["batchItemFailures"]) == 1
        assert [call.path for call in receiver.calls] == ["/hook"]

    def test_the_wait_grows(self, stack: Stack, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        """Half a minute after the first try, eight hours before the last, nothing after it; a day in all."""
        asked(stack, receiver)
        receiver.answer = lambda _call: 500
        waits: list[int] = []
        monkeypatch.setattr(queues, "retry_later", lambda _url, _receipt, seconds: waits.append(seconds))
        handle(stack, receiver)
        assert waits == [30]
        settings = load("functions/deliver_webhook/handler.py").SETTINGS
        waits = [deliver_webhook.put_off("receipt", tries, settings) for tries in range(1, 11)]
        assert waits == [*sorted(waits[:-1]), 0]
        assert 23 * 3600 < sum(waits) <= 24 * 3600
        assert max(waits) <= 43200

    def test_it_is_really_delayed(self, stack: Stack, receiver: Receiver) -> None:
        """SQS keeps the message away for the wait."""
        asked(stack, receiver)
        receiver.answer = lambda _call: 500
        handle(stack, receiver)
        sqs = boto3.client("sqs")
        assert "Messages" not in sqs.receive_message(QueueUrl=stack.webhooks)
        counts = sqs.get_queue_attributes(QueueUrl=stack.webhooks, AttributeNames=["All"])["Attributes"]
        assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"


class TestOutside:
    """Where a stranger's address may lead."""

    @pytest.mark.parametrize(
        "address",
        [
            *("10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "169.254.170.2", "0.0.0.1"),
            *("100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
            *("::1", "::", "fe80::1", "fd00:ec2::254", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
            *("64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:a9fe:a9fe::1", "2001:0:a9fe:a9fe::1", "2001:db8::1", "::10.0.0.1"),
        ],
    )
    def test_addresses_never_called(self, receiver: Receiver, address: str) -> None:
        """Private, link-local, metadata, loopback and reserved ones, and IPv6 ones that carry such: nobody is called."""
        way = reach(receiver, resolve=lambda _host, _port: ["93.184.215.14", address], allowed=is_public)
        with pytest.raises(WebhookForbidden):
            way.post(receiver.url(), b"{}", {})
        assert receiver.calls == []

    @pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001:80f::200e"])
    def test_addresses_that_are_fine(self, address: str) -> None:
        """Addresses of the public internet."""
        assert is_public(address)

    @pytest.mark.parametrize("url", ["https://localhost/", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/"])
    def test_names_of_this_machine(self, url: str) -> None:
        """However this machine is named, in earnest."""
        with pytest.raises(WebhookForbidden):
            Outside().post(url, b"{}", {})

    @pytest.mark.parametrize(
        "url",
        ["http://x.example/", "ftp://x.example/", "https:///x", "https://a:b@x.example/", "https://x.example:99999/", "x"],
    )
    def test_https_only(self, receiver: Receiver, url: str) -> None:
        """Anything but a plain https:// address is refused before any name is looked up."""
        with pytest.raises(WebhookForbidden):
            reach(receiver, resolve=lambda _host, _port: pytest.fail("looked up")).post(url, b"{}", {})

    def test_the_address_is_pinned(self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        """The name is resolved once; what it would say a moment later is never asked."""
        answers = iter([["127.0.0.1"]])
        monkeypatch.setattr(socket, "getaddrinfo", _only_numbers(socket.getaddrinfo))
        assert reach(receiver, resolve=lambda _host, _port: next(answers)).post(receiver.url(), b"{}", {}) == 200

    def test_a_certificate_of_somebody_else(self, receiver: Receiver) -> None:
        """Who is not who the name says is told nothing."""
        url = receiver.url().replace(HOST, "another.example")
        with pytest.raises(WebhookFailed):
            reach(receiver).post(url, b"{}", {})
        with pytest.raises(WebhookFailed):
            reach(receiver, context=ssl.create_default_context()).post(receiver.url(), b"{}", {})
        assert receiver.calls == []

    def test_a_name_that_leads_nowhere(self) -> None:
        """A name without an address may have one later: a failure, not a refusal."""
        with pytest.raises(WebhookFailed) as failed:
            outside.resolve("no-such-name.invalid", 443)
        assert type(failed.value) is WebhookFailed

    def test_a_receiver_that_says_nothing(self, receiver: Receiver) -> None:
        """It is given up after the time, and so is one that hangs up."""
        waiting = _Dripping(b"")
        with waiting as port:
            _given_up_in_time(receiver, port)
        receiver.answer = lambda _call: None
        with pytest.raises(WebhookFailed):
            reach(receiver).post(receiver.url(), b"{}", {})

    def test_a_receiver_that_drips(self, receiver: Receiver) -> None:
        """A byte now and then keeps nobody longer."""
        with _Dripping(b"\x16") as port:
            _given_up_in_time(receiver, port)


def _given_up_in_time(receiver: Receiver, port: int) -> None:
    begun = time.monotonic()
    with pytest.raises(WebhookFailed):
        reach(receiver, seconds=0.3).post(f"https://{HOST}:{port}/", b"{}", {})
    assert time.monotonic() - begun < 2


def _only_numbers(real: Any) -> Any:
    def getaddrinfo(host: str, *rest: Any, **more: Any) -> Any:
        assert host.replace(".", "").isdigit(), "a name was looked up"
        return real(host, *rest, **more)

    return getaddrinfo


class _Dripping:
    """A server that accepts and then sends one byte every 50 ms, or nothing, and never a whole answer."""

    def __init__(self, byte: bytes) -> None:
        self._byte = byte

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._drip, daemon=True)
        self._thread.start()
        return int(self._listener.getsockname()[1])

    def _drip(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            while not self._over.wait(0.05):
                try:
                    connection.send(self._byte)
                except OSError:
                    return

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()
