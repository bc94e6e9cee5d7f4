"""Marks of age: scratches, creases and dust; what is one, and whether there are so many that the photo is damaged.

A hair, a spectacle rim, a wrinkle or a crack of old paint looks like a scratch; what none of them does is lie all over the
picture. Hence the statistic: of the photo's cells (0.6 eye distances square), the share through which a *mark* goes: a thin
spot or line, lighter than both its sides, on ground that is smooth beside it, and no more colourful than it. Damage is
mostly of one kind, a picture's own detail of both, so dark marks are counted as well and speak against it; for a proof they
are too much like hair. Measured on (light, dark): two scratched photos 0.59, 0.02 and 0.54, 0.05; of some two hundred
healthy photos and video frames the highest are 0.58, 0.24 (a drawing) and 0.38, 0.02. A few scratches on an otherwise good
photo are therefore left alone, and so are dark ones, and light and dark ones mixed: they cannot be told from a picture's own
detail.

Lengths are in eye distances unless they say pixels; tones are L of 8-bit Lab, 0..255.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Pixels
from vivify.faces.repair.head import to_lab
from vivify.faces.topology import EYES, LEFT_BROW, OUTER_LIPS, RIGHT_BROW
from vivify.faces.types import Face

DAMAGED = 0.45  # share of cells with a light mark from which a photo is damaged ...
ONE_KIND = 3.5  # ... where so many times fewer cells hold a dark one
KIND_TOO = 0.12  # share from which dark marks of a damaged photo are repaired too: fewer may be moles and lashes
FEWEST = 16  # cells with a mark: fewer prove nothing
CELL = 0.6  # side
LOOK_UNIT, LOOK_SIDE = 80.0, 1000.0  # pixels: eye distance and longer side at which the photo is judged
LONGEST_FILL = 0.12  # area over length of a mark that is still thin

LIGHT, DARK = cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT


@dataclass(frozen=True)
class Thresholds:
    """What counts as a mark.

    ``seed``, ``seed_ratio``: how far its core stands out, in tones and over the detail usual around it; ``edge``,
    ``edge_ratio``: how far the rest of it does. ``contrast``: its mean tone to that of the ground. ``half_width``: of the
    widest mark. ``rough``: the ground's own spread may be such a part of the contrast; ``rough_line``: under a fine line, or
    a line on a face.
    """

    seed: float
    seed_ratio: float
    edge: float
    edge_ratio: float
    contrast: float
    half_width: float
    rough: float
    rough_line: float


PROOF = Thresholds(seed=22, seed_ratio=7, edge=9, edge_ratio=3, contrast=16, half_width=0.035, rough=0.30, rough_line=0.30)
KNOWN = Thresholds(seed=14, seed_ratio=4.5, edge=7, edge_ratio=2, contrast=9, half_width=0.035, rough=0.5, rough_line=0.8)
"""Once the photo is known to be damaged."""
WIDE = Thresholds(seed=30, seed_ratio=4.5, edge=10, edge_ratio=2, contrast=22, half_width=0.055, rough=0.35, rough_line=0.6)
"""The same for wider marks: on a face alone, since elsewhere a ribbon or a cigarette is no less."""


def kinds_of_damage(pixels: Pixels, faces: list[Face]) -> list[int]:
    """The kinds of marks (LIGHT, DARK) to repair in a photo (H, W, 3) of these faces; none if it is not damaged."""
    unit = max(face.eye_span for face in faces)
    zoom = min(1.0, LOOK_UNIT / unit, LOOK_SIDE / max(pixels.shape[:2]))
    lab = to_lab(pixels, zoom)
    features = np.zeros(lab.shape[:2], np.uint8)
    for face in faces:
        draw_features(features, face.landmarks[:, :2] * zoom, zoom * face.eye_span, brows=True, around=0.1)
    cell = CELL * zoom * unit
    light, dark = (_cells(marks(lab, zoom * unit, kind, PROOF, features), cell) for kind in (LIGHT, DARK))
    cells = max(lab.shape[0] * lab.shape[1] / cell**2, 1.0)
    if light < max(FEWEST, DAMAGED * cells) or dark * ONE_KIND > light:
        return []
    return [LIGHT, DARK] if dark >= KIND_TOO * cells else [LIGHT]


def _cells(marked: NDArray[np.int32], cell: float) -> int:
    """How many cells of that side (pixels) hold a part of a mark."""
    rows, columns = np.nonzero(marked)
    return len(set(zip((rows / cell).astype(int).tolist(), (columns / cell).astype(int).tolist(), strict=True)))


def marks(
    lab: Pixels, unit: float, kind: int, least: Thresholds, spared: Pixels, skin: Pixels | None = None
) -> NDArray[np.int32]:
    """(H, W) int32: the number, from 1, of the mark a pixel belongs to, or 0.

    ``lab``: (H, W, 3) 8-bit Lab. ``unit``: pixels an eye distance. ``kind``: LIGHT or DARK.
    ``spared``: (H, W), not 0 where nothing is a mark.
    ``skin``: (H, W), 1 on the face, where lines need less even a ground, since a face is shaded and its features are spared.
    """
    tone = lab[..., 0].astype(np.float32)
    radius = max(1, round(least.half_width * unit))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    stands = cv2.morphologyEx(lab[..., 0], kind, disc).astype(np.float32)
    window = int(CELL * unit) | 1
    ratio = stands / (cv2.blur(stands, (window, window)) + 1.0)
    low = ((stands > least.edge) & (ratio > least.edge_ratio) & (spared == 0)).astype(np.uint8)
    count, label, box, _ = cv2.connectedComponentsWithStats(low, connectivity=8)
    seeds = np.bincount(label[(stands > least.seed) & (ratio > least.seed_ratio)], minlength=count)
    area = box[:, cv2.CC_STAT_AREA].astype(np.float64)
    length = np.hypot(box[:, cv2.CC_STAT_WIDTH], box[:, cv2.CC_STAT_HEIGHT])
    likely = (seeds >= 2) & (area / length < LONGEST_FILL * unit)
    likely[0] = False

    # The ground beside the marks: its tone and colour, and how far it strays from that itself.
    beside = (cv2.dilate(likely[label].astype(np.uint8), disc) == 0).astype(np.float32)
    sigma = 2.0 * radius + 1.0
    weight = np.maximum(cv2.GaussianBlur(beside, (0, 0), sigma), 1e-3)
    ground = cv2.GaussianBlur(tone * beside, (0, 0), sigma) / weight
    above = tone - ground
    spread = cv2.GaussianBlur(above * above * beside, (0, 0), sigma) / weight
    colour = np.hypot(*(lab[..., c].astype(np.float32) - 128.0 for c in (1, 2)))
    colour -= cv2.GaussianBlur(colour * beside, (0, 0), sigma) / weight

    def mean(of: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.bincount(label.ravel(), of.ravel(), count) / np.maximum(area, 1.0)

    contrast = mean(above) * (1.0 if kind == LIGHT else -1.0)
    fine = (length > 0.35 * unit) & (area < 0.045 * unit * length)
    if skin is not None:
        fine |= (length > 0.2 * unit) & (mean(skin) > 0.5)
    rough = np.where(fine, least.rough_line, least.rough)
    keep = likely & (contrast > least.contrast) & (np.sqrt(mean(spread)) < rough * contrast)
    keep &= mean(colour) < 3.0
    return np.asarray((np.cumsum(keep) * keep)[label], np.int32)


def draw_features(mask: Pixels, points: NDArray[np.float32], unit: float, *, brows: bool, around: float) -> None:
    """Marks eyes, mouth and perhaps brows in ``mask`` (1), ``around`` eye distances wider than they are.

    ``points``: the 478 landmarks in pixels of the mask. ``unit``: pixels an eye distance.
    """
    groups = [eye.opening for eye in EYES] + [OUTER_LIPS] + ([RIGHT_BROW, LEFT_BROW] if brows else [])
    for group in groups:
        outline = cv2.convexHull(np.rint(points[list(group)]).astype(np.int32))
        cv2.fillPoly(mask, [outline], (1,))
        cv2.polylines(mask, [outline], True, (1,), max(1, round(2 * around * unit)))
