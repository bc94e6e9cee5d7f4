"""What is seen when a mouth opens that the photo shows closed: a plain dark cavity.

Lips move with the mesh. Where the photo already shows the inside of the mouth, the mesh carries those pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivify.animate.patch import Patch, Window, polygon_mask
from vivify.faces.topology import INNER_LIPS, LOWER_INNER_LIP, OUTER_LIPS, UPPER_INNER_LIP

Float = NDArray[np.float32]
Pixels = NDArray[np.uint8]

# In eye distances.
_SHUT = 0.02  # a gap up to this is a closed mouth
_FULL = 0.08  # the cavity is fully dark from this additional gap on
_EDGE = 0.012
_DARKNESS = 0.22  # of the lips' own colour


def lip_gap(points: Float) -> float:
    """The mean distance between the inner lips, in the unit of ``points`` (>=468, 2 or 3)."""
    upper, lower = points[list(UPPER_INNER_LIP), :2], points[list(LOWER_INNER_LIP), :2]
    return float(np.linalg.norm(upper - lower, axis=1).mean())


class Cavity:
    """The inside of one photo's mouth. ``unit``: pixels per eye distance."""

    def __init__(self, region: Pixels, landmarks: Float, unit: float) -> None:
        self._shape = region.shape
        self._unit = unit
        self._rest = lip_gap(landmarks)
        lips = landmarks[list(OUTER_LIPS + INNER_LIPS), :2]
        column = np.clip(np.round(lips[:, 0]).astype(int), 0, region.shape[1] - 1)
        row = np.clip(np.round(lips[:, 1]).astype(int), 0, region.shape[0] - 1)
        self._colour = np.median(region[row, column].astype(np.float32), axis=0) * _DARKNESS

    def patches(self, vertices: Float) -> list[Patch]:
        """The cavity between the moved lips. ``vertices``: (>=468, 3) moved landmarks, region pixels."""
        if self._rest > _SHUT * self._unit:
            return []
        strength = np.clip((lip_gap(vertices) - self._rest) / (_FULL * self._unit), 0.0, 1.0)
        polygon = vertices[list(INNER_LIPS), :2]
        edge = _EDGE * self._unit
        window = Window.around(polygon, 3 * edge + 1, self._shape)
        if strength == 0 or window is None:
            return []
        mask = polygon_mask(window, polygon, edge) * np.float32(strength)
        return [Patch(window, np.broadcast_to(self._colour, (*mask.shape, 3)).astype(np.float32), mask)]
