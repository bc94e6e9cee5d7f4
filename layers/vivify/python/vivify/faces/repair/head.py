"""The surroundings of one head, and the colours in which they are judged."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Pixels
from vivify.faces.topology import CHIN, FOREHEAD
from vivify.faces.types import Face


def to_lab(pixels: Pixels, zoom: float) -> Pixels:
    """(H, W, 3) uint8 RGB as 8-bit Lab, made smaller where ``zoom`` is below 1."""
    if zoom < 1:
        size = (max(1, round(pixels.shape[1] * zoom)), max(1, round(pixels.shape[0] * zoom)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB), np.uint8)


def around(face: Face, reach: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """x0, y0, x1, y1 of the square ``reach`` eye distances around the face's middle, whole pixels within the photo."""
    middle, far = face.landmarks[:, :2].mean(axis=0).astype(float), reach * face.eye_span
    limits = np.array(shape[1::-1], float)
    return np.concatenate([np.clip(np.floor(middle - far), 0, limits), np.clip(np.ceil(middle + far), 0, limits)])


def away(
    face: Face, corner: tuple[int, int], zoom: float, shape: tuple[int, ...], raised: float = 0.0
) -> NDArray[np.float32]:
    """(H, W): each pixel's distance in eye distances from the face's middle, or from ``raised`` above it towards the hair.

    Of a view of this ``shape`` whose left top is ``corner`` in the photo and which is ``zoom`` times as large.
    """
    up = face.landmarks[FOREHEAD, :2] - face.landmarks[CHIN, :2]
    middle = face.landmarks[:, :2].mean(axis=0) + up * np.float32(raised * face.eye_span / max(np.hypot(*up), 1.0))
    x, y = (middle - np.array(corner, np.float32)) * np.float32(zoom)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.asarray(np.hypot(columns - x, rows - y) / (face.eye_span * zoom), np.float32)
