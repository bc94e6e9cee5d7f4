"""The photo most engine tests work on, whole, cut or resized, and the face in it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from vivify import engine
from vivify.faces import Face
from vivify.photos import Photo, decode

ASTRONAUT = Path(__file__).resolve().parent / "fixtures" / "astronaut.png"


@cache
def whole() -> tuple[Photo, Face]:
    """The astronaut, 512 x 512, and her face. Nobody may write to it."""
    photo = decode(ASTRONAUT.read_bytes())
    return photo, engine.analyse(photo)[0]


@cache
def portrait() -> tuple[Photo, Face]:
    """Her head and shoulders, 256 x 256, 42 pixels from eye to eye, and her face. Nobody may write to it."""
    return cut(*whole(), 96, 0, 256, 256)


def cut(photo: Photo, face: Face, x: int, y: int, width: int, height: int) -> tuple[Photo, Face]:
    """A part of the photo, in pixels from its left and top, and the same face in it."""
    pixels = np.ascontiguousarray(photo.pixels[y : y + height, x : x + width])
    return replace(photo, pixels=pixels), replace(face, landmarks=face.landmarks - np.array([x, y, 0], np.float32))


def resized(photo: Photo, face: Face, zoom: float) -> tuple[Photo, Face]:
    """The photo ``zoom`` times as large, and the same face in it: pixels' middles go to where they belong."""
    how = cv2.INTER_CUBIC if zoom > 1 else cv2.INTER_AREA
    pixels = np.asarray(cv2.resize(photo.pixels, None, fx=zoom, fy=zoom, interpolation=how), np.uint8)
    points = face.landmarks * np.float32(zoom)
    points[:, :2] += np.float32((zoom - 1) / 2)
    return replace(photo, pixels=pixels), replace(face, landmarks=points)
