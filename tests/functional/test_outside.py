"""Where a stranger's address may lead, and how long it may keep us. The receiver is a real server with real TLS."""

from __future__ import annotations

import socket
import ssl
import threading
import time
import traceback
from typing import Any
from urllib.parse import urlsplit

import pytest

from vivify.errors import WebhookFailed, WebhookForbidden
from vivify.service import outside
from vivify.service.outside import Outside, is_public

from .receiver import HOST, Receiver, reach


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "169.254.170.2", "0.0.0.1"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fc00::1", "ff02::1", "::ffff:10.0.0.1"),
        "::ffff:169.254.169.254",
        *("64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:a9fe:a9fe::1", "2001:0:a9fe:a9fe::1", "2001:db8::1", "::10.0.0.1"),
    ],
)
def test_addresses_never_called(receiver: Receiver, address: str) -> None:
    """Private, link-local, metadata, loopback and reserved ones, and IPv6 ones that carry such: nobody is called."""
    way = reach(receiver, resolve=lambda _host, _port: ["93.184.215.14", address], allowed=is_public)
    with pytest.raises(WebhookForbidden):
        way.post(receiver.url(), b"{}", {})
    assert receiver.calls == []


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001:80f::200e"])
def test_addresses_that_are_fine(address: str) -> None:
    """Addresses of the public internet."""
    assert is_public(address)


@pytest.mark.parametrize("url", ["https://localhost/", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/"])
def test_names_of_this_machine(url: str) -> None:
    """However this machine is named, in earnest."""
    with pytest.raises(WebhookForbidden):
        Outside().post(url, b"{}", {})


@pytest.mark.parametrize(
    "url",
    ["http://x.example/", "ftp://x.example/", "https:///x", "https://a:b@x.example/", "https://x.example:99999/", "x"],
)
def test_https_only(receiver: Receiver, url: str) -> None:
    """Anything but a plain https:// address is refused before any name is looked up."""
    with pytest.raises(WebhookForbidden):
        reach(receiver, resolve=lambda _host, _port: pytest.fail("looked up")).post(url, b"{}", {})


def test_the_address_is_pinned(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is resolved once; what it would say a moment later is never asked."""
    answers = iter([["127.0.0.1"]])
    monkeypatch.setattr(socket, "getaddrinfo", _only_numbers(socket.getaddrinfo))
    assert reach(receiver, resolve=lambda _host, _port: next(answers)).post(receiver.url(), b"{}", {}) == 200


def test_nobody_watches_for_longer_than_a_call(receiver: Receiver) -> None:
    """Once it has ended nothing is left that would end it."""
    assert reach(receiver).post(receiver.url(), b"{}", {}) == 200
    assert all(watch.finished.is_set() for watch in threading.enumerate() if isinstance(watch, threading.Timer))


def test_a_connection_that_comes_too_late(receiver: Receiver) -> None:
    """The time was over before there was a connection to end: none is used any more, however willing the receiver."""
    context = reach(receiver).context
    late, in_time = (outside._Pinned("127.0.0.1", HOST, receiver.port, 5.0, context) for _ in range(2))
    late.abort()
    with pytest.raises(TimeoutError):
        late.connect()
    in_time.connect()
    for connection in (late, in_time):
        connection.close()


def test_a_certificate_of_somebody_else(receiver: Receiver) -> None:
    """Who is not who the name says is told nothing."""
    url = receiver.url().replace(HOST, "another.example")
    with pytest.raises(WebhookFailed):
        reach(receiver).post(url, b"{}", {})
    with pytest.raises(WebhookFailed):
        reach(receiver, context=ssl.create_default_context()).post(receiver.url(), b"{}", {})
    assert receiver.calls == []


@pytest.mark.parametrize("url", ["https://hooks.secret.example:{port}/t0ken", "https://hooks.secret.example:t0ken/"])
def test_a_failure_names_no_address(receiver: Receiver, url: str) -> None:
    """However a call fails, by a certificate for another name or an address that is none: all that a log could tell of the
    error, with every error behind it, holds nothing of the address.
    """
    with pytest.raises(WebhookFailed) as failed:
        reach(receiver).post(url.format(port=urlsplit(receiver.url()).port), b"{}", {})
    told = "".join(traceback.format_exception(failed.value))
    assert "WebhookF" in told
    assert "secret" not in told
    assert "t0ken" not in told


def test_a_name_that_leads_nowhere() -> None:
    """A name without an address may have one later: a failure, not a refusal."""
    with pytest.raises(WebhookFailed) as failed:
        outside.resolve("no-such-name.invalid", 443)
    assert type(failed.value) is WebhookFailed


def test_a_receiver_that_says_nothing(receiver: Receiver) -> None:
    """It is given up after the time, and so is one that hangs up."""
    waiting = _Dripping(b"")
    with waiting as port:
        _given_up_in_time(receiver, port)
    receiver.answer = lambda _call: None
    with pytest.raises(WebhookFailed):
        reach(receiver).post(receiver.url(), b"{}", {})


def test_a_receiver_that_drips(receiver: Receiver) -> None:
    """A byte now and then keeps nobody longer: neither before TLS is agreed on, nor of the answer to the call."""
    with _Dripping(b"\x16\x03\x03\x40\x00") as port:  # how a TLS record of 16 KB begins
        _given_up_in_time(receiver, port)
    receiver.drips = 200
    _given_up_in_time(receiver, receiver.port)
    assert len(receiver.calls) == 1


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
    """A server that accepts and then sends ``head`` and zeros after it, one byte every 50 ms for three seconds, or nothing
    where there is no head; never a whole answer.
    """

    def __init__(self, head: bytes) -> None:
        self._drops = [bytes([byte]) for byte in head.ljust(60, b"\0")] if head else [b""] * 60

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._drip, daemon=True)
        self._thread.start()
        return int(self._listener.getsockname()[1])

    def _drip(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            for drop in self._drops:
                if self._over.wait(0.05):
                    return
                try:
                    connection.send(drop)
                except OSError:
                    return

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()
