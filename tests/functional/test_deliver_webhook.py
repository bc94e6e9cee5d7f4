"""Webhooks: how a call is signed, and what is tried again. The receiver is a real server with real TLS."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from vivify.cloud import keys, queues, settings
from vivify.service import deliver_webhook

from .handlers import Context, load
from .receiver import HOST, Receiver, reach
from .stack import ROOT, Stack

CLIP = "d5f0c2a9b7e41d386c0b5e72a9"
VERDICT = {"code": "no_face_found", "message": "We found no face in this photo."}


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
        now = time.time()
        for after in (2 * 86400 - 60, 2 * 86400 + 60):
            keys._rotating_secret.cache_clear()
            monkeypatch.setattr(keys, "time", SimpleNamespace(time=lambda after=after: now + after))
            handle(stack, receiver)
        rotated, still, later = receiver.calls
        assert still.headers["vivify-signature"].count("v1=") == 2
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
        assert not is_ours(deliver_webhook.signature(b"{}", ["new"], now + 302), b"{}", "new")
        for garbage in ("", "v1", "t=,v1=", f"t={now}", f"t={now},v1=\u00e9", "t=never,v1=00"):
            assert not is_ours(garbage, b"{}", "new")

    def test_news_of_a_clip_that_has_expired(self, stack: Stack, receiver: Receiver) -> None:
        """After its days there is nothing left to link to: nobody is called, and the message is done."""
        webhook = {"webhook": receiver.url()}
        stack.put_record(CLIP, "ready", notify=webhook, kept_until="2026-01-15T09:30:12.482Z")
        assert handle(stack, receiver) == {"batchItemFailures": []}
        assert receiver.calls == []

    def test_the_stacks_own_webhook(self, stack: Stack, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        """A clip that names no webhook is told to the stack's, if there is one; another is told to its own alone."""
        stack.put_record(CLIP, "failed", verdict=VERDICT)
        handle(stack, receiver)
        assert receiver.calls == []
        monkeypatch.setenv("DEFAULT_WEBHOOK", receiver.url())
        handle(stack, receiver)
        assert len(receiver.calls) == 1
        asked(stack, receiver, "/its-own")
        handle(stack, receiver)
        assert [call.path for call in receiver.calls[1:]] == ["/its-own"]

    def test_an_erased_clip(self, stack: Stack, receiver: Receiver) -> None:
        """A clip that was erased meanwhile is no news: nobody is called, and the log does not say that anybody was."""
        assert handle(stack, receiver) == {"batchItemFailures": []}
        assert receiver.calls == []
        assert deliver_webhook.deliver_webhook(CLIP, settings.load(settings.DeliverWebhook), reach(receiver)) is False


class TestTriedAgain:
    """What is not taken comes back, later and later, for a day."""

    @pytest.mark.parametrize("status", [301, 400, 410, 500, 503])
    def test_anything_but_2xx(self, stack: Stack, receiver: Receiver, status: int) -> None:
        """The message is reported as failed, so that it stays in the queue."""
        asked(stack, receiver)
        receiver.answer = lambda _call: status
        assert len(handle(stack, receiver)["batchItemFailures"]) == 1

    def test_whose_fault_it_was(
        self,
        stack: Stack,
        receiver: Receiver,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """A receiver that says no is worth a warning; where we cannot even sign, operators find an error, and it is counted.
        Both come back.
        """
        asked(stack, receiver)
        receiver.answer = lambda _call: 500
        assert len(handle(stack, receiver)["batchItemFailures"]) == 1
        assert "WebhookFaults" not in capsys.readouterr().out
        monkeypatch.setenv("WEBHOOK_SECRET", "of-nobody")
        assert len(handle(stack, receiver)["batchItemFailures"]) == 1
        theirs, ours = caplog.records
        assert (theirs.levelname, theirs.exc_info) == ("WARNING", None)
        assert (ours.levelname, vars(ours)["code"], vars(ours)["wait"]) == ("ERROR", "cloud_refused", 30)
        (told,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "WebhookFaults" in line]
        assert (told["WebhookFaults"], told["service"]) == ([1.0], "vivify")

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
