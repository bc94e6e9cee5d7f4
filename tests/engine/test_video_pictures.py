"""What is shown of a clip without playing it: the poster and the contact sheet, made by ffmpeg alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tests.footage import chart, greys, inside, moving, write
from vivify.video import contact_sheet, write_poster


def test_poster(tmp_path: Path) -> None:
    """The poster is a JPEG of the clip's first frame and carries no metadata."""
    write_poster(write(tmp_path / "clip.mp4", [chart()] * 3), tmp_path / "poster.jpg")
    with Image.open(tmp_path / "poster.jpg") as poster:
        assert (poster.format, poster.size) == ("JPEG", (256, 256))
        assert not poster.getexif()
        difference = np.abs(inside(np.asarray(poster)).astype(int) - inside(chart()).astype(int))
    assert difference.mean() < 3


def test_contact_sheet(tmp_path: Path) -> None:
    """A sheet shows evenly spread frames in reading order, the first frame first."""
    clip = write(tmp_path / "clip.mp4", greys(*range(0, 240, 10)))
    contact_sheet(clip, tmp_path / "sheet.png", columns=4, rows=2, width=64)
    with Image.open(tmp_path / "sheet.png") as sheet:
        pixels = np.asarray(sheet.convert("L")).astype(int)
    assert pixels.shape == (2 * 48 + 2, 4 * 64 + 3 * 2)
    seen = [pixels[24 + 50 * (k // 4), 32 + 66 * (k % 4)] for k in range(8)]
    assert np.abs(np.array(seen) - 30 * np.arange(8)).max() <= 3


def test_contact_sheet_of_a_short_clip(tmp_path: Path) -> None:
    """A clip with fewer frames than places fills one short sheet instead of failing."""
    clip = write(tmp_path / "clip.mp4", list(moving(3)))
    contact_sheet(clip, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 4 * 320 + 3 * 2


def test_publishing_needs_only_ffmpeg(tmp_path: Path) -> None:
    """Probing, transcoding, the poster and the sheet of a clip load neither numpy, cv2 nor Pillow."""
    clip = write(tmp_path / "clip.mp4", list(moving(9)))
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
