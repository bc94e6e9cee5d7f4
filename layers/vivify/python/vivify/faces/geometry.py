"""Squares laid over a photo at any angle, and how to look through them.

An affine ``matrix`` is (2, 3) float64 and takes photo pixels (x, y, 1) to pixels of the view; pixel centres are integers on
both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Pixels

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Square:
    """A square region: centre ``x, y`` and ``side`` in photo pixels; ``roll`` in degrees, clockwise in the image."""

    x: float
    y: float
    side: float
    roll: float

    def scaled(self, factor: float) -> Square:
        return Square(self.x, self.y, self.side * factor, self.roll)

    def to_view(self, size: int) -> Matrix:
        """The matrix from photo pixels to a ``size`` x ``size`` view of this square with the roll removed."""
        zoom, angle = size / self.side, np.radians(self.roll)
        cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
        linear = np.array([[cos, sin], [-sin, cos]])
        shift = np.full(2, size / 2) - linear @ np.array([self.x, self.y])
        return np.concatenate([linear, shift[:, None]], axis=1)


def invert(matrix: Matrix) -> Matrix:
    """The matrix back from view to photo."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.concatenate([linear, -(linear @ matrix[:, 2:])], axis=1)


def apply(matrix: Matrix, points: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N, 2) points through ``matrix``; the z of (N, 3) points is multiplied by its zoom."""
    moved = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    if points.shape[1] == 2:
        return np.asarray(moved, dtype=np.float64)
    zoom = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    return np.concatenate([moved, points[:, 2:] * zoom], axis=1)


def turned(roll: float) -> float:
    """An angle in degrees folded into (-180, 180]."""
    return float(180.0 - (180.0 - roll) % 360.0)


class Pyramid:
    """A photo and its halves, so that a view far smaller than its square is sampled without aliasing.

    Landmarks must not depend on the resolution of the photo, so every view is sampled from the level at most twice as
    fine as it needs.
    """

    def __init__(self, pixels: Pixels) -> None:
        self._levels: list[Pixels] = [pixels]

    @property
    def width(self) -> int:
        return int(self._levels[0].shape[1])

    @property
    def height(self) -> int:
        return int(self._levels[0].shape[0])

    @property
    def pixels(self) -> Pixels:
        return self._levels[0]

    def _level(self, index: int) -> Pixels:
        while len(self._levels) <= index:
            last = self._levels[-1]
            height, width = last.shape[0] // 2, last.shape[1] // 2
            # An odd last row or column is dropped, so that each level is exactly half: no drift between levels.
            even = last[: height * 2, : width * 2]
            self._levels.append(np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8))
        return self._levels[index]

    def view(self, matrix: Matrix, size: tuple[int, int], *, replicate: bool = False) -> Pixels:
        """What ``matrix`` shows, (height, width, 3) uint8 for ``size`` = (width, height).

        Outside the photo it is black, or with ``replicate`` the photo's border goes on.
        """
        zoom = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
        deepest = int(np.log2(max(1.0, min(self.width, self.height) / 2)))
        index = min(max(0, int(np.floor(np.log2(1.0 / zoom)))) if zoom < 1 else 0, deepest)
        # A level's pixel i is the mean of 2^k photo pixels from i * 2^k on: their centre is i * 2^k + (2^k - 1) / 2.
        factor = 2**index
        up = np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1]], dtype=np.float64)
        border = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
        shown = cv2.warpAffine(self._level(index), matrix @ up, size, flags=cv2.INTER_LINEAR, borderMode=border)
        return np.asarray(shown, np.uint8)
