"""Frames become a clip of the very same colours, in constant memory, and nothing half-made is ever left behind."""

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
from PIL import Image

from tests.footage import chart, described, ffmpeg, inside, moving, write
from vivify.errors import VideoError
from vivify.video import ClipWriter, probe, process, read_frames, transcode, writer
from vivify.video.declare import declare
from vivify.video.probe import index_first
from vivify.video.writer import rate


def test_final_clip_is_what_players_want(tmp_path: Path) -> None:
    """The clip is H.264 yuv420p MP4 with its index first, and holds every frame at the rate asked for."""
    info = probe(write(tmp_path / "clip.mp4", list(moving(50)), fps=25.0))
    assert (info.codec, info.pixel_format, info.faststart) == ("h264", "yuv420p", True)
    assert (info.width, info.height, info.fps, info.frames, info.seconds) == (128, 96, 25.0, 50, 2.0)


def test_colours_round_trip(tmp_path: Path) -> None:
    """Encoded and decoded again, a colour chart differs by under 1.5 levels on average, its worst patch by under 4."""
    clip = write(tmp_path / "clip.mp4", [chart()] * 5)
    for frame in read_frames(clip):
        difference = np.abs(inside(frame).astype(int) - inside(chart()).astype(int))
        assert difference.mean() < 1.5
        assert difference.max() <= 4


def test_colours_are_tagged_as_they_are_coded(tmp_path: Path) -> None:
    """The file says BT.709, limited range, and red's luma sample is BT.709's 63, not BT.601's 81."""
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 255
    clip = write(tmp_path / "clip.mp4", [red] * 3)
    assert "yuv420p(tv, bt709, progressive)" in described(clip)
    raw = tmp_path / "raw.yuv"
    ffmpeg("-i", str(clip), "-f", "rawvideo", str(raw))
    luma = np.frombuffer(raw.read_bytes()[: 64 * 64], np.uint8)
    assert abs(float(luma.mean()) - 63) < 1.5


def test_first_frame_is_the_photo(tmp_path: Path, astronaut: Path) -> None:
    """The first frame of a clip of a real photo is within 2.5 levels of it on average, 37.5 dB at least."""
    with Image.open(astronaut) as image:
        photo = np.asarray(image.convert("RGB"))
    photo = photo[: photo.shape[0] // 2 * 2, : photo.shape[1] // 2 * 2]
    clip = write(tmp_path / "clip.mp4", [photo] * 10)
    first = next(read_frames(clip)).astype(float)
    assert np.abs(first - photo).mean() < 2.5
    assert 10 * np.log10(255**2 / np.square(first - photo).mean()) > 37.5


def test_nothing_about_the_maker_is_in_the_file(tmp_path: Path) -> None:
    """No muxer name, time or path is written: two runs give the same bytes, and the file names no one."""
    frames = list(moving(5))
    one = write(tmp_path / "one.mp4", frames).read_bytes()
    two = write(tmp_path / "two.mp4", frames).read_bytes()
    assert one == two
    assert b"Lavf" not in one
    assert str(tmp_path).encode() not in one
    assert "creation_time" not in described(tmp_path / "one.mp4")


@pytest.mark.parametrize(
    ("size", "kept"),
    [((65, 48), (64, 48)), ((64, 49), (64, 48)), ((65, 49), (64, 48)), ((2, 2), (2, 2)), ((3, 3), (2, 2))],
)
def test_odd_sizes_lose_one_row_or_column(tmp_path: Path, size: tuple[int, int], kept: tuple[int, int]) -> None:
    """Odd frames are cut to even ones on the right and below; the rest stays where it was."""
    frames = list(moving(3, *size))
    writer = ClipWriter(tmp_path / "clip.mp4", size)
    with writer:
        for frame in frames:
            writer.write(frame)
    assert writer.encoded_size == kept
    info = probe(tmp_path / "clip.mp4")
    assert (info.width, info.height, info.frames) == (*kept, 3)


def test_lossless_then_transcode_is_the_final_clip(tmp_path: Path) -> None:
    """The lossless file transcoded is, sample for sample, the clip that direct writing gives: the detour costs nothing."""
    frames = list(moving(30))
    direct = write(tmp_path / "direct.mp4", frames, fps=30.0)
    lossless = write(tmp_path / "frames.mkv", frames, fps=30.0, quality="lossless")
    transcode(lossless, tmp_path / "clip.mp4")
    info = probe(tmp_path / "clip.mp4")
    assert (info.frames, info.fps, info.faststart, info.pixel_format) == (30, 30.0, True, "yuv420p")
    for one, two in zip(read_frames(direct), read_frames(tmp_path / "clip.mp4"), strict=True):
        assert (one == two).all()


def test_lossless_keeps_every_sample(tmp_path: Path) -> None:
    """A second lossless pass over decoded samples changes none of them: qp 0 is lossless in yuv420p."""
    lossless = write(tmp_path / "frames.mkv", list(moving(6)), quality="lossless")
    info = probe(lossless)
    assert (info.codec, info.frames, info.width) == ("h264", 6, 128)
    first, second = tmp_path / "a.yuv", tmp_path / "b.yuv"
    again = tmp_path / "again.mkv"
    ffmpeg("-i", str(lossless), "-c:v", "libx264", "-qp", "0", str(again))
    for clip, raw in ((lossless, first), (again, second)):
        ffmpeg("-i", str(clip), "-f", "rawvideo", str(raw))
    assert first.read_bytes() == second.read_bytes()


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


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    """Writing, then reading, 400 frames of 512 x 512 (315 MB raw) grows a process's peak memory by under 40 MB."""
    program = """
import resource, sys, numpy as np
from pathlib import Path
from vivify.video import ClipWriter, read_frames
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
clip, frame = Path(sys.argv[1]), np.random.default_rng(1).integers(0, 9, (512, 512, 3)).astype(np.uint8)
def go(count):
    with ClipWriter(clip, (512, 512)) as writer:
        for n in range(count):
            writer.write(frame)
    return sum(1 for _ in read_frames(clip))
go(10)
before = peak()
count = go(400)
print(count, peak() - before)
"""
    command = [sys.executable, "-c", program, str(tmp_path / "clip.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, grown = (int(word) for word in done.stdout.split())
    assert count == 400
    assert grown < 40


def test_ntsc_rates_survive(tmp_path: Path) -> None:
    """29.97 and 23.976 are kept as the fractions they stand for."""
    assert [rate(f) for f in (25.0, 29.97, 30000 / 1001, 23.98, 12.5)] == [
        "25/1", "30000/1001", "30000/1001", "24000/1001", "25/2"]  # fmt: skip
    clip = write(tmp_path / "clip.mp4", list(moving(10)), fps=29.97)
    assert probe(clip).fps == pytest.approx(30000 / 1001)
    assert sum(1 for _ in read_frames(clip)) == 10


def test_a_clip_with_the_index_last_is_told_apart(tmp_path: Path) -> None:
    """An MP4 written without faststart probes as such: the check reads the boxes, not our settings."""
    good = write(tmp_path / "good.mp4", list(moving(3)))
    plain = tmp_path / "plain.mp4"
    ffmpeg("-i", str(good), "-c", "copy", str(plain))
    assert index_first(good)
    assert not index_first(plain)


def test_boxes_are_walked_whatever_their_sizes(tmp_path: Path) -> None:
    """A box of 64-bit size before the index is stepped over; one that claims less than its own head, or all that is left,
    ends the walk.
    """
    beginning, index, samples = b"\0\0\0\x10ftypisom\0\0\0\0", b"\0\0\0\x08moov", b"\0\0\0\x08mdat"
    large = b"\0\0\0\x01free" + (20).to_bytes(8, "big") + b"rest"
    for boxes, first in (
        (beginning + large + index + samples, True),
        (beginning + large + samples + index, False),
        (beginning + b"\0\0\0\x04free" + index, False),
        (beginning + b"\0\0\0\0free" + index, False),
    ):
        (tmp_path / "boxes.mp4").write_bytes(boxes)
        assert index_first(tmp_path / "boxes.mp4") is first


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
