"""Measuring from the outside: what a picture shows, read without knowing how it was made.

The landmark network is the engine's (there is no second one that anybody may ship), the way of looking is not: frames are
enlarged, the squares are larger or smaller and turned by angles that the engine never takes, and every video is followed
from its own landmarks alone. A second set of looks, different again, tells how much of a reading is noise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np

from vivify.arrays import Float, Pixels
from vivify.faces import head_pose, mesh
from vivify.faces.find import candidates
from vivify.faces.geometry import Pyramid, Square
from vivify.faces.topology import EYES, LOWER_INNER_LIP, MOUTH_CORNERS, UPPER_INNER_LIP, Eye

Looks = tuple[tuple[float, float, bool], ...]

SCALE = 1.25  # frames are enlarged by this before they are read
# Zoom of the square, turn in degrees, mirrored. The engine reads at (1, 0), (0.95, 6) and (1.05, -6).
FIRST: Looks = ((1.12, 4.0, False), (1.12, -4.0, True), (0.9, -10.0, False), (0.9, 10.0, True))
SECOND: Looks = ((1.2, -8.0, False), (1.2, 8.0, True), (1.0, 12.0, False), (1.0, -12.0, True))
SIGNALS = ("eyes", "mouth", "smile", "yaw", "pitch")
_MIDDLE = np.linspace(0.3, 0.7, 9)  # of the way from the outer to the inner corner: where an eye is measured across
PRESENT, STEADY = 0.5, 0.1  # presence of a face; unsteadiness of its landmarks


@dataclass
class Outside:
    """Reads one face from frame to frame. ``jitter``: how unsteadily squares are laid (seeded); 1 shakes them by 1.5%."""

    looks: Looks = FIRST
    jitter: float = 0.0
    _square: Square | None = None
    _random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    def begin_at(self, face: Float) -> Outside:
        """Looks first where the (478, 3) landmarks ``face`` lie, instead of searching."""
        there = mesh.square_of(face.astype(np.float64))
        self._square = Square(SCALE * (there.x + 0.5) - 0.5, SCALE * (there.y + 0.5) - 0.5, SCALE * there.side, there.roll)
        return self

    def read(self, frame: Pixels) -> Float | None:
        """(478, 3) landmarks in the frame's pixels, or None where no face is seen."""
        large = cv2.resize(frame, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
        zoom = np.array([large.shape[1] / frame.shape[1], large.shape[0] / frame.shape[0]])
        pyramid = Pyramid(np.asarray(large, np.uint8))
        square, rounds = self._square, 1
        if square is None:
            found = candidates(pyramid)
            if not found:
                return None
            # The largest of those whose landmarks hold still.
            square = max(found, key=lambda row: (row[1].unsteadiness <= STEADY, row[0].side))[0]
            rounds = 2
        settled, presence = mesh.settle(pyramid, [square], rounds)
        if presence[0] < PRESENT:
            self._square = None
            return None
        points = mesh.look(pyramid, [self._shaken(settled[0])], self.looks).points[0]
        self._square = mesh.square_of(points)
        out = points.copy()
        out[:, :2] = (points[:, :2] + 0.5) / zoom - 0.5
        out[:, 2] /= zoom.mean()
        return out.astype(np.float32)

    def _shaken(self, square: Square) -> Square:
        x, y, side, roll = self._random.normal(size=4) * self.jitter
        grown = square.side * (1 + 0.02 * side)
        return Square(square.x + 0.015 * x * square.side, square.y + 0.015 * y * square.side, grown, square.roll + 2 * roll)


def read_all(frames: Iterable[Pixels], start: Float | None = None, looks: Looks = FIRST, jitter: float = 0.0) -> Float:
    """(T, 478, 3) landmarks, of the face at ``start`` if given; rows of not-a-number where no face is seen."""
    eye = Outside(looks, jitter)
    if start is not None:
        eye.begin_at(start)
    nothing = np.full((478, 3), np.nan, np.float32)
    return np.stack([nothing if (points := eye.read(frame)) is None else points for frame in frames])


def eye_span(points: Float) -> float:
    """Pixels between the eye centres in the picture."""
    right, left = (points[[eye.outer, eye.inner], :2].mean(axis=0) for eye in EYES)
    return float(np.linalg.norm(right - left))


def across(points: Float, eye: Eye) -> float:
    """How far the edges of the lids are apart in the picture, straight across the middle of the eye, over its width."""
    outer, inner = (complex(*points[corner, :2].astype(np.float64)) for corner in (eye.outer, eye.inner))
    edges = [points[[eye.outer, *row, eye.inner], :2].astype(np.float64) @ (1, 1j) for row in (eye.upper[0], eye.lower[0])]
    upper, lower = (np.interp(_MIDDLE, z.real, z.imag) for z in ((edge - outer) / (inner - outer) for edge in edges))
    return float(np.abs(upper - lower).mean())


def seen_opening(points: Float, eye: Eye) -> float:
    """How far partners among the lids' landmarks are apart in the picture over the eye's width there. Of an open eye that is
    its opening; where lids are shut, partners have slid along the line between them, and are farther apart than lids are.
    """
    return eye_opening(points[:, :2], eye)


def eye_opening(points: Float, eye: Eye) -> float:
    """How far the lids are apart over the eye's width, in space: which lid lies behind is the network's guess."""
    middle = slice(2, 5)
    gap = np.linalg.norm(points[list(eye.upper[0])] - points[list(eye.lower[0])], axis=1)[middle].mean()
    return float(gap / np.linalg.norm(points[eye.outer] - points[eye.inner]))


def signals(landmarks: Float) -> dict[str, Float]:
    """What a face does, (T,) each, from (T, 478, 3): eye and mouth opening, smile width, yaw and pitch in degrees."""
    rows = []
    for points in landmarks:
        if not np.isfinite(points).all():
            rows.append([np.nan] * len(SIGNALS))
            continue
        right, left = (points[[eye.outer, eye.inner]].mean(axis=0) for eye in EYES)
        unit = np.linalg.norm(right - left)  # in space, so that turning does not shorten it
        gap = np.linalg.norm(points[list(UPPER_INNER_LIP)] - points[list(LOWER_INNER_LIP)], axis=1).mean()
        wide = np.linalg.norm(points[MOUTH_CORNERS[0]] - points[MOUTH_CORNERS[1]])
        pose = head_pose(points)
        eyes = np.mean([eye_opening(points, eye) for eye in EYES])
        rows.append([float(v) for v in (eyes, gap / unit, wide / unit, pose.yaw, pose.pitch)])
    table = np.array(rows, np.float32)
    return {name: table[:, column] for column, name in enumerate(SIGNALS)}


def correlation(one: Float, other: Float) -> tuple[float, float]:
    """Pearson's r over frames where both are seen, and the gain: how far ``other`` goes for each step of ``one``."""
    both = np.isfinite(one) & np.isfinite(other)
    a, b = one[both].astype(np.float64), other[both].astype(np.float64)
    if len(a) < 3 or a.std() == 0:
        return 0.0, 0.0
    a, b = a - a.mean(), b - b.mean()
    gain = float((a * b).sum() / (a * a).sum())
    return (float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())) if b.any() else 0.0), gain


def aligned(seen: Float, true: Float) -> Float:
    """``seen`` (T, 478, 3) moved, turned and scaled in the picture, frame by frame, onto ``true`` as well as can be."""
    out = seen.copy()
    for points, wanted in zip(out, true, strict=True):
        a, b = (p[:468, 0] + 1j * p[:468, 1] for p in (points.astype(np.float64), wanted.astype(np.float64)))
        turn = np.vdot(a - a.mean(), b - b.mean()) / np.vdot(a - a.mean(), a - a.mean())
        moved = (points[:, 0] + 1j * points[:, 1] - a.mean()) * turn + b.mean()
        points[:, 0], points[:, 1] = moved.real, moved.imag
    return out


def landmark_error(seen: Float, true: Float, unit: float) -> Float:
    """(T,) mean distance in the picture of the mesh's 468 points, percent of ``unit`` pixels."""
    return np.asarray(100 * np.linalg.norm((seen - true)[:, :468, :2], axis=2).mean(axis=1) / unit, np.float32)
