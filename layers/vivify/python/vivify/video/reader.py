"""Any video to RGB frames, one at a time."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from vivify.errors import VideoError
from vivify.video import process
from vivify.video.probe import ClipInfo, probe
from vivify.video.writer import rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def read_frames(path: Path, *, max_side: int | None = None) -> Generator[NDArray[np.uint8]]:
    """Yields (H, W, 3) uint8 RGB frames, upright, at the video's own steady rate (``probe(path).fps``).

    With ``max_side`` frames are made smaller (never larger) so that the longer side is at most that many pixels. Memory
    holds one frame whatever the length; leaving the loop early ends the decoder. Raises ``VideoError``.
    """
    import numpy as np

    info = probe(path)
    width, height = fitted(info, max_side)
    for data in raw_frames(path, info, width, height):
        yield np.frombuffer(data, np.uint8).reshape(height, width, 3)


def raw_frames(path: Path, info: ClipInfo, width: int, height: int) -> Generator[bytearray]:
    """The frames as width * height * 3 bytes each."""
    scale = f"scale={width}:{height}:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp,setsar=1"
    arguments = ["-loglevel", "error", *process.source(Path(path)), "-map", "0:v:0", "-vf", scale]
    # A phone's varying frame rate becomes a steady one, or motion measured from it would run in fits.
    arguments += ["-fps_mode", "cfr", "-r", rate(info.fps), "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
    size = width * height * 3
    with process.FFmpeg(arguments, read=True) as ffmpeg:
        count = 0
        while len(data := ffmpeg.receive(size)) == size:
            count += 1
            yield data
        if ffmpeg.finish() != 0 or count == 0:
            raise VideoError(f"The video could not be read: {ffmpeg.reason()}")


def fitted(info: ClipInfo, max_side: int | None) -> tuple[int, int]:
    """(width, height) of ``info`` within ``max_side``."""
    longer = max(info.width, info.height)
    if max_side is None or longer <= max_side:
        return info.width, info.height
    return max(1, round(info.width * max_side / longer)), max(1, round(info.height * max_side / longer))
