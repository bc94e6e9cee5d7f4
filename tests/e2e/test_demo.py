"""``make demo`` as a person meets it: two clips in the folder, a verdict for a bad photo, and nothing left running."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def start(*arguments: str) -> subprocess.Popen[str]:
    """The demo in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "infra.local", "demo", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def left_running(progress: str) -> list[int]:
    """Processes that still know the address of the stack whose start ``progress`` tells of."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("only Linux tells the environment of processes")
    (endpoint,) = set(re.findall(r"http://127\.0\.0\.1:\d+", progress))
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if f"AWS_ENDPOINT_URL={endpoint}\0".encode() in environment and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


def test_demo(astronaut: Path) -> None:
    """The astronaut comes alive both ways; clips, posters, contact sheets, notifications and timings are there."""
    out = ROOT / "out" / "demo"
    names = [f"astronaut-{way}{suffix}" for way in ("posted", "dropped") for suffix in (".mp4", ".jpg", ".png")]
    for name in names:
        (out / name).unlink(missing_ok=True)
    with start(str(astronaut)) as demo:
        text, progress = demo.communicate(timeout=240)
    assert demo.returncode == 0, progress
    assert all((out / name).stat().st_size > 1000 for name in names)
    assert text.count('"event": "clip.ready"') == 2
    assert text.count("X-Amz-Signature=") >= 4
    assert re.search(r"^Animate +\d+\.\d\d +\d+\.\d\d$", text, re.MULTILINE)
    assert [w for w in ("detecting", "animating", "publishing") if w not in progress] == []
    assert left_running(progress) == []


def test_rejected(tmp_path: Path) -> None:
    """A photo that cannot be animated: exit code 3 and the verdict's sentence."""
    letter = tmp_path / "letter.jpg"
    letter.write_text("I am only a letter.\n")
    with start(str(letter)) as demo:
        text, progress = demo.communicate(timeout=120)
    assert demo.returncode == 3
    assert text.startswith("unsupported_format: ")
    assert left_running(progress) == []


def test_interrupted(astronaut: Path) -> None:
    """Ctrl-C in the middle of the work ends functions, jobs and server."""
    with start(str(astronaut)) as demo:
        assert demo.stderr is not None
        progress = ""
        for line in demo.stderr:
            progress += line
            if "animating" in line:
                break
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=30)
    assert demo.returncode == 130
    assert left_running(progress) == []


def test_no_such_photo() -> None:
    """A file that is not there is wrong usage, told at once."""
    with start("no-such-photo.jpg") as demo:
        _, told = demo.communicate(timeout=30)
    assert demo.returncode == 2
    assert "no-such-photo.jpg" in told
