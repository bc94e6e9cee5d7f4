"""The portrait's view: a square with the head upright, and how it lies in the photo."""

from __future__ import annotations

import numpy as np

from vivify.faces import mesh
from vivify.faces.geometry import Square, apply, invert
from vivify.faces.types import LEFT_EYE_CORNERS, MOUTH_CORNERS, RIGHT_EYE_CORNERS, Crop, Face

ROOM = 2.3  # side of the crop over the face's larger side: hair, neck and shoulders
RAISED = 0.125  # of the crop's side: hair needs more room than the neck


def portrait_crop(face: Face, size: tuple[int, int]) -> Crop:
    """A roll-free square around the head, at the photo's own scale.

    ``size``: (width, height) of the photo. The crop's box is clipped to the photo (a valid slice), its square is not: where
    it reaches outside, the caller extends the photo's border. Upright is the line from the mouth to between the eyes.
    """
    tight = mesh.square_of(face.landmarks.astype(np.float64))
    points = face.landmarks[:, :2].astype(np.float64)
    eyes = points[[*RIGHT_EYE_CORNERS, *LEFT_EYE_CORNERS]].mean(axis=0)
    mouth = points[list(MOUTH_CORNERS)].mean(axis=0)
    down = mouth - eyes
    roll = float(np.degrees(np.arctan2(-down[0], down[1])))
    side = max(2, round(tight.side / mesh.ROOM * ROOM))
    up = -down / max(float(np.hypot(*down)), 1e-6)
    x, y = np.array([tight.x, tight.y]) + up * RAISED * side
    matrix = Square(float(x), float(y), float(side), roll).to_view(side)
    corners = apply(invert(matrix), np.array([[0, 0], [side, 0], [0, side], [side, side]], dtype=np.float64))
    low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    width, height = size
    return Crop(
        x0=int(np.clip(low[0], 0, width)),
        y0=int(np.clip(low[1], 0, height)),
        x1=int(np.clip(high[0], 0, width)),
        y1=int(np.clip(high[1], 0, height)),
        matrix=matrix,
        size=side,
    )
