"""One HTTPS POST to an address that a stranger gave: never into a network of ours, never further than told, never for long.

The name is resolved once, every address it gives is judged, and the connection goes to one of those very addresses: a name
that answers differently the next time (DNS rebinding) leads nowhere. Certificates are checked against the name. What Python
says of a failure can hold the address, which is nobody's business: our errors stand alone.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from vivify.errors import WebhookFailed, WebhookForbidden

_IPV6_UNICAST = ipaddress.ip_network("2000::/3")  # all that the public IPv6 internet uses
# Within it, prefixes that carry an IPv4 address, perhaps of ours: 6to4, and Teredo with the rest of IETF's protocol block.
_IPV4_INSIDE = tuple(ipaddress.ip_network(prefix) for prefix in ("2002::/16", "2001::/23"))


def is_public(address: str) -> bool:
    """Whether ``address`` is one of the public internet: no private, link-local (metadata), loopback or reserved one."""
    ip = ipaddress.ip_address(address)
    if not ip.is_global or ip.is_multicast:
        return False
    return ip.version == 4 or (ip in _IPV6_UNICAST and not any(ip in network for network in _IPV4_INSIDE))


def resolve(host: str, port: int) -> list[str]:
    """Every address of ``host``. Raises WebhookFailed."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise WebhookFailed("The webhook's name cannot be resolved.") from None
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True)
class Outside:
    """How strangers' addresses are reached. ``seconds``: the most that one POST takes, from connecting to the status."""

    resolve: Callable[[str, int], list[str]] = resolve
    allowed: Callable[[str], bool] = is_public
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    seconds: float = 5.0

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The answer's status; redirects are not followed, and no more than the answer's head is read.

        Raises WebhookForbidden for what may not be called, WebhookFailed where nobody answers in time.
        """
        host, port, target = _parts(url)
        addresses = self.resolve(host, port)
        if not addresses or not all(map(self.allowed, addresses)):
            raise WebhookForbidden("The webhook's name does not lead to the public internet.")
        connection = _Pinned(addresses[0], host, port, self.seconds, self.context)
        # Timeouts of a socket begin anew with every byte: this one ends a receiver that drips, too.
        watch = threading.Timer(self.seconds, connection.abort)
        watch.start()
        try:
            connection.request("POST", target, body, dict(headers))
            return connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise WebhookFailed(f"The webhook did not answer: {type(error).__name__}.") from None
        finally:
            watch.cancel()
            connection.close()


def _parts(url: str) -> tuple[str, int, str]:
    """Host, port and path with query. Raises WebhookForbidden for anything but a plain https:// address."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        raise WebhookForbidden("The webhook is not an address.") from None
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.password is not None:
        raise WebhookForbidden("A webhook is an https:// address without a name or password in it.")
    path = parts.path or "/"
    return parts.hostname, port, f"{path}?{parts.query}" if parts.query else path


class _Pinned(http.client.HTTPSConnection):
    """Connects to ``address``, whatever the name would resolve to now."""

    def __init__(self, address: str, host: str, port: int, seconds: float, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=seconds, context=context)
        self._address, self._tls = address, context
        self._aborted = threading.Event()

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        # The handshake only once `abort` can reach the socket: a receiver may drip there, too.
        tls = self._tls.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock = tls
        if self._aborted.is_set():
            raise TimeoutError
        tls.do_handshake()

    def abort(self) -> None:
        """Wakes whoever waits for this connection, with an error. From another thread."""
        self._aborted.set()
        if self.sock is not None:
            with contextlib.suppress(OSError):  # it ended by itself in this very moment
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # past TLS, which would want to say goodbye
