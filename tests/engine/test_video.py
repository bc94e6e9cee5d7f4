"""Frames become a clip and come back the same, in constant memory, and nothing half-made is ever left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped, unused-ignore]
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vivify.errors import VideoError
from vivify.video import ClipWriter, contact_sheet, probe, read_frames, transcode, write_poster
from vivify.video.probe import index_first
from vivify.video.writer import rate

Frame = NDArray[np.uint8]

_CHART = ((255, 255, 255), (0, 0, 0), (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (214, 126, 44),
          (80, 91, 166), (193, 90, 99), (175, 54, 60), (231, 199, 31), (70, 148, 73), (56, 61, 150), (8, 133, 161),
          (255, 0, 0), (0, 0, 255))  # fmt: skip


def _chart(size: int = 256) -> Frame:
    """Flat patches: skin tones, grays and the strongest red and blue, which a wrong matrix shifts by many levels."""
    side = size // 4
    colours = np.array(_CHART, np.uint8).reshape(4, 4, 3)
    return np.ascontiguousarray(colours.repeat(side, 0).repeat(side, 1), np.uint8)


def _inside(frame: Frame) -> Frame:
    """The chart without the patches' borders, where halved chroma may blend."""
    size = frame.shape[0] // 4
    rows = np.concatenate([np.arange(k * size + 6, (k + 1) * size - 6) for k in range(4)])
    return np.asarray(frame[np.ix_(rows, rows)], np.uint8)


def _moving(count: int, width: int = 128, height: int = 96) -> Iterator[Frame]:
    y, x = np.mgrid[0:height, 0:width]
    for n in range(count):
        yield np.stack([(x + 2 * n) % 256, (y * 2) % 256, (x + y) % 256], -1).astype(np.uint8)


def _write(path: Path, frames: list[Frame], **options: object) -> Path:
    height, width = frames[0].shape[:2]
    with ClipWriter(path, (width, height), **options) as writer:  # type: ignore[arg-type]
        for frame in frames:
            writer.write(frame)
    return path


def _ffmpeg(*arguments: str) -> None:
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-hide_banner",
        "-loglevel",
        "error",
        "-nostdin",
        "-y",
        *arguments,
    ]
    subprocess.run(command, check=True, capture_output=True)


def _described(path: Path) -> str:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-i", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_final_clip_is_what_players_want(tmp_path: Path) -> None:
    """The clip is H.264 yuv420p MP4 with its index first, and holds every frame at the rate asked for."""
    info = probe(_write(tmp_path / "clip.mp4", list(_moving(50)), fps=25.0))
    assert (info.codec, info.pixel_format, info.faststart) == ("h264", "yuv420p", True)
    assert (info.width, info.height, info.fps, info.frames, info.seconds) == (128, 96, 25.0, 50, 2.0)


def test_colours_round_trip(tmp_path: Path) -> None:
    """Encoded and decoded again, a colour chart differs by under 1.5 levels on average, its worst patch by under 4."""
    clip = _write(tmp_path / "clip.mp4", [_chart()] * 5)
    for frame in read_frames(clip):
        difference = np.abs(_inside(frame).astype(int) - _inside(_chart()).astype(int))
        assert difference.mean() < 1.5
        assert difference.max() <= 4


def test_colours_are_tagged_as_they_are_coded(tmp_path: Path) -> None:
    """The file says BT.709, limited range, and red's luma sample is BT.709's 63, not BT.601's 81."""
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 255
    clip = _write(tmp_path / "clip.mp4", [red] * 3)
    assert "yuv420p(tv, bt709, progressive)" in _described(clip)
    raw = tmp_path / "raw.yuv"
    _ffmpeg("-i", str(clip), "-f", "rawvideo", str(raw))
    luma = np.frombuffer(raw.read_bytes()[: 64 * 64], np.uint8)
    assert abs(float(luma.mean()) - 63) < 1.5


def test_first_frame_is_the_photo(tmp_path: Path, astronaut: Path) -> None:
    """The first frame of a clip of a real photo is within 2.5 levels of it on average, 38 dB at least."""
    if not astronaut.is_file():
        pytest.skip("the repository's photo is not there yet")
    with Image.open(astronaut) as image:
        photo = np.asarray(image.convert("RGB"))
    photo = photo[: photo.shape[0] // 2 * 2, : photo.shape[1] // 2 * 2]
    clip = _write(tmp_path / "clip.mp4", [photo] * 10)
    first = next(read_frames(clip)).astype(float)
    assert np.abs(first - photo).mean() < 2.5
    assert 10 * np.log10(255**2 / np.square(first - photo).mean()) > 36


def test_nothing_about_the_maker_is_in_the_file(tmp_path: Path) -> None:
    """No muxer name, time or path is written: two runs give the same bytes, and the file names no one."""
    frames = list(_moving(5))
    one = _write(tmp_path / "one.mp4", frames).read_bytes()
    two = _write(tmp_path / "two.mp4", frames).read_bytes()
    assert one == two
    assert b"Lavf" not in one
    assert str(tmp_path).encode() not in one
    assert "creation_time" not in _described(tmp_path / "one.mp4")


@pytest.mark.parametrize(
    ("size", "kept"),
    [((65, 48), (64, 48)), ((64, 49), (64, 48)), ((65, 49), (64, 48)), ((2, 2), (2, 2)), ((3, 3), (2, 2))],
)
def test_odd_sizes_lose_one_row_or_column(tmp_path: Path, size: tuple[int, int], kept: tuple[int, int]) -> None:
    """Odd frames are cut to even ones on the right and below; the rest stays where it was."""
    frames = list(_moving(3, *size))
    writer = ClipWriter(tmp_path / "clip.mp4", size)
    with writer:
        for frame in frames:
            writer.write(frame)
    assert writer.encoded_size == kept
    info = probe(tmp_path / "clip.mp4")
    assert (info.width, info.height, info.frames) == (*kept, 3)


def test_lossless_then_transcode_is_the_final_clip(tmp_path: Path) -> None:
    """The lossless file transcoded is, sample for sample, the clip that direct writing gives: the detour costs nothing."""
    frames = list(_moving(30))
    direct = _write(tmp_path / "direct.mp4", frames, fps=30.0)
    lossless = _write(tmp_path / "frames.mkv", frames, fps=30.0, quality="lossless")
    transcode(lossless, tmp_path / "clip.mp4")
    info = probe(tmp_path / "clip.mp4")
    assert (info.frames, info.fps, info.faststart, info.pixel_format) == (30, 30.0, True, "yuv420p")
    for one, two in zip(read_frames(direct), read_frames(tmp_path / "clip.mp4"), strict=True):
        assert (one == two).all()


def test_lossless_keeps_every_sample(tmp_path: Path) -> None:
    """A second lossless pass over decoded samples changes none of them: qp 0 is lossless in yuv420p."""
    lossless = _write(tmp_path / "frames.mkv", list(_moving(6)), quality="lossless")
    info = probe(lossless)
    assert (info.codec, info.frames, info.width) == ("h264", 6, 128)
    first, second = tmp_path / "a.yuv", tmp_path / "b.yuv"
    again = tmp_path / "again.mkv"
    _ffmpeg("-i", str(lossless), "-c:v", "libx264", "-qp", "0", str(again))
    for clip, raw in ((lossless, first), (again, second)):
        _ffmpeg("-i", str(clip), "-f", "rawvideo", str(raw))
    assert first.read_bytes() == second.read_bytes()


def test_an_exception_leaves_nothing_behind(tmp_path: Path) -> None:
    """If making frames fails midway, the encoder is ended and the folder is as it was, an older clip untouched."""
    target = tmp_path / "clip.mp4"
    target.write_bytes(b"the clip from before")
    writer = ClipWriter(target, (128, 96))
    with pytest.raises(RuntimeError, match="midway"), writer:
        for frame in _moving(20):
            writer.write(frame)
        raise RuntimeError("midway")
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]
    assert target.read_bytes() == b"the clip from before"


def test_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ctrl-C midway ends the encoder and removes the part it wrote."""
    writer = ClipWriter(tmp_path / "clip.mp4", (128, 96))
    with pytest.raises(KeyboardInterrupt), writer:
        writer.write(next(_moving(1)))
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
        for frame in _moving(50, 512, 512):
            writer.write(frame)
    assert list(tmp_path.iterdir()) == []


def test_a_destination_that_is_a_folder_is_reported(tmp_path: Path) -> None:
    """If the finished file cannot be put in place, VideoError says so and no part of it stays."""
    (tmp_path / "clip.mp4" / "inside").mkdir(parents=True)
    with pytest.raises(VideoError, match="put in place"):
        _write(tmp_path / "clip.mp4", list(_moving(2)))
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
    with pytest.raises(VideoError, match="at least 2 x 2"):
        ClipWriter(tmp_path / "clip.mp4", (1, 1))
    assert list(tmp_path.iterdir()) == []


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


def test_much_to_say_does_not_block(tmp_path: Path) -> None:
    """A file so broken that ffmpeg complains on every frame is read to its end or refused, never stuck."""
    clip = _write(tmp_path / "clip.mp4", list(_moving(200)))
    data = bytearray(clip.read_bytes())
    rng = np.random.default_rng(7)
    start = data.index(b"mdat") + 200
    for at in rng.integers(start, len(data), 3000):
        data[at] = int(rng.integers(0, 256))
    clip.write_bytes(data)
    seen: list[int] = []

    def read() -> None:
        try:
            seen.append(sum(1 for _ in read_frames(clip)))
        except VideoError:
            seen.append(0)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(30)
    assert seen


def test_leaving_early_ends_the_decoder(tmp_path: Path) -> None:
    """A reader left after one frame leaves no ffmpeg running."""
    clip = _write(tmp_path / "clip.mp4", list(_moving(300)))
    frames = read_frames(clip)
    next(frames)
    started = time.perf_counter()
    frames.close()
    assert time.perf_counter() - started < 5
    assert next(frames, None) is None


def test_rotation_is_honoured(tmp_path: Path) -> None:
    """A video stored sideways with rotation metadata, as phones do, is probed and read upright."""
    stored = _write(tmp_path / "stored.mp4", [np.rot90(f).copy() for f in _moving(4)])
    turned = tmp_path / "turned.mp4"
    _ffmpeg("-display_rotation", "90", "-i", str(stored), "-c", "copy", str(turned))
    info = probe(turned)
    frames = list(read_frames(turned))
    assert {frame.shape for frame in frames} == {(info.height, info.width, 3)}
    assert (info.width, info.height) == (128, 96)
    upright = np.stack(list(_moving(4))).astype(int)
    turned_over = upright[:, ::-1, ::-1]
    read = np.stack(frames).astype(int)
    assert min(np.abs(read - upright).mean(), np.abs(read - turned_over).mean()) < 8


def test_varying_rate_is_made_steady(tmp_path: Path) -> None:
    """A video whose frames come at uneven times is read at one steady rate, as long as it plays."""
    clip = tmp_path / "uneven.mp4"
    uneven = "setpts='if(lt(N,20),N,20+3*(N-20))/(30*TB)'"
    _ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=64x48:rate=30:duration=1.4",
        "-vf",
        uneven,
        "-fps_mode",
        "vfr",
        str(clip),
    )
    info = probe(clip)
    count = sum(1 for _ in read_frames(clip))
    assert abs(count / info.fps - 2.8) < 0.3


def test_reading_smaller(tmp_path: Path) -> None:
    """max_side shrinks the longer side to it and keeps the shape; it never enlarges."""
    clip = _write(tmp_path / "clip.mp4", list(_moving(3)))
    assert next(read_frames(clip, max_side=64)).shape == (48, 64, 3)
    assert next(read_frames(clip, max_side=640)).shape == (96, 128, 3)


def test_ntsc_rates_survive(tmp_path: Path) -> None:
    """29.97 and 23.976 are kept as the fractions they stand for."""
    assert [rate(f) for f in (25.0, 29.97, 30000 / 1001, 23.98, 12.5)] == [
        "25/1", "30000/1001", "30000/1001", "24000/1001", "25/2"]  # fmt: skip
    clip = _write(tmp_path / "clip.mp4", list(_moving(10)), fps=29.97)
    assert probe(clip).fps == pytest.approx(30000 / 1001)
    assert sum(1 for _ in read_frames(clip)) == 10


def test_files_that_are_no_video(tmp_path: Path) -> None:
    """Text, nothing, a missing file and a playlist are VideoError; no message holds a path."""
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n")
    for name in ("text.mp4", "empty.mp4", "missing.mp4", "list.mp4"):
        for use in (
            probe,
            lambda path: next(read_frames(path)),
            lambda path: transcode(path, tmp_path / "out.mp4"),
        ):
            with pytest.raises(VideoError) as caught:
                use(tmp_path / name)
            assert str(tmp_path) not in caught.value.message
    assert not (tmp_path / "out.mp4").exists()


def test_a_clip_with_the_index_last_is_told_apart(tmp_path: Path) -> None:
    """An MP4 written without faststart probes as such: the check reads the boxes, not our settings."""
    good = _write(tmp_path / "good.mp4", list(_moving(3)))
    plain = tmp_path / "plain.mp4"
    _ffmpeg("-i", str(good), "-c", "copy", str(plain))
    assert index_first(good)
    assert not index_first(plain)


def test_poster(tmp_path: Path) -> None:
    """The poster is a JPEG of the first frame, from a clip or from a frame, and carries no metadata."""
    clip = _write(tmp_path / "clip.mp4", [_chart()] * 3)
    for source in (clip, _chart()):
        write_poster(source, tmp_path / "poster.jpg")
        with Image.open(tmp_path / "poster.jpg") as poster:
            assert (poster.format, poster.size) == ("JPEG", (256, 256))
            assert not poster.getexif()
            difference = np.abs(_inside(np.asarray(poster)).astype(int) - _inside(_chart()).astype(int))
        assert difference.mean() < 3


def test_contact_sheet(tmp_path: Path) -> None:
    """A sheet shows evenly spread frames in reading order, the first frame first."""
    shades = [np.full((48, 64, 3), 10 * n, np.uint8) for n in range(24)]
    clip = _write(tmp_path / "clip.mp4", shades)
    contact_sheet(clip, tmp_path / "sheet.png", columns=4, rows=2, width=64)
    with Image.open(tmp_path / "sheet.png") as sheet:
        pixels = np.asarray(sheet.convert("L")).astype(int)
    assert pixels.shape == (2 * 48 + 2, 4 * 64 + 3 * 2)
    seen = [pixels[24 + 50 * (k // 4), 32 + 66 * (k % 4)] for k in range(8)]
    assert np.abs(np.array(seen) - 30 * np.arange(8)).max() <= 3


def test_contact_sheet_of_a_short_clip(tmp_path: Path) -> None:
    """A clip with fewer frames than places fills one short sheet instead of failing."""
    clip = _write(tmp_path / "clip.mp4", list(_moving(3)))
    contact_sheet(clip, tmp_path / "sheet.png", columns=8)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 8 * 240 + 7 * 2


def test_publishing_needs_only_ffmpeg(tmp_path: Path) -> None:
    """Probing, transcoding, the poster and the sheet of a clip load neither numpy, cv2 nor Pillow."""
    clip = _write(tmp_path / "clip.mp4", list(_moving(9)))
    program = """
import sys, json
from pathlib import Path
from vivify.video import contact_sheet, probe, transcode, write_poster
clip = Path(sys.argv[1])
transcode(clip, clip.with_name("again.mp4")), write_poster(clip, clip.with_name("poster.jpg"))
contact_sheet(clip, clip.with_name("sheet.png"))
print(json.dumps([probe(clip).frames, [m for m in ("numpy", "cv2", "PIL") if m in sys.modules]]))
"""
    done = subprocess.run([sys.executable, "-c", program, str(clip)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [9, []]
