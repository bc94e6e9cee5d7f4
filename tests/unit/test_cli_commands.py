"""Every command but ``animate``, and the program itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import vivify
from tests.unit.command_line import StandIn, run
from vivify.cli import doctor, local


def _face(verdict: str | None) -> Any:
    from vivify.faces import Verdict

    return types.SimpleNamespace(
        size=120.0,
        pose=types.SimpleNamespace(yaw=-3.0, pitch=4.0, roll=1.0),
        verdict=None if verdict is None else Verdict(verdict, "Choose another photo."),
        as_dict=lambda: {"size": 120.0, "verdict": verdict},
    )


def test_inspect_with_a_good_face(engine: StandIn, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One face that can be animated beside one that cannot is exit 0, and each has its line."""
    engine.faces = [_face(None), _face("profile_view")]
    assert run("inspect", photo) == 0
    out, err = capsys.readouterr()
    assert "png, 64 x 64, 2 faces, 1 can be animated" in out
    assert "yaw -3  pitch +4  roll +1  ready" in out
    assert "profile_view: Choose another photo." in out
    assert err == ""


def test_inspect_without_a_good_face(engine: StandIn, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No face to animate is exit 3 with the reason, in text and in JSON, where the faces are told as well."""
    for faces, code in (([], "no_face_found"), ([_face("profile_view")], "profile_view")):
        engine.faces = faces
        assert run("inspect", photo) == 3
        assert capsys.readouterr().err.startswith(f"{code}: ")
        assert run("inspect", photo, "--json") == 3
        answer = json.loads(capsys.readouterr().out)
        assert answer["error"]["code"] == code
        assert answer["animatable"] == 0
        assert len(answer["faces"]) == len(faces)
        assert answer["photo"] == {"format": "png", "size": [64, 64]}


def test_motions_lists_the_library(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each motion is told with name, seconds, what it shows, source and licence."""
    row = {"name": "nod", "seconds": 2.0, "shows": "a nod", "source": "a clip", "licence": "MIT"}
    monkeypatch.setattr("vivify.motion.library", lambda: [types.SimpleNamespace(**row)])
    assert run("motions") == 0
    assert capsys.readouterr().out == "nod   2.0 s  a nod\n             a clip; MIT\n"
    assert run("motions", "--json") == 0
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
        assert run("motion", "extract", photo, "-o", target, "--json", "--keep", "head,lids") == int(fails)
        assert target.exists() is not fails
    assert kept == [["head", "lids"]] * 2
    assert target.read_text() == "{}"
    assert '"name": "wave"' in capsys.readouterr().out
    assert sorted(p.name for p in photo.parent.iterdir()) == ["photo.png", "wave.json"]


def test_doctor_finds_a_working_engine(capsys: pytest.CaptureFixture[str]) -> None:
    """Where these tests run the engine can run: exit 0, versions of all, every model verified."""
    assert run("doctor", "--json") == 0
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
    """Without models and ffmpeg and with a package gone the engine cannot run: exit 1, a sentence for each problem."""
    monkeypatch.setenv("VIVIFY_MODELS", str(tmp_path))
    monkeypatch.setitem(doctor._ENGINE, "no-such-package", "no_such_module_of_ours")
    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", lambda: str(tmp_path / "ffmpeg"))
    assert run("doctor") == 1
    out = capsys.readouterr().out
    assert "problem: ffmpeg does not run." in out
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


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What is a checkout to ``vivify local``, but for what infra.local does."""
    root = tmp_path / "checkout"
    (root / "infra" / "local").mkdir(parents=True)
    (root / "docs").mkdir()
    (root / "template.yaml").touch()
    (root / "infra" / "__init__.py").touch()
    (root / "infra" / "local" / "__init__.py").touch()
    return root


def test_local_runs_the_checkout(checkout: Path, monkeypatch: pytest.MonkeyPatch, photo: Path) -> None:
    """Vivify local finds the checkout upward, runs infra.local there, and returns its exit code."""
    seen = checkout / "seen.json"
    (checkout / "infra" / "local" / "__main__.py").write_text(
        f"import json, os, sys\njson.dump([os.getcwd(), *sys.argv[1:]], open({str(seen)!r}, 'w'))\nsys.exit(7)\n"
    )
    assert local.checkout(checkout / "docs") == checkout
    monkeypatch.chdir(checkout / "docs")
    assert run("local", "submit", os.path.relpath(photo, checkout / "docs"), "--motion", "nod") == 7
    assert json.loads(seen.read_text()) == [str(checkout), "submit", str(photo), "--motion=nod"]


def test_local_ends_what_it_has_started(checkout: Path) -> None:
    """Told to end, vivify local tells infra.local so, and ends when that has tidied up."""
    (checkout / "infra" / "local" / "__main__.py").write_text(
        "import pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.3), pathlib.Path('tidy').touch(), sys.exit(0)))\n"
        "print('up', flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-m", "vivify.cli", "local", "up"]
    with subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.terminate()
        assert process.wait(30) == 1
        assert (checkout / "tidy").exists()


def test_the_module_runs_as_a_program() -> None:
    """Python -m vivify.cli prints its version, and help names every command without loading the engine."""
    program = [sys.executable, "-m", "vivify.cli"]
    version = subprocess.run([*program, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout == f"vivify {vivify.__version__}\n"
    shown = subprocess.run([*program, "--help"], capture_output=True, text=True, check=True).stdout
    assert all(name in shown for name in ("animate", "inspect", "motions", "motion", "local", "doctor"))
    loaded = "import sys, vivify.cli; print([m for m in ('numpy', 'cv2', 'onnxruntime') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "[]\n"
