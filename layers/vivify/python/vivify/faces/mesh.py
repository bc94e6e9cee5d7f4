"""The 478 landmarks: one network read through a roll-free square, the square taken again from what was read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivify.faces.geometry import Matrix, Pyramid, Square, apply, invert
from vivify.faces.networks import run
from vivify.faces.pose import mirror_index
from vivify.faces.types import LANDMARKS, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS

SIDE = 192
ROOM = 1.5  # side of the square over the larger side of the upright box of the landmarks
BATCH = 64  # views held in memory at once

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """``points``: (N, 478, 3) float64 photo pixels; ``presence``: (N,) 0..1; one row a square."""

    points: Points
    presence: NDArray[np.float64]


def read(photo: Pyramid, squares: list[Square], mirrored: list[bool] | None = None) -> Reading:
    """What the network sees in each square; where ``mirrored``, in its mirror image, told as landmarks of the photo."""
    flips = mirrored or [False] * len(squares)
    points, presence = [np.zeros((0, LANDMARKS, 3))], [np.zeros(0)]
    for start in range(0, len(squares), BATCH):
        batch = slice(start, start + BATCH)
        straight = [s.to_view(SIDE) for s in squares[batch]]
        matrices = [_flipped(m) if f else m for m, f in zip(straight, flips[batch], strict=True)]
        views = np.stack([photo.view(m, (SIDE, SIDE), replicate=True) for m in matrices])
        raw, score = run("face_landmarks", ("landmarks", "presence"), views.astype(np.float32) / np.float32(255.0))
        seen = [apply(invert(m), r.astype(np.float64)) for m, r in zip(matrices, raw, strict=True)]
        points.append(np.stack([p[mirror_index()] if f else p for p, f in zip(seen, flips[batch], strict=True)]))
        presence.append(score.astype(np.float64))
    return Reading(np.concatenate(points), np.concatenate(presence))


def _flipped(matrix: Matrix) -> Matrix:
    """The view's mirror image."""
    return np.array([[-1.0], [1.0]]) * matrix + np.array([[0.0, 0.0, SIDE - 1.0], [0.0, 0.0, 0.0]])


def square_of(points: Points) -> Square:
    """The square that the network wants around (478, 3) landmarks."""
    right = points[list(RIGHT_EYE_CORNERS), :2].mean(axis=0)
    left = points[list(LEFT_EYE_CORNERS), :2].mean(axis=0)
    dx, dy = left - right
    roll = np.arctan2(dy, dx)
    cos, sin = np.cos(roll), np.sin(roll)
    upright = points[:, :2] @ np.array([[cos, -sin], [sin, cos]])
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = np.array([[cos, -sin], [sin, cos]]) @ ((low + high) / 2)
    return Square(float(x), float(y), float(ROOM * max(high - low)), float(np.degrees(roll)))


# Looks at one face for its landmarks: (zoom of the square, turn in degrees, mirrored). Their mean is steadier than any one,
# and mirrored looks take out the network's own leaning to one side.
LOOKS = ((1.0, 0.0, False), (1.0, 0.0, True), (0.95, 6.0, False), (1.05, -6.0, True))
ROUNDS = 4  # of reading and laying the square anew
HOPELESS = 0.05  # presence in the second round or later below which a square is given up
SETTLED = 0.005  # change of the square's side below which another round brings nothing


def settle(photo: Pyramid, squares: list[Square], rounds: int = ROUNDS) -> tuple[list[Square], NDArray[np.float64]]:
    """Squares moved until they fit what is read in them: the squares, and the presence in the last round (N,)."""
    current, presence = list(squares), np.zeros(len(squares))
    moving = list(range(len(squares)))
    for turn in range(rounds):
        reading = read(photo, [current[i] for i in moving])
        still = []
        for row, i in enumerate(moving):
            fresh, old = square_of(reading.points[row]), current[i]
            presence[i], current[i] = reading.presence[row], fresh
            step = np.hypot(fresh.x - old.x, fresh.y - old.y) + abs(fresh.side - old.side)
            unsettled = step > SETTLED * old.side or abs(fresh.roll - old.roll) > 1.0
            if unsettled and (turn == 0 or presence[i] >= HOPELESS):
                still.append(i)
        moving = still
        if not moving:
            break
    return current, presence


def look(photo: Pyramid, squares: list[Square], looks: tuple[tuple[float, float, bool], ...] = LOOKS) -> Reading:
    """The mean of several looks at each square; ``presence`` is the mean too."""
    if not squares:
        return Reading(np.zeros((0, LANDMARKS, 3)), np.zeros(0))
    turned = [Square(s.x, s.y, s.side * zoom, s.roll + turn) for s in squares for zoom, turn, _ in looks]
    flips = [mirrored for _ in squares for *_, mirrored in looks]
    reading = read(photo, turned, flips)
    count = len(looks)
    points = reading.points.reshape(-1, count, LANDMARKS, 3)
    # z has no origin of its own: looks that differ by a shift of z mean the same.
    points[..., 2] -= points[..., 2].mean(axis=2, keepdims=True) - points[:, :1, :, 2].mean(axis=2, keepdims=True)
    return Reading(points.mean(axis=1), reading.presence.reshape(-1, count).mean(axis=1))
