"""Whether a clip at the photo's own resolution keeps the photo's sharpness, encoding included, and where it goes if not."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from tests.bench import stage
from tests.bench.pictures import cut, face_box
from vivify import engine
from vivify.arrays import Pixels
from vivify.photos import decode
from vivify.video import ClipWriter, read_frames
from vivify.video.writer import Quality

OPTIONS = engine.Options(motions=("turn-left",), seconds=1.0, fps=12.0, faces="largest", repair="off")


def run(photos: list[Path]) -> list[dict[str, Any]]:
    return [{"photo": path.name, **_one(path)} for path in photos]


def _one(path: Path) -> dict[str, Any]:
    """``own``: the photo's energy; the others over that. ``as_video``: the photo as 8-bit YUV, not compressed. ``rest``,
    ``turn``: the clip's first frame, and its softest under way; ``turn_drawn``: the softest before encoding.
    """
    photo = decode(path.read_bytes())
    face = next(face for face in engine.analyse(photo) if face.verdict is None)
    drawn = stage.record(photo, [face], OPTIONS)
    # The box goes along: where the face was, something else is seen by and by.
    boxes = [face_box(drawn.vertices(index), photo.pixels.shape, margin=0.0) for index in range(len(drawn.frames))]

    def energies(frames: list[Pixels]) -> list[float]:
        return [_energy(cut(frame, box)) / own for frame, box in zip(frames, boxes, strict=False)]

    own = _energy(cut(photo.pixels, boxes[0]))
    (as_video,) = energies(_as_video(drawn.frames[:1], "lossless"))
    rest, *turn = energies(_as_video(drawn.frames, "final"))
    return {
        "size": drawn.photo.shape[1::-1],
        "face": round(face.size),
        "own": own,
        "as_video": as_video,
        "rest": rest,
        "turn_drawn": min(energies(drawn.frames)[1:]),
        "turn": min(turn),
    }


def _as_video(frames: list[Pixels], quality: Quality) -> list[Pixels]:
    """``frames`` as they come back from a file of ``quality``."""
    height, width = frames[0].shape[:2]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip"
        with ClipWriter(path, (width, height), OPTIONS.fps, quality) as writer:
            for frame in frames:
                writer.write(frame)
        return [np.asarray(frame) for frame in read_frames(path)]


def _energy(picture: Pixels) -> float:
    """Mean square of the luma's Laplacian: what blurring takes away first. The luma is not rounded: that alone sharpens."""
    luma = cv2.cvtColor(np.asarray(picture, np.float32), cv2.COLOR_RGB2GRAY)
    return float((cv2.Laplacian(luma, cv2.CV_32F) ** 2).mean())
