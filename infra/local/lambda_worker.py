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
from pathlib import Path

from .runtime_api import Message, RuntimeApi
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


def failure(error_type: str, message: str) -> Outcome:
    """An error payload as Lambda's service itself words it."""
    return Outcome(json.dumps({"errorType": error_type, "errorMessage": message}).encode(), "Unhandled")


class Worker:
    """A warm environment; runs one invocation at a time and is thrown away after a crash or a timeout."""

    def __init__(self, function: Function, base_environment: Mapping[str, str], log: Path) -> None:
        self.function = function
        self._ready = False
        self._server = RuntimeApi(function.arn)
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
        self._server.messages.put(Message("exit", str(code).encode()))

    @property
    def alive(self) -> bool:
        """Whether the environment can take another invocation."""
        return self._process.poll() is None

    def close(self) -> None:
        """Ends the process and its Runtime API."""
        if self.alive:
            self._process.kill()
        self._process.wait()
        self._server.requests.put(None)
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
        self._server.requests.put((request_id, payload, int((time.time() + limit) * 1000)))
        message = self._next_message(limit)
        if message is not None and message.kind in ("response", "error"):
            return Outcome(message.body, None if message.kind == "response" else "Unhandled")
        return self._broken(message, request_id, limit)

    def _next_message(self, seconds: float) -> Message | None:
        try:
            return self._server.messages.get(timeout=seconds)
        except queue.Empty:
            return None

    def _broken(self, message: Message | None, request_id: str, limit: float) -> Outcome:
        if message is None:
            self.close()
            return failure("Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {limit:.2f} seconds")
        if message.kind == "init-error":
            self.close()
            return Outcome(message.body, "Unhandled")
        code = int(message.body)
        how = f"exit status {code}" if code >= 0 else f"signal: {-code}"
        return failure("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {how}")
