"""Any video that ffmpeg can read comes in upright, at a steady rate and to its end, or is refused in one sentence."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.footage import ffmpeg, moving, write
from vivify.errors import VideoError
from vivify.video import probe, process, read_frames, transcode


def test_much_to_say_does_not_block(tmp_path: Path) -> None:
    """A file so broken that ffmpeg complains on every frame is read to its end or refused, never stuck."""
    clip = write(tmp_path / "clip.mp4", list(moving(200)))
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
    clip = write(tmp_path / "clip.mp4", list(moving(300)))
    frames = read_frames(clip)
    next(frames)
    started = time.perf_counter()
    frames.close()
    assert time.perf_counter() - started < 5
    assert next(frames, None) is None


def test_rotation_is_honoured(tmp_path: Path) -> None:
    """A video stored sideways with rotation metadata, as phones do, is probed and read upright."""
    stored = write(tmp_path / "stored.mp4", [np.rot90(f).copy() for f in moving(4)])
    turned = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", "90", "-i", str(stored), "-c", "copy", str(turned))
    info = probe(turned)
    frames = list(read_frames(turned))
    assert {frame.shape for frame in frames} == {(info.height, info.width, 3)}
    assert (info.width, info.height) == (128, 96)
    upright = np.stack(list(moving(4))).astype(int)
    turned_over = upright[:, ::-1, ::-1]
    read = np.stack(frames).astype(int)
    assert min(np.abs(read - upright).mean(), np.abs(read - turned_over).mean()) < 8


def test_varying_rate_is_made_steady(tmp_path: Path) -> None:
    """A video whose frames come at uneven times is read at one steady rate, as long as it plays."""
    clip = tmp_path / "uneven.mp4"
    uneven = "setpts='if(lt(N,20),N,20+3*(N-20))/(30*TB)'"
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48:rate=30:duration=1.4", "-vf", uneven, "-fps_mode", "vfr", str(clip))
    info = probe(clip)
    count = sum(1 for _ in read_frames(clip))
    assert abs(count / info.fps - 2.8) < 0.3


def test_a_gap_counts(tmp_path: Path) -> None:
    """A video that says 25 frames a second and pauses for two seconds lasts as long as it plays, and is read so long."""
    clip = tmp_path / "gap.mkv"
    paused = "setpts='(N+gt(N,9)*50)/(25*TB)'"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=0.8", "-vf", paused, "-fps_mode", "passthrough", str(clip)
    )
    info = probe(clip)
    assert (info.fps, info.frames) == (25.0, 20)
    assert info.seconds == pytest.approx(2.8, abs=0.1)
    assert sum(1 for _ in read_frames(clip)) == 70


def test_reading_smaller(tmp_path: Path) -> None:
    """max_side shrinks the longer side to it and keeps the shape; it never enlarges."""
    clip = write(tmp_path / "clip.mp4", list(moving(3)))
    assert next(read_frames(clip, max_side=64)).shape == (48, 64, 3)
    assert next(read_frames(clip, max_side=640)).shape == (96, 128, 3)


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


@pytest.mark.parametrize(("gap", "fps", "seconds"), [(0, 30.3, 9.9), (50, 5.0, 59.9), (4000, 0.0748, 4009.9)])
def test_frames_stamped_by_a_clock_are_counted_by_it(tmp_path: Path, gap: int, fps: float, seconds: float) -> None:
    """A browser's recording, whose frames carry a millisecond clock's times and no rate, is as long as that clock says, with
    a pause of ``gap`` seconds too, and is read as no more frames than were recorded (four over, at most).
    """
    uneven = f"settb=1/1000,setpts='N*33+floor(random(0)*25)+gt(N,150)*{gap}*1000'"
    frames = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=30", "-frames:v", "300", "-vf", uneven)
    stamped = ("-fps_mode", "passthrough", "-c:v", "libvpx", "-enc_time_base", "1:1000")
    ffmpeg(*frames, *stamped, str(tmp_path / "recorded.webm"))
    info = probe(tmp_path / "recorded.webm")
    assert info.fps == pytest.approx(fps, rel=0.02)
    assert info.seconds == pytest.approx(seconds, rel=0.01)
    assert sum(1 for _ in read_frames(tmp_path / "recorded.webm")) <= info.frames + 4


def test_ffmpeg_opens_files_and_nothing_else() -> None:
    """Told to read an address instead of a file, as a playlist inside a video would tell it, ffmpeg refuses to."""
    *options, _ = process.source(Path("clip.mp4"))
    with process.FFmpeg([*options, "http://127.0.0.1:9/clip.mp4", "-f", "null", "-"]) as ffmpeg:
        assert ffmpeg.finish() != 0
        assert "not on whitelist 'file'" in ffmpeg.messages()


def test_a_list_of_other_files_is_no_video(tmp_path: Path) -> None:
    """A playlist that calls itself a video would have ffmpeg read whatever it names: it is refused."""
    write(tmp_path / "private.mp4", list(moving(5)))
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.2,\nprivate.mp4\n#EXT-X-ENDLIST\n"
    for text in ("ffconcat version 1.0\nfile private.mp4\n", playlist):
        (tmp_path / "video.mp4").write_text(text)
        with pytest.raises(VideoError):
            probe(tmp_path / "video.mp4")
