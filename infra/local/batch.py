"""AWS Batch's job runner: the job definition's command as a subprocess, with Batch's own rules for another attempt."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .settings import ROOT, command_for_this_machine

# Batch's own words for a container that ran to its end, and for one that ran too long.
EXITED = "Essential container in task exited"
TIMED_OUT = "Job attempt duration exceeded timeout"


@dataclass(frozen=True)
class JobRequest:
    """What Batch resolved from the definition and its overrides: everything a container would be given."""

    job_id: str
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    attempts: int = 1
    evaluate_on_exit: tuple[Mapping[str, str], ...] = ()
    timeout: float | None = None


@dataclass(frozen=True)
class Attempt:
    """One run of the command."""

    exit_code: int | None
    status_reason: str


def wants_retry(rules: Sequence[Mapping[str, str]], attempt: Attempt) -> bool:
    """Batch's decision after a failed attempt: the first rule whose every pattern matches; no match means another try.

    Patterns end in ``*`` at most. The container's own reason is empty here: no container engine gives one.
    """
    exit_code = "" if attempt.exit_code is None else str(attempt.exit_code)
    for rule in rules:
        tests = (("onExitCode", exit_code), ("onStatusReason", attempt.status_reason), ("onReason", ""))
        if all(fnmatch.fnmatchcase(text.lower(), rule[key].lower()) for key, text in tests if key in rule):
            return rule["action"].upper() == "RETRY"
    return True


class JobRunner:
    """Runs jobs, at most ``slots`` at a time: the rest wait in the queue as they would for a GPU host."""

    def __init__(self, environment: Mapping[str, str], logs: Path, slots: int | None = None) -> None:
        self._environment = dict(environment)
        self._logs = logs
        self._slots = threading.Semaphore(slots or max(1, os.cpu_count() or 1))
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def run(
        self,
        request: JobRequest,
        started: Callable[[], None] = lambda: None,
        stopped: Callable[[Attempt], None] = lambda _attempt: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Attempt:
        """All attempts of one job; the last one is its result. Calls back as each attempt starts and stops."""
        with self._slots:
            for number in range(1, request.attempts + 1):
                started()
                attempt = self._attempt(request, number, cancelled)
                stopped(attempt)
                if attempt.exit_code == 0 or cancelled() or self._closing.is_set():
                    break
                if not wants_retry(request.evaluate_on_exit, attempt):
                    break
        return attempt

    def _attempt(self, request: JobRequest, number: int, cancelled: Callable[[], bool]) -> Attempt:
        environment = {
            **self._environment,
            **request.environment,
            "AWS_BATCH_JOB_ID": request.job_id,
            "AWS_BATCH_JOB_ATTEMPT": str(number),
        }
        with (self._logs / f"{request.name}-{request.job_id[:8]}.log").open("ab") as log, self._lock:
            if self._closing.is_set():
                return Attempt(None, "the local stack is shutting down")
            try:
                process = subprocess.Popen(
                    command_for_this_machine(list(request.command)),
                    cwd=ROOT,  # the container's WORKDIR holds the repository's functions/
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # so that its own children (ffmpeg) end with it
                )
            except OSError as error:
                return Attempt(None, f"CannotStartContainerError: {type(error).__name__}")
            self._running.add(process)
        try:
            return self._wait(process, request.timeout, cancelled)
        finally:
            _end_group(process)
            with self._lock:
                self._running.discard(process)

    @staticmethod
    def _wait(process: subprocess.Popen[bytes], timeout: float | None, cancelled: Callable[[], bool]) -> Attempt:
        waited = 0.0
        while True:
            try:
                code = process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                waited += 0.2
                if timeout is not None and waited >= timeout:
                    return Attempt(None, TIMED_OUT)
                if cancelled():
                    return Attempt(None, "Job terminated by the caller")
                continue
            # A container killed by a signal reports 128 + its number.
            return Attempt(code if code >= 0 else 128 - code, EXITED)

    def close(self) -> None:
        """Ends every running job."""
        self._closing.set()
        with self._lock:
            running = list(self._running)
        for process in running:
            _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, a moment to tidy up, SIGKILL: as a container is stopped. Reaches what the job itself started."""
    for number, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience)
