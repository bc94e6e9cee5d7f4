"""Head and shoulders: the part of a photo that is a portrait of one of its people."""

from __future__ import annotations

import numpy as np

from vivify.faces.types import Face

# In eye distances from the middle of the face, upright.
_SIDE, _UP, _DOWN = 3.2, 2.8, 3.6


def head_and_shoulders(face: Face, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the box, x1 and y1 exclusive, within a photo of ``shape`` (H, W, ...).

    However the head is rolled, the box's sides are the photo's; it reaches as far as the head's own axes do.
    """
    centre, unit = face.landmarks[:, :2].mean(axis=0), face.eye_span
    angle = np.radians(face.pose.roll)
    right, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    corners = [centre + (u * right + v * down) * unit for u in (-_SIDE, _SIDE) for v in (-_UP, _DOWN)]
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
    return x0, y0, min(shape[1], int(np.ceil(high[0]))), min(shape[0], int(np.ceil(high[1])))
