"""Skin that is pushed together folds and darkens; skin that is stretched smooths out and lightens a little.

The mesh tells where: the area of each triangle of the face against its area in the photo, the head's turn left out. It is
the broad shading of a fold that this gives, where the photo holds none; wrinkles themselves are not drawn.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float, Pixels
from vivify.faces.topology import EYES, INNER_LIPS, MESH, OUTER_LIPS, triangles

_STRENGTH = 0.6  # of the change in length that is clear of the noise
_NOISE = 0.03  # of a length: talking and turning change a measured mesh by as much without any fold
_DARKEST, _LIGHTEST = 0.8, 1.05
_PLAIN = 128  # the gain of skin at rest, as a byte


class Folds:
    """The shading of one face. ``landmarks``: (>=468, 3) float32, region pixels."""

    def __init__(self, landmarks: Float) -> None:
        self._rest = landmarks[:MESH]
        self._triangles = triangles()
        self._area = np.maximum(_areas(self._rest[self._triangles]), 1e-3)
        self._skin = skin_triangles()
        corners = self._triangles[self._skin].ravel()
        self._weight = np.maximum(np.bincount(corners, minlength=MESH), 1).astype(np.float32)

    def gains(self, displacement: Float) -> Float | None:
        """(M,) float32, how bright each triangle of the face is against the photo; None if nothing folds.

        ``displacement``: (468, 3) float32, region pixels, the expression without the head's turn.
        """
        if not displacement.any():
            return None
        change = np.sqrt(_areas((self._rest + displacement)[self._triangles]) / self._area)
        change[~self._skin] = 1
        # Spread over neighbours: single triangles carry the landmarks' noise.
        spread = np.repeat(np.clip(change[self._skin], 0.5, 1.5), 3)
        at = np.bincount(self._triangles[self._skin].ravel(), spread, minlength=MESH) / self._weight
        smooth = np.where(self._skin, at[self._triangles].mean(axis=1), 1)
        strain = smooth - 1
        clear = np.sign(strain) * np.maximum(np.abs(strain) - _NOISE, 0)
        return np.clip(1 + _STRENGTH * clear, _DARKEST, _LIGHTEST).astype(np.float32)


@cache
def skin_triangles() -> NDArray[np.bool_]:
    """(M,) bool: the triangles of the face that are skin and can fold. Lids and lips slide over one another instead: what
    their triangles do says nothing.
    """
    busy = {*OUTER_LIPS, *INNER_LIPS}
    for eye in EYES:
        busy |= {eye.outer, eye.inner, *eye.upper[0], *eye.upper[1], *eye.lower[0], *eye.lower[1]}
    return np.asarray(~np.isin(triangles(), list(busy)).any(axis=1))


def shade(picture: Pixels, gain: Float) -> Pixels:
    """``picture`` (H, W, 3) times ``gain`` (H, W, 3); where the gain is 1 it is unchanged, bit for bit."""
    return np.asarray(cv2.multiply(picture, cv2.convertScaleAbs(gain, alpha=_PLAIN), scale=1 / _PLAIN), np.uint8)


def _areas(corners: Float) -> Float:
    """Areas of (M, 3, 3) triangles in space."""
    u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(np.linalg.norm(np.cross(u, v), axis=1) / 2, np.float32)
