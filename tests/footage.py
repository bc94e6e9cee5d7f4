"""Small clips to write and read: frames whose colours and movement are known, and ffmpeg itself to ask about them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped, unused-ignore]
import numpy as np
from numpy.typing import NDArray

from vivify.video import ClipWriter
from vivify.video.writer import Quality

Frame = NDArray[np.uint8]

_CHART = ((255, 255, 255), (0, 0, 0), (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (214, 126, 44),
          (80, 91, 166), (193, 90, 99), (175, 54, 60), (231, 199, 31), (70, 148, 73), (56, 61, 150), (8, 133, 161),
          (255, 0, 0), (0, 0, 255))  # fmt: skip


def chart(size: int = 256) -> Frame:
    """Flat patches: skin tones, grays and the strongest red and blue, which a wrong matrix shifts by many levels."""
    side = size // 4
    colours = np.array(_CHART, np.uint8).reshape(4, 4, 3)
    return np.ascontiguousarray(colours.repeat(side, 0).repeat(side, 1), np.uint8)


def inside(frame: Frame) -> Frame:
    """The chart without the patches' borders, where halved chroma may blend."""
    size = frame.shape[0] // 4
    rows = np.concatenate([np.arange(k * size + 6, (k + 1) * size - 6) for k in range(4)])
    return np.asarray(frame[np.ix_(rows, rows)], np.uint8)


def moving(count: int, width: int = 128, height: int = 96) -> Iterator[Frame]:
    """Slopes of colour that slide two pixels a frame: no two of fewer than 128 frames are alike."""
    y, x = np.mgrid[0:height, 0:width]
    for n in range(count):
        yield np.stack([(x + 2 * n) % 256, (y * 2) % 256, (x + y) % 256], -1).astype(np.uint8)


def greys(*levels: int) -> list[Frame]:
    """A frame of 64 x 48 pixels for each level, in that grey throughout."""
    return [np.full((48, 64, 3), level, np.uint8) for level in levels]


def write(path: Path, frames: Sequence[Frame], fps: float = 25.0, quality: Quality = "final") -> Path:
    """``path``, with these frames (H, W, 3) in it as ``ClipWriter`` writes them."""
    height, width = frames[0].shape[:2]
    with ClipWriter(path, (width, height), fps, quality) as writer:
        for frame in frames:
            writer.write(frame)
    return path


def ffmpeg(*arguments: str) -> None:
    """Runs ffmpeg itself; fails where it fails."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def described(path: Path) -> str:
    """What ffmpeg says that a file holds."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-i", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr
