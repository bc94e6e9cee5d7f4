"""The sheet of frames that the demo lays beside each clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from infra.local.journey import contact_sheet
from tests.footage import greys, write


@pytest.mark.parametrize(
    ("frames", "shown"), [(24, range(0, 24, 2)), (30, (0, 3, 5, 8, 10, 13, 15, 18, 20, 23, 25, 28)), (5, range(5))]
)
def test_frames_are_spread_over_the_whole_clip(tmp_path: Path, frames: int, shown: range | tuple[int, ...]) -> None:
    """The first is the clip's first, each next one as much later, in rows of four; a short clip has fewer of both."""
    clip = write(tmp_path / "clip.mp4", greys(*(8 * n for n in range(frames))))
    with Image.open(contact_sheet(clip, tmp_path / "sheet.png", frames)) as sheet:
        pixels = np.asarray(sheet.convert("L")).astype(int)
    height = pixels.shape[0] // -(-len(shown) // 4)
    assert pixels.shape == (height * -(-len(shown) // 4), 4 * 320)
    seen = [pixels[height // 2 + height * (k // 4), 160 + 320 * (k % 4)] for k in range(len(shown))]
    assert np.abs(np.array(seen) - 8 * np.array(shown)).max() <= 3
