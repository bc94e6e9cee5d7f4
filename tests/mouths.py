"""Mouths to open: the astronaut's, and what opens them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from tests.portrait import whole
from vivify.animate import Performer
from vivify.animate.patch import Patch
from vivify.arrays import Float, Pixels
from vivify.faces import Face
from vivify.faces.topology import INNER_LIPS, LOWER_INNER_LIP, OUTER_LIPS, UPPER_INNER_LIP
from vivify.motion import FaceTrack, Motion

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_JAW = list(INNER_LIPS[11:])
_SHUT_WIDTH = 0.85  # of the astronaut's smile


@cache
def smiling() -> tuple[Pixels, Face]:
    """The astronaut, who shows her upper teeth."""
    photo, face = whole()
    return photo.pixels, face


@cache
def closed(*, grey: bool = False) -> tuple[Pixels, Performer]:
    """The astronaut with skin where her mouth is, her lips' landmarks together; in colour or ``grey``."""
    pixels, face = smiling()
    if grey:
        luma = np.round(pixels.astype(np.float32) @ LUMA).astype(np.uint8)
        pixels = np.ascontiguousarray(np.repeat(luma[..., None], 3, axis=2))
    return pixels, Performer(pixels, replace(face, landmarks=lips_together(face.landmarks)))


def lips_together(landmarks: Float) -> Float:
    """As of a mouth no wider than shut ones are."""
    points, lips = landmarks.copy(), [*INNER_LIPS, *OUTER_LIPS]
    points[lips, 0] = points[lips, 0].mean() + _SHUT_WIDTH * (points[lips, 0] - points[lips, 0].mean())
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    points[upper] = points[lower] = (points[upper] + points[lower]) / 2
    return points


def enlarged(pixels: Pixels, face: Face, zoom: int) -> tuple[Pixels, Face]:
    """The astronaut's head and shoulders."""
    part = np.ascontiguousarray(pixels[:256, 96:352])
    points = ((face.landmarks - np.array([95.5, -0.5, 0], np.float32)) * zoom - [0.5, 0.5, 0]).astype(np.float32)
    larger = cv2.resize(part, (256 * zoom, 256 * zoom), interpolation=cv2.INTER_CUBIC)
    return np.asarray(larger, np.uint8), replace(face, landmarks=points)


def opening(*gaps: float, yaw: float = 0.0) -> Motion:
    """A frame for each gap: the jaw alone drops by so many eye distances, and the chin with it."""
    motion = Motion.still(len(gaps))
    motion.displacement[:, _JAW, 1] = np.array(gaps, np.float32)[:, None]
    motion.displacement[:, [152, 148, 377, 176, 400, 175, 199], 1] = np.array(gaps, np.float32)[:, None]
    motion.rotation[:, 0] = yaw
    return motion


def patches(performer: Performer, track: FaceTrack, index: int) -> list[Patch]:
    return performer._mouth.patches(performer._vertices(track, index), performer._turn(track, index), track.bite[index])
