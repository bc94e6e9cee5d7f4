"""The command line fails as promised: exit codes, one sentence or one JSON object, and no half-made file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.command_line import StandIn, run
from vivify.cli import files
from vivify.errors import FaceTooSmall, GpuUnavailable, MotionInvalid, NoFaceFound, NoFaceInVideo, UsageError, VideoError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FaceTooSmall("The face is 20 px."), 3),
        (NoFaceFound("No face."), 3),
        (MotionInvalid("No such motion."), 2),
        (UsageError("Wrong."), 2),
        (VideoError("ffmpeg failed."), 1),
        (NoFaceInVideo("No face."), 1),
        (GpuUnavailable("No GPU."), 1),
        (KeyError("secret /home/someone"), 1),
        (KeyboardInterrupt(), 1),
    ],
)
def test_exit_codes(
    engine: StandIn,
    photo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
) -> None:
    """3 for the photo, 2 for usage, 1 for all else; one line on stderr, none on stdout, no clip, no inner detail."""
    engine.raises = error
    assert run("animate", photo, "-o", tmp_path / "clip.mp4") == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "secret" not in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photo.png"]


def test_error_line_is_code_and_sentence(
    engine: StandIn, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr an error is its code, a colon and its sentence."""
    engine.raises = FaceTooSmall("The face is 20 px; 48 are needed.")
    run("animate", photo, "-o", tmp_path / "clip.mp4")
    assert capsys.readouterr().err == "face_too_small: The face is 20 px; 48 are needed.\n"


def test_error_with_json_is_one_object(
    engine: StandIn, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --json an error is {"error": {code, message, retryable, details}} on stdout and stderr stays empty."""
    for error, code in (
        (FaceTooSmall("Too small.", size=20), "face_too_small"),
        (ValueError(), "internal_error"),
    ):
        engine.raises = error
        run("animate", photo, "-o", tmp_path / "clip.mp4", "--json")
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
        ["animate", "photo.png", "-o", "/proc/clip.mp4"],
        ["animate", "photo.png", "-o", "clip.mp4", "--motion", "missing.json"],
        ["animate", "photo.png", "-o", "clip.mp4", "--motion", "nod", "--motion", "missing.json"],
        ["animate", "photo.png", "-o", "clip.mp4", "--seconds", "0"],
        ["animate", "photo.png", "-o", "clip.mp4", "--seconds", "nan"],
        ["animate", "photo.png", "-o", "clip.mp4", "--seconds", "inf"],
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
        ["motion", "extract", "photo.png", "-o", "t.json", "--start", "2", "--end", "2"],
        ["local"],
        ["local", "sideways"],
        ["local", "submit", "missing.png"],
        ["local", "up"],
    ],
)
def test_wrong_usage_is_2(
    engine: StandIn,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    """Whatever makes no sense is exit 2 with a word on stderr, before any work, and writes nothing."""
    monkeypatch.chdir(photo.parent)
    (photo.parent / "folder.mp4").mkdir()
    assert run(*arguments) == 2
    assert capsys.readouterr().err
    assert engine.asked == {}
    assert sorted(p.name for p in photo.parent.iterdir()) == ["folder.mp4", "photo.png"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["animate", "https://example.org/me.jpg", "-o", "clip.mp4"], "An address is no file."),
        (["animate", "absent.jpg", "-o", "clip.mp4"], "There is no file absent.jpg."),
        (["animate", "photo.png", "-o", "."], ". is a folder."),
        (["animate", "photo.png", "-o", "/proc/clip.mp4"], "/proc/clip.mp4 cannot be written:"),
        (["animate", "photo.png", "-o", f"{'x' * 252}.mp4"], f"{'x' * 252}.mp4 cannot be written: File name too long."),
        (["animate", "photo.png", "-o", "clip.mp4", "--motion", "absent.json"], "There is no file absent.json."),
        (["local", "submit", "absent.jpg"], "There is no file absent.jpg."),
    ],
)
def test_wrong_files_are_named(
    engine: StandIn,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    """Which file is wrong, and how, is the one line on stderr."""
    monkeypatch.chdir(photo.parent)
    assert run(*arguments) == 2
    assert capsys.readouterr().err.startswith(f"wrong_usage: {told}")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seconds", "soon"], "--seconds: 'soon' is not a number from 0.04 to 600"),
        (["--seconds", "nan"], "--seconds: 'nan' is not a number from 0.04 to 600"),
        (["--strength", "eyes="], "--strength: '' is not a number from 0 to 3"),
        (["--strength", "nose=1"], "--strength: 'nose' is not one of eyes, brows, mouth, head, gaze"),
        (["--size", "63"], "--size: '63' is neither 'native' nor a number from 64 to 4096"),
        (["--size", "4097"], "--size: '4097' is neither 'native' nor a number from 64 to 4096"),
        (["--faces", "9" * 5000], f"--faces: '{'9' * 5000}' is neither 'all', 'largest' nor a face's number"),
        (["--seed", "1000000000"], "--seed: '1000000000' is not a number from 0 to 999999999"),
        (["--seed", "²"], "--seed: '²' is not a number from 0 to 999999999"),
    ],
)
def test_wrong_numbers_are_shown_with_their_limits(
    photo: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    """What was written, and what may be, is the last line on stderr, in no words of the program's own."""
    assert run("animate", photo, "-o", photo.parent / "clip.mp4", *words) == 2
    assert f"error: argument {told}" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--motoin", "nod"], "there is no option --motoin; perhaps you mean --motion"),
        (["--Loop"], "there is no option --Loop; perhaps you mean --loop"),
        (["--colour=3"], "there is no option --colour"),
        (["second.jpg", "third.jpg"], "nobody knows what to do with second.jpg third.jpg"),
    ],
)
def test_mistyped_options_are_told_with_what_may_be_meant(
    photo: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    """The command's own usage, then the wrong option and the nearest there is; what may be its value is not told."""
    assert run("animate", photo, "-o", photo.parent / "clip.mp4", *words) == 2
    usage, *_, last = capsys.readouterr().err.splitlines()
    assert usage.startswith("usage: vivify animate ")
    assert last == f"vivify animate: error: {told}"


def test_without_a_command_all_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The program's name alone shows the page of help, on stderr, and is exit 2."""
    assert run() == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "animate   bring the people in a photo to life" in err


@pytest.mark.parametrize("more", [["-o", "clip.mp4", "--driver", "clip.mp4"], ["-o", "new.mp4", "--depth", "link.png"]])
def test_what_is_read_is_never_overwritten(
    engine: StandIn, photo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    """An output that is the photo or the driver itself, by whatever name, is refused, and both stay as they are."""
    monkeypatch.chdir(photo.parent)
    (photo.parent / "clip.mp4").write_bytes(b"a driver")
    (photo.parent / "link.png").symlink_to(photo)
    before = photo.read_bytes()
    assert run("animate", "photo.png", *more) == 2
    assert "Name another file." in capsys.readouterr().err
    assert engine.asked == {}
    assert ((photo.parent / "clip.mp4").read_bytes(), photo.read_bytes()) == (b"a driver", before)


def test_a_local_stack_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever has the engine alone is told how to install the rest, and gets no traceback."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert run("local", "up") == 2
    assert "pip install '.[local]'" in capsys.readouterr().err


def test_every_page_of_help_begins_with_what_the_command_does(capsys: pytest.CaptureFixture[str]) -> None:
    """The list of commands and each command's own page say the same, and every argument has its line."""
    for command in (["animate"], ["inspect"], ["motions"], ["motion"], ["motion", "extract"], ["local"], ["doctor"]):
        assert run(*command[:-1], "--help") == 0
        listed = " ".join(capsys.readouterr().out.split())
        assert run(*command, "--help") == 0
        usage, does, *rest = capsys.readouterr().out.split("\n\n")
        assert usage.startswith(f"usage: vivify {' '.join(command)}")
        assert f"{does[0].lower()}{does[1:-1]}" in listed
        for row in "\n\n".join(rest).splitlines():
            assert row.split() != ["PHOTO"] != ["VIDEO"]


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
    engine: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, data: bytes, code: str
) -> None:
    """A file that is no photo is exit 3 with its code, whatever its name says."""
    (tmp_path / "photo.jpg").write_bytes(data)
    extra = ["-o", tmp_path / "clip.mp4"] if command == "animate" else []
    assert run(command, tmp_path / "photo.jpg", *extra, "--json") == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_a_film_in_place_of_a_photo(
    photo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file larger than any photo is refused as too large: exit 3."""
    monkeypatch.setattr(files, "_MAX_BYTES", photo.stat().st_size)
    assert files.read_photo(photo).format == "png"
    monkeypatch.setattr(files, "_MAX_BYTES", photo.stat().st_size - 1)
    assert run("inspect", photo) == 3
    assert capsys.readouterr().err.startswith("photo_too_large: The file has more than ")


def test_debug_shows_where(engine: StandIn, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """VIVIFY_DEBUG=1 lets an unexpected error through with its traceback."""
    monkeypatch.setenv("VIVIFY_DEBUG", "1")
    engine.raises = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        run("animate", photo, "-o", photo.parent / "clip.mp4")


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_closed_pipe_is_no_crash(more: list[str]) -> None:
    """Output cut off by a reader that left (| head) ends without a word, Python's own at its end included."""
    read, write = os.pipe()
    os.close(read)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-m", "vivify.cli", "motions", *more],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=buffered,
    )
    os.close(write)
    assert (done.stderr, done.returncode) == ("", 1)
