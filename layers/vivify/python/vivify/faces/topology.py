"""Which landmark is what: index sets of the 478-point face mesh.

The mesh is MediaPipe's (468 points of the canonical face model, then five per iris, the person's right iris first).
Left and right are the person's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vivify import models
from vivify.arrays import Float

MESH: Final = 468
MOUTH_TRIANGLES: Final = 18


@cache
def triangles() -> NDArray[np.int32]:
    """(898, 3) int32: the whole face as triangles, eyes and mouth filled in; clockwise on the screen from the front.

    The ``MOUTH_TRIANGLES`` leading ones fill the mouth.
    """
    face = np.ascontiguousarray(models.face_model().triangles[:, ::-1]).astype(np.int32)
    skin = ~np.isin(face, INNER_LIPS).all(axis=1)
    return face[np.argsort(skin, kind="stable")]


OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The face's outline, clockwise in the image from the top of the forehead; 152 is the chin."""

NECK: Final = np.array([0.0, 1.25, 0.95])
"""Where the head turns on the neck: from the middle of OVAL, head frame (right, down, away), in eye distances."""

CHIN: Final = 152
FOREHEAD: Final = 10
HAIRLINE: Final = (54, 103, 67, 109, 10, 338, 297, 332, 284)
"""Of the oval, where forehead ends, the person's right side first."""
BEFORE_EARS: Final = (234, 454)
"""Where the face is widest, the person's right side first."""

RIGID: Final = (
    10,
    338,
    297,
    332,
    284,
    251,
    109,
    67,
    103,
    54,
    21,
    168,
    6,
    197,
    195,
    5,
    4,
    1,
    133,
    362,
    33,
    263,
    127,
    356,
    234,
    454,
)
"""Points that move with the skull whatever the expression: forehead, temples, nose bridge, eye corners."""

NOSE: Final = (168, 122, 351, 45, 275, 4)
"""Around the nose, from between the eyes to its tip."""
NOSTRILS: Final = (
    *(2, 94, 97, 98, 99, 240, 60, 75, 166, 59, 64, 48, 219, 218, 79, 237, 20, 238, 239, 241, 242, 141, 125, 235),
    *(326, 327, 328, 460, 290, 305, 392, 289, 294, 278, 439, 438, 309, 457, 250, 458, 459, 461, 462, 370, 354, 455),
)
"""The nose's underside and wings."""

INNER_LIPS: Final = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
OUTER_LIPS: Final = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
MOUTH_CORNERS: Final = (61, 291)
UPPER_INNER_LIP: Final = (191, 80, 81, 82, 13, 312, 311, 310, 415)
LOWER_INNER_LIP: Final = (95, 88, 178, 87, 14, 317, 402, 318, 324)
"""Same order as UPPER_INNER_LIP: index i of one faces index i of the other."""

UPPER_LIP_ROWS: Final = (
    (183, 42, 41, 38, 12, 268, 271, 272, 407),
    (184, 74, 73, 72, 11, 302, 303, 304, 408),
)
LOWER_LIP_ROWS: Final = (
    (96, 89, 179, 86, 15, 316, 403, 319, 325),
    (77, 90, 180, 85, 16, 315, 404, 320, 307),
)
"""The rows of points between the lips' inner and outer edges, from the inner; same order as UPPER_INNER_LIP."""

MOUTH_CORNER_ROWS: Final = ((78, 62, 76, 61), (308, 292, 306, 291))
"""The points at each corner of the mouth, from the inner lips' to the outer's."""


def mouth_width(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far the corners of the mouth are apart in space, (...), for landmarks (..., >=468, 3), in their unit."""
    right, left = MOUTH_CORNERS
    return np.asarray(np.linalg.norm(points[..., left, :] - points[..., right, :], axis=-1), np.float64)


def lips_apart(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far the lips are apart in space around their middle, (...), for landmarks (..., >=468, 3), in their unit."""
    above, below = (points[..., list(lip[3:6]), :] for lip in (UPPER_INNER_LIP, LOWER_INNER_LIP))
    return np.asarray(np.linalg.norm(below - above, axis=-1).mean(axis=-1), np.float64)


RIGHT_BROW: Final = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55)
LEFT_BROW: Final = (300, 293, 334, 296, 336, 276, 283, 282, 295, 285)


@dataclass(frozen=True)
class Eye:
    """One eye's points. Each row runs from the outer to the inner corner; rows of one lid have equal length.

    ``upper[0]`` and ``lower[0]`` are the lids' edges, [1] and [2] the rows of skin behind them (towards brow, cheek).
    """

    outer: int
    inner: int
    upper: tuple[tuple[int, ...], ...]
    lower: tuple[tuple[int, ...], ...]
    iris: tuple[int, ...]

    @property
    def opening(self) -> tuple[int, ...]:
        """The closed outline of what is seen of the eyeball: outer corner, upper lid, inner corner, lower lid."""
        return (self.outer, *self.upper[0], self.inner, *reversed(self.lower[0]))

    def apart(self, shape: Float) -> Float:
        """How far the lids are apart over the eye's width, (...), for landmarks (..., 478, 3)."""
        upper, lower = list(self.upper[0][2:5]), list(self.lower[0][2:5])
        gap = np.linalg.norm(shape[..., upper, :] - shape[..., lower, :], axis=-1).mean(axis=-1)
        width = np.linalg.norm(shape[..., self.outer, :] - shape[..., self.inner, :], axis=-1)
        return np.asarray(gap / width, np.float32)


RIGHT_EYE: Final = Eye(
    outer=33,
    inner=133,
    upper=(
        (246, 161, 160, 159, 158, 157, 173),
        (247, 30, 29, 27, 28, 56, 190),
        (113, 225, 224, 223, 222, 221, 189),
    ),
    lower=(
        (7, 163, 144, 145, 153, 154, 155),
        (25, 110, 24, 23, 22, 26, 112),
        (31, 228, 229, 230, 231, 232, 233),
    ),
    iris=(468, 469, 470, 471, 472),
)
LEFT_EYE: Final = Eye(
    outer=263,
    inner=362,
    upper=(
        (466, 388, 387, 386, 385, 384, 398),
        (467, 260, 259, 257, 258, 286, 414),
        (342, 445, 444, 443, 442, 441, 413),
    ),
    lower=(
        (249, 390, 373, 374, 380, 381, 382),
        (255, 339, 254, 253, 252, 256, 341),
        (261, 448, 449, 450, 451, 452, 453),
    ),
    iris=(473, 474, 475, 476, 477),
)
EYES: Final = (RIGHT_EYE, LEFT_EYE)
EYE_CORNERS: Final = tuple(corner for eye in EYES for corner in (eye.outer, eye.inner))
