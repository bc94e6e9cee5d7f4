"""Lambda's Runtime API (version 2018-06-01) on loopback: where a runtime client fetches invocations and leaves answers."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .settings import HOST


@dataclass(frozen=True)
class Message:
    """From the runtime client, or from the watcher of its process."""

    kind: str  # ready | response | error | init-error | exit
    body: bytes = b""


class RuntimeApi(ThreadingHTTPServer):
    """Serves one worker, on a port of its own.

    ``requests``: (id, payload, deadline in ms) for the runtime client to fetch, None to send it home; ``messages``: what it
    answers, and that it is ready once it has first asked.
    """

    daemon_threads = True

    def __init__(self, arn: str) -> None:
        super().__init__((HOST, 0), _RuntimeApiHandler)
        self.arn = arn
        self.requests: queue.Queue[tuple[str, bytes, int] | None] = queue.Queue()
        self.messages: queue.Queue[Message] = queue.Queue()
        self.asked = threading.Event()


class _RuntimeApiHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the base class
        """Silence: the function's own log says what matters."""

    def _answer(self, code: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if not self.server.asked.is_set():
            self.server.asked.set()
            self.server.messages.put(Message("ready"))
        request = self.server.requests.get()
        if request is None:
            self.close_connection = True
            return
        request_id, body, deadline_ms = request
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.server.arn,
            "Content-Type": "application/json",
        }
        self._answer(200, body, headers)

    def do_POST(self) -> None:
        body = self._read_body()
        *_, parent, last = self.path.split("/")
        self._answer(202, b'{"status":"OK"}', {"Content-Type": "application/json"})
        if parent == "init":
            self.server.messages.put(Message("init-error", body))
        else:
            self.server.messages.put(Message("response" if last == "response" else "error", body))

    def _read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)
