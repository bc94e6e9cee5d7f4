"""What a video file really holds: read from the file itself, never believed from its maker."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from vivify.errors import VideoError
from vivify.video import process
from vivify.video.writer import rate

_NO_VIDEO = "This is not a video we can read. Use an MP4, QuickTime or WebM file. ffmpeg says"
_STREAM = re.compile(r"Stream #0:\d+.*?: Video: (?P<codec>\w+)(?P<rest>.*)")
_SIZE = re.compile(r"[ ,](\d{1,5})x(\d{1,5})[ ,\[]")
_FORMAT = re.compile(r", ((?:yuv|rgb|bgr|gbr|gray|nv|pal|p0)\w*)")
_FPS = re.compile(r"([\d.]+)(k?) fps")
_TBR = re.compile(r"([\d.]+)(k?) tbr")
_ROTATION = re.compile(r"rotation of (-?[\d.]+) degrees")
_FRAMES = re.compile(r"\(video\): (\d+) packets muxed")
_UNTIL = re.compile(r"time=(\d+):(\d+):([\d.]+)")
_UNKNOWN = 25.0  # frames a second, where a file tells neither rate nor times
_SWIFTEST = 120.0  # frames a second: a "rate" beyond is the clock's that a browser's or a phone's frames are stamped with


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """``width``, ``height``: pixels as shown (a phone's rotation applied). ``fps``: frames a second, on average.
    ``frames``: counted, not declared. ``seconds``: frames / fps, or until the last frame where they are spaced unevenly; a
    reader sees the steady ``fps`` until then. ``faststart``: an MP4 whose index precedes its pictures,
    so that it plays while it loads.
    """

    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    codec: str
    pixel_format: str
    faststart: bool


def probe(path: Path) -> ClipInfo:
    """Reads every packet of the first video stream (decodes none). ``VideoError`` if the file holds no video."""
    path = Path(path)
    if not path.is_file():
        raise VideoError("There is no such video file.")
    arguments = [*process.source(path), "-map", "0:v:0", "-c", "copy", "-f", "null", "-"]
    said = process.run(["-loglevel", "verbose", *arguments], _NO_VIDEO)
    # The first half of the messages describes the input, the second the output.
    described = said.split("Output #0", 1)[0]
    stream = _STREAM.search(described)
    size = _SIZE.search(stream["rest"]) if stream else None
    counted = _FRAMES.findall(said)
    if stream is None or size is None or not counted or int(counted[-1]) == 0:
        raise VideoError("The file holds no video. Use an MP4, QuickTime or WebM file.")
    width, height = int(size[1]), int(size[2])
    rotation = _ROTATION.search(described)
    if rotation and round(float(rotation[1]) / 90) % 2:
        width, height = height, width
    pixels = _FORMAT.search(stream["rest"])
    frames, until = int(counted[-1]), _until(said)
    fps = _rate(stream["rest"], frames, until)
    return ClipInfo(
        width=width,
        height=height,
        fps=fps,
        frames=frames,
        seconds=max(frames / fps, until),
        codec=stream["codec"],
        pixel_format=pixels[1] if pixels else "unknown",
        faststart=index_first(path),
    )


def index_first(path: Path) -> bool:
    """Whether ``path`` is an MP4 whose "moov" box comes before its "mdat": walks the top-level boxes."""
    with path.open("rb") as file:
        while len(header := file.read(8)) == 8:
            size, kind = int.from_bytes(header[:4], "big"), header[4:]
            if kind in (b"moov", b"mdat"):
                return kind == b"moov"
            body = size - 8
            if size == 1:
                body = int.from_bytes(file.read(8), "big") - 16
            if size == 0 or body < 0:
                return False
            file.seek(body, 1)
    return False


def _until(said: str) -> float:
    """When the last packet is to be shown, in seconds; 0 where ffmpeg cannot tell."""
    times = _UNTIL.findall(said)
    if not times:
        return 0.0
    hours, minutes, seconds = times[-1]
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _rate(rest: str, frames: int, until: float) -> float:
    """Frames a second; ffmpeg prints two decimals, so 29.97 is put back to 30000/1001."""
    found = _FPS.search(rest) or _TBR.search(rest)
    printed = float(found[1]) * (1000 if found[2] else 1) if found else 0.0
    if not 0 < printed <= _SWIFTEST:
        printed = min(frames / until, _SWIFTEST) if until > 0 else _UNKNOWN
    return float(Fraction(rate(printed)))
