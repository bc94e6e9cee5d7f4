"""The demo: one photo goes both ways through the whole stack, and comes back alive twice."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .client import Client, Inbox, Stage
from .journey import Notification, Saved, as_json, exit_code, follow, save, timings_table
from .progress import Progress
from .settings import DEFAULT_PATHS, DONE, FAILED, ROOT
from .stack import Stack

DEFAULT_PHOTO = ROOT / "tests" / "fixtures" / "astronaut.png"
OUT = ROOT / "out" / "demo"


def demo(photo: Path, motion: str | None) -> int:
    """Starts the stack, sends ``photo`` both ways, saves both clips, prints what happened, stops everything.

    Returns the exit code: 0 done, 3 the photo was rejected (its verdict is printed), 1 anything else.
    """
    progress = Progress()
    progress.say("starting the stack of template.yaml on loopback")
    begun = time.monotonic()
    with Stack() as stack:
        client = Client(stack.endpoint, stack.deployment.outputs)
        progress.say(
            f"up at {stack.endpoint}, {len(stack.deployment.physical)} resources; logs in {_shown(stack.paths.logs)}"
        )
        with Inbox(client) as inbox:
            started = Stage("stack up", time.monotonic() - begun)
            options: Mapping[str, Any] = {"motions": [motion]} if motion else {}
            posted = client.post(photo, options)
            sent = {True: time.time()}
            progress.say(f"{posted}  photo sent: POST /v1/clips, then the presigned POST")
            client.drop(photo)
            sent[False] = time.time()
            progress.say("photo sent: dropped in the bucket")
            notifications = follow(client, inbox, 2, progress)
            total = Stage("all", time.time() - sent[True])
        if rejected := [n for n in notifications if exit_code(n) != DONE]:
            return _tell_rejected(rejected)
        saved = {n["clip_id"]: save(client, n, OUT, _name(photo, n, posted)) for n in notifications}
        progress.say("both clips fetched through their signed URLs")
        _tell(client, notifications, saved, posted, sent, (started, total))
    progress.say("everything stopped")
    return DONE


def _name(photo: Path, notification: Notification, posted: str) -> str:
    return f"{photo.stem}-{'posted' if notification['clip_id'] == posted else 'dropped'}"


def _tell(
    client: Client,
    notifications: list[Notification],
    saved: Mapping[str, Saved],
    posted: str,
    sent: Mapping[bool, float],
    around: tuple[Stage, Stage],
) -> None:
    rows, made = [], []
    for notification in sorted(notifications, key=lambda n: n["clip_id"] != posted):
        clip_id = notification["clip_id"]
        files = saved[clip_id]
        way = "posted" if clip_id == posted else "dropped"
        print(f"\n{way}: {as_json(notification)}")
        rows.append((way, [around[0], *client.timings(clip_id, sent[clip_id == posted]), around[1]]))
        made.append(f"{way}: {_shown(files.clip)}, poster {_shown(files.poster)}, frames {_shown(files.sheet)}")
    print("", timings_table(rows), "", *made, "", sep="\n", flush=True)  # last what one came for


def _tell_rejected(rejected: list[Notification]) -> int:
    """A fault of ours is no verdict on the photo: only the latter exits with 3."""
    for sentence in dict.fromkeys(f"{n['verdict']['code']}: {n['verdict']['message']}" for n in rejected):
        print(sentence)
    for notification in rejected:
        print(f"notification: {as_json(notification)}")
    code = min(map(exit_code, rejected))
    if code == FAILED:
        print(f"Logs: {_shown(DEFAULT_PATHS.logs)}")
    return code


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
