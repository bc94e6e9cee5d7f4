"""Frames become a clip of the very same colours, in constant memory, whatever their number."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.footage import chart, described, ffmpeg, inside, moving, write
from vivify.video import ClipWriter, probe, read_frames, transcode
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
