"""What is shown of a clip without playing it: the poster and the preview, made by ffmpeg alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tests.footage import chart, inside, moving, write
from vivify.video import write_poster


def test_poster(tmp_path: Path) -> None:
    """The poster is a JPEG of the clip's first frame and carries no metadata."""
    write_poster(write(tmp_path / "clip.mp4", [chart()] * 3), tmp_path / "poster.jpg")
    with Image.open(tmp_path / "poster.jpg") as poster:
        assert (poster.format, poster.size) == ("JPEG", (256, 256))
        assert not poster.getexif()
        difference = np.abs(inside(np.asarray(poster)).astype(int) - inside(chart()).astype(int))
    assert difference.mean() < 3


def test_publishing_needs_only_ffmpeg(tmp_path: Path) -> None:
    """Probing, transcoding, the poster and the preview of a clip load neither numpy, cv2 nor Pillow."""
    clip = write(tmp_path / "clip.mp4", list(moving(9)))
    program = """
import sys, json
from pathlib import Path
from vivify.video import probe, transcode, write_poster, write_preview
clip = Path(sys.argv[1])
transcode(clip, clip.with_name("again.mp4")), write_poster(clip, clip.with_name("poster.jpg"))
write_preview(clip, clip.with_name("preview.webp"))
print(json.dumps([probe(clip).frames, [m for m in ("numpy", "cv2", "PIL") if m in sys.modules]]))
"""
    done = subprocess.run([sys.executable, "-c", program, str(clip)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [9, []]
