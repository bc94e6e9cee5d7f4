"""One Lambda execution environment: awslambdaric in a subprocess behind a Runtime API on loopback."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .settings import HOST

# Lambda gives the init phase 10 s of its own; a busy laptop is slower than Lambda, so a little more.
INIT_SECONDS = 30.0


@dataclass(frozen=True)
class Function:
    """A deployed function: what Lambda knows of it. ``label``: its name in the template, for the log."""

    name: str
    label: str
    arn: str
    handler: str
    code: Path
    timeout: float
    memory_mb: int
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What an invocation gave: the payload and, if it failed, ``Unhandled`` (Lambda's X-Amz-Function-Error)."""

    payload: bytes
    error: str | None = None


@dataclass(frozen=True)
class _Message:
    """From the runtime client, or from the watcher of its process."""

    kind: str  # ready | response | error | init-error | exit
    body: bytes = b""


def failure(error_type: str, message: str) -> Outcome:
    """An error payload as Lambda's service itself words it."""
    return Outcome(json.dumps({"errorType": error_type, "errorMessage": message}).encode(), "Unhandled")


class Worker:
    """A warm environment; runs one invocation at a time and is thrown away after a crash or a timeout."""

    def __init__(self, function: Function, base_environment: Mapping[str, str], log: Path) -> None:
        self.function = function
        self._requests: queue.Queue[tuple[str, bytes, int] | None] = queue.Queue()
        self._messages: queue.Queue[_Message] = queue.Queue()
        self._ready = False
        self._server = ThreadingHTTPServer((HOST, 0), _runtime_api(self._requests, self._messages, function.arn))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        with log.open("ab") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", function.handler],
                cwd=function.code,
                env=self._environment(base_environment),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,  # Ctrl-C reaches the stack, which then ends its children in order
            )
        threading.Thread(target=self._watch, daemon=True).start()

    def _environment(self, base: Mapping[str, str]) -> dict[str, str]:
        f = self.function
        return {
            **base,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
            "AWS_LAMBDA_FUNCTION_NAME": f.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(f.memory_mb),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{f.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "AWS_LAMBDA_RUNTIME_API": f"{HOST}:{self._server.server_port}",
            "LAMBDA_TASK_ROOT": str(f.code),
            "POWERTOOLS_TRACE_DISABLED": "true",  # no X-Ray daemon here
            "_HANDLER": f.handler,
            **f.environment,
        }

    def _watch(self) -> None:
        code = self._process.wait()
        self._messages.put(_Message("exit", str(code).encode()))

    @property
    def alive(self) -> bool:
        """Whether the environment can take another invocation."""
        return self._process.poll() is None

    def close(self) -> None:
        """Ends the process and its Runtime API."""
        if self.alive:
            self._process.kill()
        self._process.wait()
        self._requests.put(None)
        self._server.shutdown()
        self._server.server_close()

    def invoke(self, payload: bytes) -> Outcome:
        """Runs one event. A cold environment's init has its own time limit, as on Lambda."""
        request_id = str(uuid.uuid4())
        if not self._ready:
            message = self._next_message(INIT_SECONDS)
            if message is None or message.kind != "ready":
                return self._broken(message, request_id, INIT_SECONDS)
            self._ready = True
        limit = self.function.timeout
        self._requests.put((request_id, payload, int((time.time() + limit) * 1000)))
        message = self._next_message(limit)
        if message is not None and message.kind in ("response", "error"):
            return Outcome(message.body, None if message.kind == "response" else "Unhandled")
        return self._broken(message, request_id, limit)

    def _next_message(self, seconds: float) -> _Message | None:
        try:
            return self._messages.get(timeout=seconds)
        except queue.Empty:
            return None

    def _broken(self, message: _Message | None, request_id: str, limit: float) -> Outcome:
        if message is None:
            self.close()
            return failure("Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {limit:.2f} seconds")
        if message.kind == "init-error":
            self.close()
            return Outcome(message.body, "Unhandled")
        code = int(message.body)
        how = f"exit status {code}" if code >= 0 else f"signal: {-code}"
        return failure("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {how}")


def _runtime_api(
    requests: queue.Queue[tuple[str, bytes, int] | None], messages: queue.Queue[_Message], arn: str
) -> type[BaseHTTPRequestHandler]:
    """The handler class of one worker's Runtime API (version 2018-06-01)."""
    asked = threading.Event()

    class RuntimeApi(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

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
            if not asked.is_set():
                asked.set()
                messages.put(_Message("ready"))
            request = requests.get()
            if request is None:
                self.close_connection = True
                return
            request_id, body, deadline_ms = request
            headers = {
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": arn,
                "Content-Type": "application/json",
            }
            self._answer(200, body, headers)

        def do_POST(self) -> None:
            body = self._read_body()
            *_, parent, last = self.path.split("/")
            self._answer(202, b'{"status":"OK"}', {"Content-Type": "application/json"})
            if parent == "init":
                messages.put(_Message("init-error", body))
            else:
                messages.put(_Message("response" if last == "response" else "error", body))

        def _read_body(self) -> bytes:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)

    return RuntimeApi
