"""The command line keeps its contract: exit codes, one JSON object, one sentence for an error, no half-made file."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import vivify
from vivify.cli import doctor, local, main, output
from vivify.errors import FaceTooSmall, GpuUnavailable, MotionInvalid, NoFaceFound, UsageError, VideoError

_REPORT: dict[str, Any] = {
    "clip": "clip.mp4",
    "frames": 100,
    "fps": 25.0,
    "size": [512, 512],
    "faces": [],
    "seconds": {"faces": 0.1, "depth": 0.1, "motion": 0.1, "animate": 3.0, "encode": 0.5, "total": 3.8},
}


@dataclass
class Engine:
    """Stands in for ``vivify.engine``: remembers what it was asked, answers or raises as told."""

    raises: BaseException | None = None
    faces: list[Any] = field(default_factory=list)
    asked: dict[str, Any] = field(default_factory=dict)
    module: types.ModuleType = field(default_factory=lambda: types.ModuleType("vivify.engine"))

    def __post_init__(self) -> None:
        self.module.Options = self._options  # type: ignore[attr-defined]
        self.module.analyse = lambda photo: self.faces  # type: ignore[attr-defined]
        self.module.animate = self._animate  # type: ignore[attr-defined]

    def _options(self, **options: Any) -> dict[str, Any]:
        self.asked = options
        return options

    def _animate(self, photo: Any, faces: Any, out: Path, options: Any, progress: Callable[[int, int], None]) -> Any:
        progress(50, 100)
        if self.raises is not None:
            raise self.raises
        out.write_bytes(b"a clip")
        return types.SimpleNamespace(as_dict=lambda: _REPORT)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The stand-in, in the real engine's place."""
    stand_in = Engine()
    monkeypatch.setitem(sys.modules, "vivify.engine", stand_in.module)
    monkeypatch.setattr(vivify, "engine", stand_in.module, raising=False)
    return stand_in


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A readable photo of nothing."""
    path = tmp_path / "photo.png"
    Image.new("RGB", (64, 64), (90, 120, 150)).save(path)
    return path


def _run(*arguments: object) -> int:
    """The exit code, whether ``main`` returns it or argparse exits with it."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stopped:
        return int(stopped.code or 0)


def test_animate_writes_the_clip(engine: Engine, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A clip made is exit 0, one line on stdout, and nothing on stderr when it is no terminal."""
    assert _run("animate", photo, "-o", tmp_path / "clip.mp4") == 0
    out, err = capsys.readouterr()
    assert "100 frames at 25 a second, 512 x 512, made in 3.8 s" in out
    assert out.count("\n") == 1
    assert err == ""


def test_animate_json_is_the_report(engine: Engine, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json stdout holds exactly the report, one object."""
    assert _run("animate", photo, "-o", tmp_path / "clip.mp4", "--json") == 0
    assert json.loads(capsys.readouterr().out) == _REPORT


def test_animate_options_reach_the_engine(engine: Engine, photo: Path, tmp_path: Path) -> None:
    """Each option arrives under the engine's own name and type."""
    words = "--motion blink --motion nod --seconds 6 --fps 30 --size 512 --frame portrait --faces 2 --loop"
    words += f" --strength 0.5 --strength eyes=1.5 --strength head=0 --seed 7 --depth {tmp_path}/map.png --repair off"
    words += " --provider cuda"
    assert _run("animate", photo, "-o", tmp_path / "clip.mp4", *words.split()) == 0
    assert engine.asked == {
        "motions": ("blink", "nod"), "driver": None, "seconds": 6.0, "fps": 30.0, "size": 512, "frame": "portrait",
        "faces": 2, "strength": 0.5, "parts": {"lids": 1.5, "head": 0.0}, "loop": True, "seed": 7,
        "storyboard": None, "depth": tmp_path / "map.png", "repair": "off",
        "provider": "cuda",
    }  # fmt: skip


def test_animate_defaults_are_the_contract(engine: Engine, photo: Path, tmp_path: Path) -> None:
    """Without options: native size, the whole photo, all faces, 25 fps; motions and length are the engine's choice."""
    assert _run("animate", photo, "-o", tmp_path / "clip.mp4") == 0
    assert engine.asked == {
        "driver": None, "fps": 25.0, "size": "native", "frame": "photo", "faces": "all", "strength": 1.0, "loop": False,
        "parts": {}, "seed": 0, "storyboard": None, "depth": None, "repair": "auto",
        "provider": "cpu",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FaceTooSmall("The face is 20 px."), 3),
        (NoFaceFound("No face."), 3),
        (MotionInvalid("No such motion."), 2),
        (UsageError("Wrong."), 2),
        (VideoError("ffmpeg failed."), 1),
        (GpuUnavailable("No GPU."), 1),
        (KeyError("secret /home/someone"), 1),
        (KeyboardInterrupt(), 1),
    ],
)
def test_exit_codes(
    engine: Engine,
    photo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
) -> None:
    """3 for the photo, 2 for usage, 1 for all else; one line on stderr, none on stdout, no clip, no inner detail."""
    engine.raises = error
    assert _run("animate", photo, "-o", tmp_path / "clip.mp4") == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "secret" not in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photo.png"]


def test_error_line_is_code_and_sentence(
    engine: Engine, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr an error is its code, a colon and its sentence."""
    engine.raises = FaceTooSmall("The face is 20 px; 48 are needed.")
    _run("animate", photo, "-o", tmp_path / "clip.mp4")
    assert capsys.readouterr().err == "face_too_small: The face is 20 px; 48 are needed.\n"


def test_error_with_json_is_one_object(
    engine: Engine, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --json an error is {"error": {code, message, retryable, details}} on stdout and stderr stays empty."""
    for error, code in (
        (FaceTooSmall("Too small.", size=20), "face_too_small"),
        (ValueError(), "internal_error"),
    ):
        engine.raises = error
        _run("animate", photo, "-o", tmp_path / "clip.mp4", "--json")
        out, err = capsys.readouterr()
        answer = json.loads(out)
        assert list(answer) == ["error"]
        assert answer["error"]["code"] == code
        assert set(answer["error"]) == {"code", "message", "retryable", "details"}
        assert err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint"],
        ["animate"],
        ["animate", "photo.png"],
        ["animate", "missing.png", "-o", "clip.mp4"],
        ["animate", ".", "-o", "clip.mp4"],
        ["animate", "photo.png", "-o", "clip.avi"],
        ["animate", "photo.png", "-o", "nowhere/clip.mp4"],
        ["animate", "photo.png", "-o", "folder.mp4"],
        ["animate", "photo.png", "-o", "clip.mp4", "--seconds", "0"],
        ["animate", "photo.png", "-o", "clip.mp4", "--seconds", "nan"],
        ["animate", "photo.png", "-o", "clip.mp4", "--fps", "1000"],
        ["animate", "photo.png", "-o", "clip.mp4", "--size", "8"],
        ["animate", "photo.png", "-o", "clip.mp4", "--size", "big"],
        ["animate", "photo.png", "-o", "clip.mp4", "--faces", "0"],
        ["animate", "photo.png", "-o", "clip.mp4", "--frame", "legs"],
        ["animate", "photo.png", "-o", "clip.mp4", "--strength", "-1"],
        ["animate", "photo.png", "-o", "clip.mp4", "--strength", "ears=1"],
        ["animate", "photo.png", "-o", "clip.mp4", "--seed", "x"],
        ["animate", "photo.png", "-o", "clip.mp4", "--driver", "missing.mp4"],
        ["animate", "photo.png", "-o", "clip.mp4", "--driver", "photo.png", "--motion", "nod"],
        ["inspect", "missing.png"],
        ["motion"],
        ["motion", "extract", "missing.mp4", "-o", "t.json"],
        ["motion", "extract", "photo.png", "-o", "t.pickle"],
        ["motion", "extract", "photo.png", "-o", "t.json", "--start", "2", "--end", "1"],
        ["local"],
        ["local", "sideways"],
        ["local", "submit", "missing.png"],
        ["local", "up"],
    ],
)
def test_wrong_usage_is_2(
    engine: Engine,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    """Whatever makes no sense is exit 2 with a word on stderr, before any work, and writes nothing."""
    monkeypatch.chdir(photo.parent)
    (photo.parent / "folder.mp4").mkdir()
    assert _run(*arguments) == 2
    assert capsys.readouterr().err
    assert engine.asked == {}
    assert sorted(p.name for p in photo.parent.iterdir()) == ["folder.mp4", "photo.png"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "photo_corrupt"),
        (b"just text", "unsupported_format"),
        (b"\xff\xd8\xff\xe0 cut", "photo_corrupt"),
    ],
)
@pytest.mark.parametrize("command", ["animate", "inspect"])
def test_bad_photos_are_3(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, data: bytes, code: str
) -> None:
    """A file that is no photo is exit 3 with its code, whatever its name says."""
    (tmp_path / "photo.jpg").write_bytes(data)
    extra = ["-o", tmp_path / "clip.mp4"] if command == "animate" else []
    assert _run(command, tmp_path / "photo.jpg", *extra, "--json") == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def _face(verdict: str | None) -> Any:
    from vivify.faces import Verdict

    return types.SimpleNamespace(
        size=120.0,
        pose=types.SimpleNamespace(yaw=-3.0, pitch=4.0, roll=1.0),
        verdict=None if verdict is None else Verdict(verdict, "Choose another photo."),
        as_dict=lambda: {"size": 120.0, "verdict": verdict},
    )


def test_inspect_with_a_good_face(engine: Engine, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One face that can be animated beside one that cannot is exit 0, and each has its line."""
    engine.faces = [_face(None), _face("profile_view")]
    assert _run("inspect", photo) == 0
    out, err = capsys.readouterr()
    assert "png, 64 x 64, 2 faces, 1 can be animated" in out
    assert "yaw -3  pitch +4  roll +1  ready" in out
    assert "profile_view: Choose another photo." in out
    assert err == ""


def test_inspect_without_a_good_face(engine: Engine, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No face to animate is exit 3 with the reason, in text and in JSON, where the faces are told as well."""
    for faces, code in (([], "no_face_found"), ([_face("profile_view")], "profile_view")):
        engine.faces = faces
        assert _run("inspect", photo) == 3
        assert capsys.readouterr().err.startswith(f"{code}: ")
        assert _run("inspect", photo, "--json") == 3
        answer = json.loads(capsys.readouterr().out)
        assert answer["error"]["code"] == code
        assert answer["animatable"] == 0
        assert len(answer["faces"]) == len(faces)
        assert answer["photo"] == {"format": "png", "size": [64, 64]}


def test_motions_lists_the_library(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each motion is told with name, seconds, what it shows, source and licence."""
    row = {"name": "nod", "seconds": 2.0, "shows": "a nod", "source": "a clip", "licence": "MIT"}
    monkeypatch.setattr("vivify.motion.library", lambda: [types.SimpleNamespace(**row)])
    assert _run("motions") == 0
    assert capsys.readouterr().out == "nod   2.0 s  a nod  [a clip; MIT]\n"
    assert _run("motions", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"motions": [row]}


def test_motion_extract_writes_whole_templates(
    photo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The template appears when it is whole; interrupted while saving, no part of it stays. --keep reaches the measuring."""

    class Template:
        seconds = 2.0

        def __init__(self, fails: bool, name: str) -> None:
            self.fails, self.name = fails, name

        def save(self, path: Path) -> None:
            path.write_text("{")
            if self.fails:
                raise KeyboardInterrupt
            path.write_text("{}")

    target, kept = photo.parent / "wave.json", []
    for fails in (True, False):

        def extract(video: Path, fails: bool = fails, **of: Any) -> Template:
            kept.append(of["keep"])
            return Template(fails, of["name"])

        monkeypatch.setattr("vivify.motion.extract", extract)
        assert _run("motion", "extract", photo, "-o", target, "--json", "--keep", "head,lids") == int(fails)
        assert target.exists() is not fails
    assert kept == [["head", "lids"]] * 2
    assert target.read_text() == "{}"
    assert '"name": "wave"' in capsys.readouterr().out
    assert sorted(p.name for p in photo.parent.iterdir()) == ["photo.png", "wave.json"]


def test_progress_shows_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar is drawn on a terminal, once per percent, and wiped at the end; in a pipe there is no byte of it."""
    for terminal in (True, False):
        stderr = io.StringIO()
        stderr.isatty = lambda shown=terminal: shown  # type: ignore[method-assign, misc]
        monkeypatch.setattr(sys, "stderr", stderr)
        with output.Progress() as bar:
            for done in range(1001):
                bar(done, 1000)
        drawn = stderr.getvalue()
        assert drawn.count("\r[") == (101 if terminal else 0)
        assert drawn.endswith("\r\x1b[K") is terminal
        assert bool(drawn) is terminal


def test_debug_shows_where(engine: Engine, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """VIVIFY_DEBUG=1 lets an unexpected error through with its traceback."""
    monkeypatch.setenv("VIVIFY_DEBUG", "1")
    engine.raises = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        _run("animate", photo, "-o", photo.parent / "clip.mp4")


def test_doctor_finds_a_working_engine(capsys: pytest.CaptureFixture[str]) -> None:
    """Where these tests run the engine can run: exit 0, versions of all, every model verified."""
    assert _run("doctor", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ready"] is True
    assert found["problems"] == []
    assert all(found["packages"].values())
    assert found["ffmpeg"]
    assert found["providers"] == ["cpu"]
    assert set(found["models"].values()) == {"ok"}
    assert "moto" in found["local_stack"]


def test_doctor_names_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without its models and with a package gone the engine cannot run: exit 1, a sentence for each problem."""
    monkeypatch.setenv("VIVIFY_MODELS", str(tmp_path))
    monkeypatch.setitem(doctor._ENGINE, "no-such-package", "no_such_module_of_ours")
    assert _run("doctor") == 1
    out = capsys.readouterr().out
    assert "problem: The package no-such-package is missing or broken." in out
    assert "problem: The model models.toml is not installed." in out
    assert out.endswith("The engine cannot run.\n")


def test_doctor_finds_a_changed_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model file with one byte changed is model_corrupt, and only that one."""
    from vivify import models

    for file in models.directory().iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    victim = tmp_path / "face_model.npz"
    data = bytearray(victim.read_bytes())
    data[100] ^= 1
    victim.write_bytes(data)
    monkeypatch.setenv("VIVIFY_MODELS", str(tmp_path))
    states = doctor.examine()["models"]
    assert states.pop("face_model") == "model_corrupt"
    assert set(states.values()) == {"ok"}


def test_local_runs_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photo: Path) -> None:
    """Vivify local finds the checkout upward, runs infra.local there, and returns its exit code."""
    checkout = tmp_path / "checkout"
    (checkout / "infra" / "local").mkdir(parents=True)
    (checkout / "docs").mkdir()
    (checkout / "template.yaml").touch()
    (checkout / "infra" / "__init__.py").touch()
    (checkout / "infra" / "local" / "__init__.py").touch()
    seen = checkout / "seen.json"
    (checkout / "infra" / "local" / "__main__.py").write_text(
        f"import json, os, sys\njson.dump([os.getcwd(), *sys.argv[1:]], open({str(seen)!r}, 'w'))\nsys.exit(7)\n"
    )
    assert local.checkout(checkout / "docs") == checkout
    monkeypatch.chdir(checkout / "docs")
    assert _run("local", "submit", os.path.relpath(photo, checkout / "docs")) == 7
    assert json.loads(seen.read_text()) == [str(checkout), "submit", str(photo)]


def test_the_module_runs_as_a_program() -> None:
    """Python -m vivify.cli prints its version, and help names every command without loading the engine."""
    program = [sys.executable, "-m", "vivify.cli"]
    version = subprocess.run([*program, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout == f"vivify {vivify.__version__}\n"
    shown = subprocess.run([*program, "--help"], capture_output=True, text=True, check=True).stdout
    assert all(name in shown for name in ("animate", "inspect", "motions", "motion", "local", "doctor"))
    loaded = "import sys, vivify.cli; print([m for m in ('numpy', 'cv2', 'onnxruntime') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_closed_pipe_is_no_crash() -> None:
    """Output cut off by a reader that left (| head) ends without a traceback."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "vivify.cli", "motions", "--json"],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1)
