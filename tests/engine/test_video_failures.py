"""Clips that come to nothing: the reason is told, and nothing half-made is ever left behind."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.footage import moving, write
from vivify.errors import VideoError
from vivify.video import ClipWriter, probe, process, writer
from vivify.video.declare import declare


def test_an_exception_leaves_nothing_behind(tmp_path: Path) -> None:
    """If making frames fails midway, the encoder is ended and the folder is as it was, an older clip untouched."""
    target = tmp_path / "clip.mp4"
    target.write_bytes(b"the clip from before")
    writer = ClipWriter(target, (128, 96))
    with pytest.raises(RuntimeError, match="midway"), writer:
        for frame in moving(20):
            writer.write(frame)
        raise RuntimeError("midway")
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]
    assert target.read_bytes() == b"the clip from before"


def test_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ctrl-C midway ends the encoder and removes the part it wrote."""
    writer = ClipWriter(tmp_path / "clip.mp4", (128, 96))
    with pytest.raises(KeyboardInterrupt), writer:
        writer.write(next(moving(1)))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_real_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    """SIGINT to the process and its group while frames stream: it ends by KeyboardInterrupt and the folder is empty."""
    program = """
import sys, numpy as np
from pathlib import Path
from vivify.video import ClipWriter
frame = np.zeros((256, 256, 3), np.uint8)
with ClipWriter(Path(sys.argv[1]), (256, 256)) as writer:
    for number in range(10**9):
        writer.write(frame)
        if number == 20:
            print("streaming", flush=True)
"""
    command = [sys.executable, "-c", program, str(tmp_path / "clip.mp4")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "streaming\n"
        assert len(list(tmp_path.iterdir())) == 1
        os.killpg(process.pid, signal.SIGINT)
        try:
            said = process.communicate(timeout=30)[1]
        finally:
            process.kill()  # one that did not hear must not keep the tests waiting
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert list(tmp_path.iterdir()) == []


def test_a_dead_encoder_is_reported(tmp_path: Path) -> None:
    """If ffmpeg dies, writing raises VideoError instead of hanging or BrokenPipeError, and nothing is left."""
    writer = ClipWriter(tmp_path / "clip.mp4", (512, 512))
    writer._ffmpeg._process.kill()
    with pytest.raises(VideoError, match="could not be encoded"), writer:
        for frame in moving(50, 512, 512):
            writer.write(frame)
    assert list(tmp_path.iterdir()) == []


def test_the_longest_name_is_written(tmp_path: Path) -> None:
    """A name as long as the file system takes is that of a clip: the one it has until it is whole is no longer."""
    target = tmp_path / f"{'é' * 125}x.mp4"
    assert len(os.fsencode(target.name)) == 255
    write(target, list(moving(2)))
    assert list(tmp_path.iterdir()) == [target]


def test_a_destination_that_is_a_folder_is_reported(tmp_path: Path) -> None:
    """If the finished file cannot be put in place, VideoError says so and no part of it stays."""
    (tmp_path / "clip.mp4" / "inside").mkdir(parents=True)
    with pytest.raises(VideoError, match="put in place"):
        write(tmp_path / "clip.mp4", list(moving(2)))
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_an_impossible_destination_is_reported(tmp_path: Path) -> None:
    """A folder that does not exist is VideoError at once; the message holds no path."""
    with pytest.raises(VideoError) as caught:
        ClipWriter(tmp_path / "missing" / "clip.mp4", (64, 64))
    assert "/" not in caught.value.message


def test_wrong_frames_are_refused(tmp_path: Path) -> None:
    """A frame of another size or type is VideoError naming both, before ffmpeg can read it askew."""
    for wrong in (
        np.zeros((96, 127, 3), np.uint8),
        np.zeros((96, 128, 3), np.float32),
        np.zeros((96, 128), np.uint8),
    ):
        writer = ClipWriter(tmp_path / "clip.mp4", (128, 96))
        with pytest.raises(VideoError, match="A frame is"), writer:
            writer.write(wrong)  # type: ignore[arg-type]
    with pytest.raises(VideoError, match="at least one frame"), ClipWriter(tmp_path / "clip.mp4", (128, 96)):
        pass
    for size, fps in (((1, 2), 25.0), ((2, 1), 25.0), ((2, 2), 0.0), ((2, 2), 1000.1)):
        with pytest.raises(VideoError, match="at least 2 x 2 pixels, and more than 0 and at most 1000"):
            ClipWriter(tmp_path / "clip.mp4", size, fps)
    assert list(tmp_path.iterdir()) == []


def test_a_clip_that_is_closed_takes_no_frame(tmp_path: Path) -> None:
    """What comes too late is VideoError, and the clip keeps the frames it had."""
    with ClipWriter(tmp_path / "clip.mp4", (128, 96), 1000.0) as writer:
        writer.write(np.zeros((96, 128, 3), np.uint8))
    with pytest.raises(VideoError, match="closed"):
        writer.write(np.zeros((96, 128, 3), np.uint8))
    assert probe(tmp_path / "clip.mp4").frames == writer.frames == 1


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk is full when only the last bytes are missing, the writer says so; no clip stays, nor half of one."""

    def limited(path: Path) -> None:
        size, before = path.stat().st_size, resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, before[1]))
        try:
            declare(path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    monkeypatch.setattr(writer, "declare", limited)
    with pytest.raises(VideoError, match="could not be written"):
        write(tmp_path / "clip.mp4", list(moving(3)))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_breaks_off_leaves_the_one_before(tmp_path: Path) -> None:
    """Whatever is written beside its place, where the disk is full it is said, no half stays, and the old file does."""
    (tmp_path / "t.json").write_text("old")
    with (
        pytest.raises(VideoError, match="could not be written to its end: No space left"),
        process.finished(tmp_path / "t.json") as part,
    ):
        part.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(part))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_full_disk_is_said_in_plain_words() -> None:
    """What ffmpeg says at its end is told without ffmpeg's own part that says it, and without any file's name."""
    endless = ["-f", "lavfi", "-i", "color=size=64x64:duration=9", "-f", "rawvideo", "file:/dev/full"]
    with pytest.raises(VideoError) as failed:
        process.run(["-loglevel", "error", *endless], "It could not be encoded")
    told = failed.value.message
    assert told.startswith("It could not be encoded: Error")
    assert "No space left on device" in told
    assert "0x" not in told
    assert "/dev/full" not in told


def test_what_ffmpeg_says_names_no_file() -> None:
    """Of its last line every word that is a path or a file's address is left out, and so is the part that speaks."""

    class Ended(process.FFmpeg):
        def __init__(self) -> None:
            """Runs nothing."""

        def messages(self) -> str:
            return "first\n[in#0 @ 0x5581] Error opening /home/her/me.mov or file:me.mov: not 4/3 of it\n\n"

    assert Ended().reason() == "Error opening (file) or (file) not (file) of it"
