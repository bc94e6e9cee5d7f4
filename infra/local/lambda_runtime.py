"""Lambda's front door: synchronous invocations on warm or cold workers, and the asynchronous queue with its retries."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .lambda_worker import Function, Outcome, Worker, failure

# Lambda waits 1 and then 2 minutes before it tries a failed asynchronous event again; here the wait is short.
RETRY_SECONDS = (0.5, 1.0)


@dataclass(frozen=True)
class AsyncPolicy:
    """What happens to an asynchronous event that keeps failing (EventInvokeConfig)."""

    retries: int = 2
    on_failure: str | None = None  # a queue's ARN


# Sends a JSON body to the ARN of a queue.
Deliver = Callable[[str, str], None]


class LambdaRuntime:
    """All functions of the stack. Thread-safe."""

    def __init__(self, environment: Mapping[str, str], logs: Path, deliver: Deliver) -> None:
        self._environment = dict(environment)
        self._logs = logs
        self._deliver = deliver
        self._functions: dict[str, Function] = {}
        self._policies: dict[str, AsyncPolicy] = {}
        self._idle: dict[str, list[Worker]] = {}
        self._busy: set[Worker] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._events = ThreadPoolExecutor(16, thread_name_prefix="lambda-event")

    def register(self, function: Function, policy: AsyncPolicy | None = None) -> None:
        """Makes a function known; ``policy`` is Lambda's default when the template sets none."""
        self._functions[function.name] = function
        self._policies[function.name] = policy or AsyncPolicy()

    @property
    def functions(self) -> Mapping[str, Function]:
        """The registered functions by name."""
        return dict(self._functions)

    def invoke(self, name: str, payload: bytes) -> Outcome:
        """Request and response. Starts a worker when none is idle: concurrency is a worker each, as on Lambda."""
        function = self._functions[name]
        worker = self._take(function)
        if worker is None:
            return failure("Sandbox.Stopped", "the local stack is shutting down")
        outcome = worker.invoke(payload)
        with self._lock:
            self._busy.discard(worker)
            keep = worker.alive and not self._closing.is_set()
            if keep:
                self._idle.setdefault(name, []).append(worker)
        if not keep:
            worker.close()
        return outcome

    def _take(self, function: Function) -> Worker | None:
        with self._lock:
            if self._closing.is_set():
                return None
            idle = self._idle.get(function.name, [])
            while idle:
                worker = idle.pop()
                if worker.alive:
                    self._busy.add(worker)
                    return worker
            worker = Worker(function, self._environment, self._logs / f"{function.label}.log")
            self._busy.add(worker)
            return worker

    def invoke_event(self, name: str, payload: bytes) -> None:
        """Queues an event and returns at once (InvocationType Event, S3 notifications)."""
        if not self._closing.is_set():
            self._events.submit(self._run_event, name, payload)

    def _run_event(self, name: str, payload: bytes) -> None:
        policy = self._policies[name]
        outcome = self.invoke(name, payload)
        tries = 1
        while outcome.error and tries <= policy.retries:
            if self._closing.wait(RETRY_SECONDS[min(tries, len(RETRY_SECONDS)) - 1]):
                return
            outcome = self.invoke(name, payload)
            tries += 1
        if outcome.error and policy.on_failure and not self._closing.is_set():
            record = self._destination_record(name, payload, outcome, tries)
            self._deliver(policy.on_failure, json.dumps(record))

    def _destination_record(self, name: str, payload: bytes, outcome: Outcome, tries: int) -> dict[str, object]:
        return {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": f"{self._functions[name].arn}:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": tries,
            },
            "requestPayload": _as_json(payload),
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": outcome.error},
            "responsePayload": _as_json(outcome.payload),
        }

    def close(self) -> None:
        """Ends every worker; queued events are dropped."""
        self._closing.set()
        with self._lock:
            workers = [w for pool in self._idle.values() for w in pool] + list(self._busy)
            self._idle.clear()
        for worker in workers:
            worker.close()
        self._events.shutdown(wait=True, cancel_futures=True)


def _as_json(payload: bytes) -> object:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")
