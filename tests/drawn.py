"""Frames as they are drawn, before any encoding: by one face's performer, or by the whole engine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from tests.portrait import portrait
from vivify import engine
from vivify.animate import Performer
from vivify.arrays import Float, Pixels
from vivify.engine import Options
from vivify.faces import Face
from vivify.faces.topology import INNER_LIPS
from vivify.motion import FaceTrack, Motion
from vivify.photos import Photo

SHORT = Options(motions=("turn-left",), seconds=0.4, fps=10.0)  # four frames in which something happens
MOUTH_WIDTH = 0.8  # in eye distances, of the person whom a made motion comes from


@cache
def her_performer() -> Performer:
    """The portrait's."""
    photo, face = portrait()
    return Performer(photo.pixels, face)


def posed(*rotations: Sequence[float], lids: float = 0.0, gaze: Sequence[float] = (0.0, 0.0), jaw: float = 0.0) -> Motion:
    """A motion, one frame for each rotation; the same lids, gaze and opening of the mouth (eye distances) in each."""
    motion = Motion.still(max(1, len(rotations)))
    if rotations:
        motion.rotation[:] = rotations
    motion.lids[:] = lids
    motion.gaze[:] = gaze
    motion.displacement[:, list(INNER_LIPS[11:]), 1] = jaw
    return motion


def drawn(performer: Performer, photo: Pixels, motion: Motion, index: int = 0) -> Pixels:
    """The photo as it is at a frame of the motion."""
    frame = photo.copy()
    performer.draw(frame, performer.track(motion, MOUTH_WIDTH), index)
    return frame


def moved_landmarks(performer: Performer, track: FaceTrack, index: int) -> Float:
    """Where the mesh's 468 landmarks are at a frame, (468, 3) in photo pixels."""
    corner = np.array([performer.region.x0, performer.region.y0, 0], np.float32)
    return performer._vertices(track, index)[:468] + corner


class Sink:
    """In the engine's ClipWriter's place: keeps a copy of each frame."""

    def __init__(self) -> None:
        self.frames: list[Pixels] = []

    def __call__(self, path: Path, size: tuple[int, int], fps: float, quality: str) -> Self:
        self.encoded_size = size
        return self

    def write(self, frame: Pixels) -> None:
        self.frames.append(frame.copy())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def animated(photo: Photo, faces: list[Face], options: Options, sink: Sink | None = None) -> list[Pixels]:
    """The frames that the engine would encode."""
    sink = sink or Sink()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine, "ClipWriter", sink)
        engine.animate(photo, faces, Path("nowhere.mp4"), options)
    return sink.frames
