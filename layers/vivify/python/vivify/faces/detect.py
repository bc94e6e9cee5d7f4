"""Where faces may be: BlazeFace over the whole photo in four quarter turns, then over finer and finer tiles.

The cost is bounded: about ``MAX_TILES`` windows of 192 x 192 whatever the photo's size. Boxes found here are only proposals;
the landmark network and the judge decide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vivify.faces.anchors import (
    FULL_ANCHORS,
    FULL_SIDE,
    SHORT_ANCHORS,
    SHORT_SIDE,
    Detections,
    FloatArray,
    decode,
    merge,
    rolls,
)
from vivify.faces.geometry import Matrix, Pyramid, Square, apply, invert
from vivify.faces.networks import run

THRESHOLD = 0.5  # of a proposal's score; MediaPipe's own
SURE = 0.75  # a proposal that tells how the photo lies
SAME_FACE = 0.3  # overlap (IoU) from which two proposals are one face
QUARTER_TURNS = (0.0, 90.0, 180.0, 270.0)
WANTED_FACE = 20  # photo pixels: half of what we animate, so that a small face is called too small and not missed
FINEST_FACE = 16  # input pixels at which that face shall appear in the finest tiles
MAX_TILES = 72  # windows of one level and one turn
TILE_OVERLAP = 0.3  # of a tile's side: any face smaller than this lies whole in some tile
BATCH = 64  # views held in memory at once


@dataclass(frozen=True)
class Detector:
    """One BlazeFace network: its weights' name, its input side and its anchors."""

    name: str
    side: int
    anchors: FloatArray

    def raw(self, photo: Pyramid, matrices: list[Matrix]) -> tuple[FloatArray, FloatArray]:
        """The network's output for the views of ``matrices``: values (N, anchors, 16) and logits (N, anchors)."""
        parts = []
        for start in range(0, len(matrices), BATCH):
            views = [photo.view(m, (self.side, self.side)) for m in matrices[start : start + BATCH]]
            image = np.stack(views).astype(np.float32) / np.float32(127.5) - np.float32(1.0)
            parts.append(run(self.name, ("boxes", "logits"), image))
        return np.concatenate([v for v, _ in parts]), np.concatenate([s for _, s in parts])[..., 0]

    def find(self, photo: Pyramid, windows: list[Square], whole: bool) -> Detections:
        """Faces seen through ``windows`` (rolls in quarter turns), in photo pixels.

        ``whole``: the windows hold the whole photo. Otherwise a box cut by a window's edge is left to the neighbouring tile,
        unless that edge is the photo's own.
        """
        matrices = [w.to_view(self.side) for w in windows]
        parts = []
        for window, matrix, values, logits in zip(windows, matrices, *self.raw(photo, matrices), strict=True):
            found = decode(values, logits, self.anchors, THRESHOLD)
            if not whole:
                found = found.take(_inside(found.boxes, self.side, window, photo))
            parts.append(_to_photo(found, invert(matrix)))
        return Detections.join(parts)


SHORT = Detector("face_detection_short", SHORT_SIDE, SHORT_ANCHORS)
FULL = Detector("face_detection_full", FULL_SIDE, FULL_ANCHORS)


def _to_photo(found: Detections, back: np.ndarray) -> Detections:
    corners = apply(back, found.boxes.reshape(-1, 2)).reshape(-1, 2, 2)
    return Detections(
        boxes=np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1).astype(np.float32),
        keypoints=apply(back, found.keypoints.reshape(-1, 2)).reshape(-1, 6, 2).astype(np.float32),
        scores=found.scores,
    )


def _inside(boxes: FloatArray, side: int, window: Square, photo: Pyramid) -> np.ndarray:
    """Which boxes do not touch an edge of the window; edges on or beyond the photo's border do not count."""
    back = invert(window.to_view(side))
    margin = 0.02 * side
    low, high = boxes[:, :2] > margin, boxes[:, 2:] < side - margin
    keep = np.ones(len(boxes), dtype=bool)
    middle = side / 2
    edges = (
        ((0.0, middle), low[:, 0]),
        ((side, middle), high[:, 0]),
        ((middle, 0.0), low[:, 1]),
        ((middle, side), high[:, 1]),
    )
    for point, clear in edges:
        x, y = apply(back, np.array([point]))[0]
        slack = window.side * 0.01
        if slack < x < photo.width - 1 - slack and slack < y < photo.height - 1 - slack:
            keep &= clear
    return keep


def _tiles(photo: Pyramid, side: float, roll: float) -> list[Square]:
    """Overlapping squares that cover the photo."""
    centres = []
    for length in (photo.width, photo.height):
        if length <= side:
            centres.append([length / 2])
            continue
        count = int(np.ceil((length - side) / (side * (1 - TILE_OVERLAP)))) + 1
        centres.append(list(np.linspace(side / 2, length - side / 2, count)))
    return [Square(x, y, side, roll) for y in centres[1] for x in centres[0]]


def _levels(photo: Pyramid) -> list[float]:
    """Sides of the tiles in photo pixels, coarse to fine.

    In the last, the smallest wanted face shows at ``FINEST_FACE`` pixels; levels of more than ``MAX_TILES`` are left out.
    """
    longest = max(photo.width, photo.height)
    ratio = longest * FINEST_FACE / (WANTED_FACE * FULL_SIDE)
    # Neighbouring levels lie a factor of about two apart: the detector knows faces over a range of about eight.
    steps = max(0, round(np.log2(max(ratio, 1.0)) + 0.3))
    sides = [longest / ratio ** (k / steps) for k in range(1, steps + 1)]
    return [side for side in sides if len(_tiles(photo, side, 0.0)) <= MAX_TILES]


def propose(photo: Pyramid) -> Detections:
    """Face proposals in photo pixels, strongest first; keypoints tell the roll.

    One place may be proposed at several rolls.
    """
    centre = (photo.width / 2, photo.height / 2)
    longest = float(max(photo.width, photo.height))
    whole = [Square(*centre, longest, roll) for roll in QUARTER_TURNS]
    # A face that fills the photo to its edges is known only with room around it.
    roomy = [w.scaled(1.5) for w in whole]
    found = [SHORT.find(photo, whole + roomy, whole=True), FULL.find(photo, whole, whole=True)]
    levels = _levels(photo)
    # Small faces stand as the large ones do, and upright if there are none.
    sure = Detections.join(found).keypoints[Detections.join(found).scores >= SURE]
    turns = {float(round(float(r) / 90.0) % 4 * 90) for r in rolls(sure)} or {0.0}
    found += [FULL.find(photo, _tiles(photo, s, t), whole=False) for s in levels for t in sorted(turns)]
    if not any((part.scores >= SURE).any() for part in found):
        rest = [t for t in QUARTER_TURNS if t not in turns]
        found += [FULL.find(photo, _tiles(photo, s, t), whole=False) for s in levels[:2] for t in rest]
    return merge(Detections.join(found), SAME_FACE)


def to_square(box: FloatArray, keypoints: FloatArray) -> Square:
    """The square the landmark network wants: around the box, half as large again, roll removed."""
    x0, y0, x1, y1 = (float(v) for v in box)
    return Square((x0 + x1) / 2, (y0 + y1) / 2, 1.5 * max(x1 - x0, y1 - y0), float(rolls(keypoints[None])[0]))
