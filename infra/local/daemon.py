"""``up``, ``submit`` and ``down``: a stack that stays, described by a state file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .client import Client, Inbox
from .journey import as_json, exit_code, follow, save
from .progress import Progress
from .settings import DEFAULT_PATHS, DONE, FAILED, PERSON, REGION, ROOT, TEMPLATE, Paths

_START_SECONDS = 60.0
_children: dict[int, subprocess.Popen[bytes]] = {}  # those of this very process, to be waited for when they end


class NotRunning(Exception):
    """There is no stack to speak to."""


@dataclass(frozen=True)
class Running:
    """Where a stack runs: its process, its address, and its template's outputs."""

    pid: int
    endpoint: str
    outputs: Mapping[str, str]

    def client(self) -> Client:
        """Somebody to speak to it."""
        return Client(self.endpoint, self.outputs)


def start(paths: Paths = DEFAULT_PATHS, port: int = 0, template: Path = TEMPLATE) -> Running:
    """Starts a stack in the background, or gives the one that runs already. Raises ``NotRunning`` when it fails."""
    if (running := read_state(paths)) is not None:
        return running
    paths.make()
    serving = [sys.executable, "-m", "infra.local", "serve", "--port", str(port)]
    with paths.stack_log.open("ab") as log:
        process = subprocess.Popen(
            [*serving, "--home", str(paths.home.resolve()), "--template", str(template.resolve())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        running = read_state(paths)
        if running is not None and running.pid == process.pid:
            _children[process.pid] = process
            return running
        time.sleep(0.1)
    if process.poll() is None:
        process.terminate()
    raise NotRunning(f"the stack did not start; {paths.stack_log} says why")


def up(port: int, paths: Paths = DEFAULT_PATHS) -> int:
    """Starts a stack in the background and prints where it is; says so when one runs already."""
    before = read_state(paths)
    running = start(paths, port)
    print(f"already up at {running.endpoint}" if before else running.endpoint)
    for name, value in sorted(running.outputs.items()):
        print(f"  {name}: {value}")
    somebody = {"AWS_ENDPOINT_URL": running.endpoint, "AWS_DEFAULT_REGION": REGION, **PERSON.environment()}
    print("to call it as somebody who may:\n  export " + " ".join(f"{name}={value}" for name, value in somebody.items()))
    return DONE


def serve(port: int, paths: Paths = DEFAULT_PATHS, template: Path = TEMPLATE) -> int:
    """The stack itself, in the foreground, until it is told to stop (SIGTERM or Ctrl-C)."""
    from .stack import Stack

    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: told.set())
    with Stack(template, paths=paths, port=port) as stack:
        write_state(paths, Running(os.getpid(), stack.endpoint, dict(stack.deployment.outputs)))
        told.wait()
    paths.state.unlink(missing_ok=True)  # last: `down` waits for it
    return DONE


def down(paths: Paths = DEFAULT_PATHS) -> int:
    """Stops the stack that ``up`` started, and waits until it is gone."""
    running = read_state(paths)
    if running is None:
        print("no stack is up")
        return DONE
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + 30
    while read_state(paths) is not None and time.monotonic() < deadline:
        time.sleep(0.1)
    if read_state(paths) is not None:
        print("the stack does not stop", file=sys.stderr)
        return FAILED
    if child := _children.pop(running.pid, None):
        child.wait()
    print("down")
    return DONE


def submit(photo: Path, motions: Sequence[str], out: Path, paths: Paths = DEFAULT_PATHS) -> int:
    """Sends a photo to the running stack and saves its clip. Raises ``NotRunning``."""
    running = read_state(paths)
    if running is None:
        raise NotRunning("no stack is up: start one with `vivify local up`")
    progress = Progress()
    client = running.client()
    with Inbox(client) as inbox:
        clip_id = client.post(photo, {"motions": list(motions)} if motions else {})
        progress.say(f"{clip_id}  photo sent")
        (notification,) = follow(client, inbox, 1, progress, lambda seen: seen == clip_id)
    print(as_json(notification))
    if code := exit_code(notification):
        verdict = notification["verdict"]
        print(f"{verdict['code']}: {verdict['message']}", file=sys.stderr)
        return code
    saved = save(client, notification, out, photo.stem)
    print(f"{saved.clip}\n{saved.poster}\n{saved.sheet}")
    return DONE


def write_state(paths: Paths, running: Running) -> None:
    """Says where the stack is; readable by its owner only, and never half written."""
    draft = paths.state.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(running), file)
    draft.replace(paths.state)


def read_state(paths: Paths) -> Running | None:
    """The running stack; None when there is none, also after a crash left its state file behind."""
    try:
        running = Running(**json.loads(paths.state.read_text()))
        os.kill(running.pid, 0)
    except (FileNotFoundError, ProcessLookupError):
        return None
    # A pid is given again after a while: where the system tells (Linux), it must be our own command.
    command = Path(f"/proc/{running.pid}/cmdline")
    ours = not command.exists() or b"infra.local" in command.read_bytes()
    return running if ours else None
