"""The head's own frame in a photo: where its centre is, how large one eye distance is, which way it points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivify.faces.pose import rotation
from vivify.faces.topology import EYES, NECK, OVAL
from vivify.faces.types import Face

Float = NDArray[np.float32]


@dataclass(frozen=True)
class HeadFrame:
    """Head coordinates: unit one eye distance, x to the viewer's right, y down, z away from the camera when facing it.

    ``origin``: (3,) photo pixels, the middle of the face's outline. ``unit``: photo pixels per eye distance.
    ``rotation``: (3, 3), columns are the head's axes in the camera frame. ``roll``: degrees, clockwise in the image.
    """

    origin: NDArray[np.float64]
    unit: float
    rotation: NDArray[np.float64]
    roll: float

    @classmethod
    def of(cls, face: Face) -> HeadFrame:
        points = face.landmarks.astype(np.float64)
        right, left = (points[[eye.outer, eye.inner]].mean(axis=0) for eye in EYES)
        unit = float(np.linalg.norm(right - left))  # in space: a head is no smaller for being turned away
        return cls(points[list(OVAL)].mean(axis=0), unit, rotation(face.pose), face.pose.roll)

    @property
    def neck(self) -> NDArray[np.float64]:
        """(3,) photo pixels: the point the head turns about."""
        return self.origin + self.rotation @ NECK * self.unit

    def upright(self, x: Float, y: Float) -> tuple[Float, Float]:
        """Photo pixels to the face's upright plane (roll removed, yaw and pitch not), in eye distances from the origin."""
        angle = np.radians(self.roll)
        cos, sin = np.float32(np.cos(angle) / self.unit), np.float32(np.sin(angle) / self.unit)
        dx, dy = x - np.float32(self.origin[0]), y - np.float32(self.origin[1])
        return cos * dx + sin * dy, cos * dy - sin * dx
