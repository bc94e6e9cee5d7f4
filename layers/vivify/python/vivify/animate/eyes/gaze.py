"""What an eye shows when it looks elsewhere: the iris goes whole, the white gives way, lids and corners stay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float
from vivify.easing import smoothstep
from vivify.faces.topology import RIGHT_EYE, Eye

# In eye widths.
_WHITE = 0.04  # what is left of the white, at least, beside an iris that looks aside
_RIM = 0.1  # how far lashes and their shade reach over the eyeball: they stay with their lid

_HELD = 0.5  # of the iris's height: so much of its middle goes up and down whole, lids hide the rest
_IRIS_FADES = 0.85, 1.15  # of its radius
_BARED = 0.2  # a white drawn out by so much is the middle of the eyeball

Array = NDArray[np.float64]


class Gaze:
    """How one eye of the photo looks elsewhere. ``landmarks``: (478, 3) float32, region pixels.

    It reckons along the eye's own axes, to the viewer's right and down when the head is upright, in eye widths from the
    middle between its corners.
    """

    def __init__(self, eye: Eye, landmarks: Float) -> None:
        corners = landmarks[[eye.outer, eye.inner], :2].astype(np.float64)
        along = (corners[1] - corners[0]) * (1 if eye is RIGHT_EYE else -1)
        self._axes = np.array([along, [-along[1], along[0]]])
        self._middle = corners.mean(axis=0)
        self._lids = tuple(np.array([eye.outer, *row[0], eye.inner]) for row in (eye.upper, eye.lower))
        self._rest = self._lines(landmarks[:, :2].astype(np.float64))
        iris = self._within(landmarks[list(eye.iris), :2].astype(np.float64))
        self._iris = float(iris[0, 0]), float(np.abs(iris - iris[0]).max())
        held = self._iris[1] * np.array([1.0, _HELD])
        rim = np.concatenate(self._rest)
        # Along either axis: where the opening begins, the iris begins and ends, and the opening ends.
        self._knots = np.stack([rim.min(axis=0), iris[0] - held, iris[0] + held, rim.max(axis=0)], axis=1)

    def gone(self, there: Array, points: Array, gaze: Float) -> tuple[Array, Array]:
        """How far what is seen ``there`` has gone by a ``gaze`` (2,) in eye widths: (h, w, 2) region pixels. And where white
        is bared that the iris hid: (h, w) in 0..1.

        ``there``: (h, w, 2), where those pixels lie in the photo while the eye looks as it does there; ``points``:
        (>=468, 2), the moved landmarks, likewise.
        """
        at = self._within(there)
        seen = at.copy()
        for axis, (begin, near, far, end) in enumerate(self._knots):
            step = float(gaze[axis])
            places = (min(begin, near + step - _WHITE), near + step, far + step, max(end, far + step + _WHITE))
            seen[..., axis] -= np.interp(at[..., axis], places, (0, step, step, 0))
        drawn = np.abs(at[..., 0] - seen[..., 0])
        # White that comes to where the opening is taller shows no lid: it is seen no nearer to one than it was in the photo.
        iris, radius = self._iris
        white = smoothstep((np.abs(seen[..., 0] - iris) / radius - _IRIS_FADES[0]) / (_IRIS_FADES[1] - _IRIS_FADES[0]))
        for side, rest, now in zip((1, -1), self._rest, self._lines(points), strict=True):
            here = side * (at[..., 1] - _height(now, at[..., 0]))
            least = _height(rest, seen[..., 0]) + side * np.minimum(here, _RIM)
            seen[..., 1] += white * side * np.maximum(side * (least - seen[..., 1]), 0)
        behind = np.sign(gaze[0]) * (iris + gaze[0] - at[..., 0]) / radius
        bared = smoothstep((behind - _IRIS_FADES[0]) / (_IRIS_FADES[1] - _IRIS_FADES[0])) * smoothstep(drawn / _BARED)
        return np.asarray((at - seen) @ self._axes, np.float64), np.asarray(bared, np.float64)

    def _within(self, points: Array) -> Array:
        return np.asarray((points - self._middle) @ self._axes.T / (self._axes[0] @ self._axes[0]), np.float64)

    def _lines(self, points: Array) -> tuple[Array, ...]:
        """The upper and the lower lid's edge, (N, 2) each, from the viewer's left to his right."""
        lines = (self._within(points[lid]) for lid in self._lids)
        return tuple(line[np.argsort(line[:, 0], kind="stable")] for line in lines)


def _height(line: Array, across: Array) -> Array:
    return np.asarray(np.interp(across, line[:, 0], line[:, 1]), np.float64)
