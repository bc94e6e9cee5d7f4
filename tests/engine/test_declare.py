"""Every finished file says how it was made, in the place where other people's software looks."""

from __future__ import annotations

import io
import struct
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.footage import chart, greys, moving, write
from vivify.errors import VideoError
from vivify.video import DIGITAL_SOURCE_TYPE, probe, transcode, write_poster, write_preview
from vivify.video.declare import declare

SOURCE_TYPE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"


def stated(packet: bytes) -> str | None:
    """The digital source type in an XMP packet."""
    return ET.fromstring(packet.decode()).findtext(f".//{SOURCE_TYPE}")  # noqa: S314 - our own


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """The top-level boxes of an MP4, by a walk of our own that shares nothing with the writer."""
    found, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        found.append((kind, data[at + 8 : at + size]))
        at += size
    assert at == len(data)
    return found


def packet_in_mp4(data: bytes) -> bytes:
    """The body of the box that Adobe's XMP specification names by its UUID."""
    (body,) = [b for kind, b in boxes(data) if kind == b"uuid" and b[:16].hex() == "be7acfcb97a942e89c71999491e3afac"]
    return body[16:]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty frames of 400 x 240 in which a bar moves."""
    frames = [np.full((240, 400, 3), (180, 60, 40), np.uint8) for _ in range(20)]
    for n, frame in enumerate(frames):
        frame[:, 10 * n : 10 * n + 40] = (20, 90, 200)
    return write(tmp_path_factory.mktemp("clip") / "clip.mp4", frames, fps=20.0)


def test_a_clip_says_so(clip: Path, tmp_path: Path) -> None:
    """Written directly or transcoded, the MP4 ends with the term, its index still comes first, every frame is there."""
    transcode(clip, tmp_path / "again.mp4")
    for path in (clip, tmp_path / "again.mp4"):
        assert stated(packet_in_mp4(path.read_bytes())) == DIGITAL_SOURCE_TYPE
        info = probe(path)
        assert (info.frames, info.faststart) == (20, True)
    assert DIGITAL_SOURCE_TYPE.startswith("http://cv.iptc.org/newscodes/digitalsourcetype/")


def test_the_lossless_file_between_two_steps_says_nothing(tmp_path: Path) -> None:
    """It is no finished file: nobody sees it, and the clip made of it speaks for itself."""
    assert b"iptc" not in write(tmp_path / "frames.mkv", greys(0), quality="lossless").read_bytes()


def test_a_poster_says_so(clip: Path, tmp_path: Path) -> None:
    """Pillow reads the term from a clip's poster, and from a JPEG with a header of its own, which must come first; both
    still open at their size.
    """
    write_poster(clip, tmp_path / "poster.jpg")
    Image.fromarray(chart()).resize((400, 240)).save(tmp_path / "jfif.jpg")
    declare(tmp_path / "jfif.jpg")
    for name in ("poster.jpg", "jfif.jpg"):
        with Image.open(tmp_path / name) as poster:
            poster.load()
            assert poster.size == (400, 240)
            assert stated(poster.info["xmp"]) == DIGITAL_SOURCE_TYPE
    data = (tmp_path / "jfif.jpg").read_bytes()
    assert data[2:4] == b"\xff\xe0"
    assert data[4 + int.from_bytes(data[4:6], "big") :].startswith(b"\xff\xe1")


def test_a_preview_shows_six_seconds(tmp_path: Path) -> None:
    """However long a clip is, its preview shows the first six seconds."""
    write_preview(write(tmp_path / "clip.mp4", list(moving(175, 64, 48))), tmp_path / "preview.webp")
    with Image.open(tmp_path / "preview.webp") as preview:
        assert sum(frame.info["duration"] for frame in ImageSequence.Iterator(preview) if frame.load()) == 6000


def test_a_preview_moves_and_says_so(clip: Path, tmp_path: Path) -> None:
    """The preview is a small WebP that loops at 10 frames a second, in the clip's colours; Pillow finds the term in it."""
    write_preview(clip, tmp_path / "preview.webp")
    with Image.open(tmp_path / "preview.webp") as preview:
        assert (preview.format, preview.size, preview.info["loop"]) == ("WEBP", (320, 192), 0)
        assert preview.n_frames == 10  # type: ignore[attr-defined]
        assert stated(preview.info["xmp"]) == DIGITAL_SOURCE_TYPE
        preview.seek(1)
        shown = np.asarray(preview.convert("RGB")).astype(int)
    assert np.abs(shown[96, 300] - (180, 60, 40)).max() <= 6
    assert (tmp_path / "preview.webp").stat().st_size < 40_000


def test_a_preview_of_a_still_clip(tmp_path: Path) -> None:
    """Equal frames make a WebP of one bare picture: it opens at its size and says the same."""
    write_preview(write(tmp_path / "still.mp4", greys(*[90] * 5)), tmp_path / "still.webp")
    with Image.open(tmp_path / "still.webp") as preview:
        preview.load()
        assert preview.size == (64, 48)
        assert stated(preview.info["xmp"]) == DIGITAL_SOURCE_TYPE


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """What is none of the three formats is refused, and not a byte of it changes."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    with pytest.raises(VideoError):
        declare(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == buffer.getvalue()
