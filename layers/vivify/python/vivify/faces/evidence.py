"""What speaks for a face being a person's, beyond the networks' own scores: they are sure of themselves on dogs and monkeys.

Two witnesses, gathered around a settled square:

- steadiness: a person's features pin the landmarks down; on an animal, a mask or nothing they drift when the square they are
  read through is moved, turned and scaled.
- opinion: both detectors look at the place again, upright and at several zooms, and must put eyes, nose and mouth where the
  landmarks are.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vivify.faces import mesh
from vivify.faces.detect import FULL, SHORT
from vivify.faces.geometry import Pyramid, Square, apply
from vivify.faces.mesh import Points
from vivify.faces.pose import head_fit
from vivify.faces.topology import CHIN, EYES, INNER_LIPS, LEFT_BROW, OUTER_LIPS, RIGHT_BROW

# (shift right and down in sides, zoom, turn in degrees): how far the square is moved to see whether the landmarks follow it.
PROBES = (
    (0.0, 0.0, 1.0, 0.0),
    (0.0, 0.0, 0.85, -12.0),
    (0.0, 0.0, 0.85, 12.0),
    (0.06, 0.0, 1.18, -12.0),
    (-0.06, 0.0, 1.18, 12.0),
    (0.0, 0.06, 1.0, -20.0),
    (0.0, -0.06, 1.0, 20.0),
)
UNIT_CM = 6.0  # about the distance between the eyes
HALVES = (
    (*RIGHT_BROW, *LEFT_BROW, *(point for eye in EYES for point in (*eye.opening, *eye.iris))),
    (*INNER_LIPS, *OUTER_LIPS, CHIN),
)

# Zooms of the square at which each detector looks again, each at two turns.
SECOND_LOOKS = ((SHORT, (1.2, 1.6, 2.2)), (FULL, (1.6, 2.2, 3.2)))
TURNS = (-8.0, 8.0)
AGREES = 0.5  # units: farther off, a detector speaks of something else
LOGITS = (-6.0, 8.0)  # kept within: one very sure look shall not outvote the rest

SHARP_SIDE = 112  # pixels at which sharpness is told: finer detail is a luxury
FINE = 1.2  # pixels (sigma): what is finer than this counts as detail


@dataclass(frozen=True)
class Evidence:
    """``unsteadiness``: mean distance of the landmarks from their median over the probes, in eye distances; 0 is perfect.

    ``steadier_half``: the same of eyes and brows alone, or of lips and chin, whichever is less. ``weakest``: the lowest
    presence over the probes, 0..1. ``detector``: the proposal's score, 0..1. ``sharpness``: share of the face's contrast
    that is fine detail.
    """

    unsteadiness: float
    steadier_half: float
    weakest: float
    detector: float
    sharpness: float


def gather(photo: Pyramid, squares: list[Square], scores: list[float]) -> list[Evidence]:
    """Evidence for each settled square; ``scores`` are the proposals' own."""
    if not squares:
        return []
    reading = mesh.read(photo, [moved for square in squares for moved in _probes(square)])
    points = reading.points.reshape(len(squares), len(PROBES), -1, 3)
    weakest = reading.presence.reshape(len(squares), len(PROBES)).min(axis=1)
    evidence = []
    for i, square in enumerate(squares):
        middle = np.median(points[i], axis=0)
        unit = UNIT_CM * head_fit(middle).scale
        each = np.linalg.norm(points[i, :, :, :2] - middle[None, :, :2], axis=2).mean(axis=0) / unit
        evidence.append(
            Evidence(
                unsteadiness=float(each.mean()),
                steadier_half=float(min(each[list(half)].mean() for half in HALVES)),
                weakest=float(weakest[i]),
                detector=scores[i],
                sharpness=_sharpness(photo, square),
            )
        )
    return evidence


def _probes(square: Square) -> list[Square]:
    cos, sin = np.cos(np.radians(square.roll)), np.sin(np.radians(square.roll))
    return [
        Square(
            float(square.x + square.side * (right * cos - down * sin)),
            float(square.y + square.side * (right * sin + down * cos)),
            square.side * zoom,
            square.roll + turn,
        )
        for right, down, zoom, turn in PROBES
    ]


def second_opinion(photo: Pyramid, square: Square, points: Points) -> float:
    """The detectors' mean logits, summed, where their eyes, nose and mouth agree with ``points`` ((478, 3) photo pixels)."""
    unit = UNIT_CM * head_fit(points).scale
    features = np.stack([points[468], points[473], points[4], (points[13] + points[14]) / 2])
    total = 0.0
    for detector, zooms in SECOND_LOOKS:
        looks = [Square(square.x, square.y, square.side * z, square.roll + t) for z in zooms for t in TURNS]
        matrices = [look.to_view(detector.side) for look in looks]
        values, logits = detector.raw(photo, matrices)
        best = []
        for k, (look, matrix) in enumerate(zip(looks, matrices, strict=True)):
            expected = apply(matrix, features[:, :2])
            seen = values[k, :, 4:12].reshape(-1, 4, 2) + detector.anchors[:, None]
            apart = np.linalg.norm(seen - expected[None], axis=2).mean(axis=1) * look.side / detector.side / unit
            best.append(float(np.clip(logits[k][apart < AGREES], *LOGITS).max(initial=LOGITS[0])))
        total += float(np.mean(best))
    return total


def _sharpness(photo: Pyramid, square: Square) -> float:
    side = int(np.clip(square.side / mesh.ROOM, 8, SHARP_SIDE))
    tight = square.scaled(1 / mesh.ROOM)
    gray = cv2.cvtColor(photo.view(tight.to_view(side), (side, side), replicate=True), cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = gray - cv2.GaussianBlur(gray, (0, 0), FINE)
    return float(fine.std() / max(float(gray.std()), 1.0))
