"""Following photos to their end: every state on the way, then the notification; and what is saved of a clip."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .client import Client, Inbox, Stage
from .progress import Progress
from .settings import DONE, FAILED, REJECTED

Notification = dict[str, Any]


class NoNews(Exception):
    """No notification came in time, or none will ever come."""


@dataclass(frozen=True)
class Saved:
    """Files of one finished clip."""

    clip: Path
    poster: Path
    sheet: Path


def follow(
    client: Client,
    inbox: Inbox,
    wanted: int,
    progress: Progress,
    ours: Callable[[str], bool] = lambda _clip_id: True,
    limit: float = 600.0,
) -> list[Notification]:
    """Waits for ``wanted`` notifications about clips that are ``ours``. Raises ``NoNews``."""
    found: list[Notification] = []
    seen: dict[str, str] = {}
    deadline = time.monotonic() + limit
    while len(found) < wanted:
        if time.monotonic() > deadline:
            raise NoNews(f"{wanted - len(found)} of {wanted} notifications did not come in {limit:.0f} s")
        for clip_id, state in client.states().items():
            if ours(clip_id) and seen.get(clip_id) != state:
                seen[clip_id] = state
                progress.say(f"{clip_id}  {state}")
        busy = sorted({s for c, s in seen.items() if s not in ("ready", "failed")})
        progress.tick(" and ".join(busy) or "waiting")
        news = [n for n in inbox.read(1) if ours(n["clip_id"])]
        found += news
        if not news and (troubles := client.troubles()):
            raise NoNews("; ".join(troubles))
    return found


def exit_code(news: Notification) -> int:
    """Whether there is a clip; if not, whether the same photo may do later, as after a fault of ours, or never will."""
    if news["event"] == "clip.ready":
        return DONE
    return FAILED if news["retryable"] else REJECTED


def save(client: Client, notification: Notification, folder: Path, name: str) -> Saved:
    """Fetches clip and poster through their signed URLs, and lays 12 frames of the clip on a contact sheet."""
    clip = client.fetch(notification["url"], folder / f"{name}.mp4")
    poster = client.fetch(notification["poster_url"], folder / f"{name}.jpg")
    return Saved(clip, poster, contact_sheet(clip, folder / f"{name}.png", frames=int(notification["frames"])))


def contact_sheet(clip: Path, target: Path, frames: int) -> Path:
    """Twelve of the clip's ``frames``, or all of fewer, evenly spread over it, in rows of 4, each 320 pixels wide."""
    import imageio_ffmpeg

    count = min(12, frames)
    step = frames / count
    first_of_its_share = f"eq(n,0)+gt(floor(n/{step:.6f}),floor((n-1)/{step:.6f}))"
    view = f"select='{first_of_its_share}',scale=320:-2,tile=4x{-(-count // 4)}:nb_frames={count}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", str(clip), "-vf", view]
    subprocess.run([*command, "-frames:v", "1", str(target)], check=True, stdin=subprocess.DEVNULL)
    return target


def timings_table(rows: Iterable[tuple[str, list[Stage]]]) -> str:
    """One column a clip, one row a stage, seconds."""
    columns = list(rows)
    names = list(dict.fromkeys(stage.name for _, stages in columns for stage in stages))
    width = max([len("seconds"), *map(len, names)])
    lines = ["  ".join([f"{'seconds':<{width}}", *(f"{title:>12}" for title, _ in columns)])]
    for name in names:
        cells = []
        for _, stages in columns:
            total = sum(stage.seconds for stage in stages if stage.name == name)
            cells.append(f"{total:>12.2f}" if any(s.name == name for s in stages) else f"{'-':>12}")
        lines.append("  ".join([f"{name:<{width}}", *cells]))
    return "\n".join(lines)


def as_json(notification: Notification) -> str:
    """For printing."""
    return json.dumps(notification, indent=2)
