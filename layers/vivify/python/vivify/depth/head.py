"""The head's own frame in a photo: where its centre is, how large one eye distance is, which way it points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float
from vivify.faces.pose import rotation
from vivify.faces.topology import EYES, NECK, OVAL
from vivify.faces.types import Face


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

    def seen_from(self, corner: Float) -> HeadFrame:
        """The same head in pixels of a region whose corner is ``corner`` (3,) float32 photo pixels."""
        return HeadFrame(self.origin - corner, self.unit, self.rotation, self.roll)

    def local(self, points: Float) -> Float:
        """``points`` (N, 3) in photo pixels in this frame, in eye distances."""
        return ((points - self.origin) @ self.rotation / self.unit).astype(np.float32)

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


@dataclass(frozen=True)
class Turn:
    """A rigid movement of the head in the camera frame: ``rotation`` (3, 3) and ``zoom`` about ``pivot`` (3,), then
    ``shift`` (3,), photo pixels.
    """

    rotation: NDArray[np.float64]
    pivot: NDArray[np.float64]
    shift: NDArray[np.float64]
    zoom: float = 1.0

    @classmethod
    def none(cls) -> Turn:
        """As in the photo."""
        return cls(np.eye(3), np.zeros(3), np.zeros(3))

    def about_pivot(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Where ``points`` (..., 3) go without the shift."""
        return np.asarray((points - self.pivot) @ (self.zoom * self.rotation).T + self.pivot, np.float64)

    def of(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Where ``points`` (..., 3) of the head go."""
        return self.about_pivot(points) + self.shift
