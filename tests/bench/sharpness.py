"""Whether a clip at the photo's own resolution keeps the photo's sharpness, encoding included."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from tests.bench.pictures import cut, face_box
from vivify import engine
from vivify.arrays import Pixels
from vivify.photos import decode
from vivify.video import read_frames

OPTIONS = engine.Options(motions=("turn-left",), seconds=1.0, fps=12.0, faces="largest", repair="off")


def run(photos: list[Path]) -> list[dict[str, Any]]:
    return [{"photo": path.name, **_one(path)} for path in photos]


def _one(path: Path) -> dict[str, Any]:
    photo = decode(path.read_bytes())
    face = next(face for face in engine.analyse(photo) if face.verdict is None)
    box = face_box(face.landmarks, photo.pixels.shape, margin=0.0)
    with TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        report = engine.animate(photo, [face], clip, OPTIONS)
        energy = [_energy(cut(np.asarray(frame), box)) for frame in read_frames(clip)]
    own = _energy(cut(photo.pixels, box))
    return {"size": report.size, "face": round(face.size), "own": own, "rest": energy[0] / own, "least": min(energy) / own}


def _energy(picture: Pixels) -> float:
    """Mean square of the luma's Laplacian: what blurring takes away first. The luma is not rounded: that alone sharpens."""
    luma = cv2.cvtColor(np.asarray(picture, np.float32), cv2.COLOR_RGB2GRAY)
    return float((cv2.Laplacian(luma, cv2.CV_32F) ** 2).mean())
