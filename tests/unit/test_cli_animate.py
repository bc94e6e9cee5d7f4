"""``vivify animate`` gives the engine what was asked for, and says what was made."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.command_line import REPORT, StandIn, run
from vivify.cli import output


def test_animate_writes_the_clip(engine: StandIn, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A clip made is exit 0, one line on stdout, and nothing on stderr when it is no terminal."""
    assert run("animate", photo, "-o", tmp_path / "clip.mp4") == 0
    out, err = capsys.readouterr()
    assert "100 frames at 25 a second, 512 x 512, made in 3.8 s" in out
    assert out.count("\n") == 1
    assert err == ""


def test_animate_tells_who_stays_still_and_who_is_held_back(
    engine: StandIn, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Below the clip's line: why a face stays still, what holds one back, which were mended; of any other nothing."""
    plain: dict[str, Any] = {"verdict": None, "animated": True, "held_back": [], "repaired": False}
    small = {"code": "face_too_small", "message": "Send a larger photo."}
    faces = [
        plain,
        plain | {"held_back": ["head_turned", "spectacles"], "repaired": True},
        plain | {"verdict": small, "animated": False},
    ]
    engine.report = REPORT | {"faces": faces}
    assert run("animate", photo, "-o", tmp_path / "clip.mp4") == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  2  moves less than asked for  head_turned, spectacles",
        "  2  mended first",
        "  3  stays still  face_too_small: Send a larger photo.",
    ]


def test_animate_json_is_the_report(
    engine: StandIn, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --json stdout holds exactly the report, one object."""
    assert run("animate", photo, "-o", tmp_path / "clip.mp4", "--json") == 0
    assert json.loads(capsys.readouterr().out) == REPORT


def test_animate_options_reach_the_engine(engine: StandIn, photo: Path, tmp_path: Path) -> None:
    """Each option arrives under the engine's own name and type."""
    words = "--motion blink --motion nod --seconds 6 --fps 30 --size 512 --frame portrait --faces 2 --loop"
    words += f" --strength 0.5 --strength eyes=1.5 --strength head=0 --seed 7 --depth {tmp_path}/map.png --repair off"
    words += " --provider cuda"
    assert run("animate", photo, "-o", tmp_path / "clip.mp4", *words.split()) == 0
    assert engine.asked == {
        "motions": ("blink", "nod"), "driver": None, "seconds": 6.0, "fps": 30.0, "size": 512, "frame": "portrait",
        "faces": 2, "strength": 0.5, "parts": {"lids": 1.5, "head": 0.0}, "loop": True, "seed": 7,
        "storyboard": None, "depth": tmp_path / "map.png", "repair": "off",
        "provider": "cuda",
    }  # fmt: skip


def test_animate_defaults_are_the_contract(engine: StandIn, photo: Path, tmp_path: Path) -> None:
    """Without options: native size, the whole photo, all faces, 25 fps; motions and length are the engine's choice."""
    assert run("animate", photo, "-o", tmp_path / "clip.mp4") == 0
    assert engine.asked == {
        "driver": None, "fps": 25.0, "size": "native", "frame": "photo", "faces": "all", "strength": 1.0, "loop": False,
        "parts": {}, "seed": None, "storyboard": None, "depth": None, "repair": "auto",
        "provider": "cpu",
    }  # fmt: skip


def test_progress_shows_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done first is told on a terminal, then the bar is drawn in its place, once per percent, and wiped at the end;
    in a pipe there is no byte of it.
    """
    for terminal in (True, False):
        stderr = io.StringIO()
        stderr.isatty = lambda shown=terminal: shown  # type: ignore[method-assign, misc]
        monkeypatch.setattr(sys, "stderr", stderr)
        with output.ProgressBar("looking") as bar:
            for done in range(1001):
                bar(done, 1000)
        drawn = stderr.getvalue()
        assert drawn.startswith("looking ...\r\x1b[K[") is terminal
        assert drawn.count("\r\x1b[K[") == (101 if terminal else 0)
        assert drawn.endswith("\r\x1b[K") is terminal
        assert bool(drawn) is terminal
