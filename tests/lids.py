"""The astronaut's head, enlarged, with its eyes shut."""

from __future__ import annotations

from functools import cache

import numpy as np

from tests.portrait import portrait, resized, whole
from vivify.animate import Performer
from vivify.arrays import Pixels
from vivify.faces import Face
from vivify.motion import Motion


@cache
def the_face() -> tuple[Pixels, Face]:
    photo, face = whole()
    return photo.pixels, face


def enlarged(zoom: float) -> tuple[Pixels, Face]:
    """Her head, ``zoom`` times as large."""
    photo, face = resized(*portrait(), zoom)
    return photo.pixels, face


def blinking(pixels: Pixels, face: Face, *closures: float) -> list[Pixels]:
    """The photo with both eyes closed so far."""
    performer = Performer(pixels, face)
    motion = Motion.still(len(closures))
    motion.lids[:] = np.array(closures)[:, None]
    track = performer.track(motion, 0.8)
    frames = [pixels.copy() for _ in closures]
    for index, frame in enumerate(frames):
        performer.draw(frame, track, index)
    return frames
