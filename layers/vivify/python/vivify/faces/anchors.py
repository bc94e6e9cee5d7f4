"""BlazeFace's anchors and the reading of its raw output. Pure numpy.

Both networks predict, per anchor, a box and six keypoints relative to the anchor's centre, in pixels of the input
square, and a raw score (a logit). Keypoints: right eye, left eye, nose tip, mouth, right ear, left ear (the person's own).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Detections:
    """``boxes``: (N, 4) float32 x0, y0, x1, y1; ``keypoints``: (N, 6, 2) float32; ``scores``: (N,) float32 in 0..1."""

    boxes: FloatArray
    keypoints: FloatArray
    scores: FloatArray

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Detections:
        return Detections(self.boxes[index], self.keypoints[index], self.scores[index])

    @staticmethod
    def join(parts: list[Detections]) -> Detections:
        if not parts:
            zeros = np.zeros
            return Detections(zeros((0, 4), np.float32), zeros((0, 6, 2), np.float32), zeros((0,), np.float32))
        return Detections(
            np.concatenate([p.boxes for p in parts]),
            np.concatenate([p.keypoints for p in parts]),
            np.concatenate([p.scores for p in parts]),
        )


def grid_anchors(side: int, layout: tuple[tuple[int, int], ...]) -> FloatArray:
    """Anchor centres in input pixels, (N, 2) float32, x then y. ``layout``: (stride, anchors per cell) in output order."""
    parts = []
    for stride, per_cell in layout:
        cells = side // stride
        centres = (np.arange(cells, dtype=np.float32) + 0.5) * stride
        grid_y, grid_x = np.meshgrid(centres, centres, indexing="ij")
        parts.append(np.repeat(np.stack([grid_x.ravel(), grid_y.ravel()], axis=1), per_cell, axis=0))
    return np.concatenate(parts)


SHORT_SIDE, FULL_SIDE = 128, 192
SHORT_ANCHORS = grid_anchors(SHORT_SIDE, ((8, 2), (16, 6)))  # 16*16*2 + 8*8*6 = 896
FULL_ANCHORS = grid_anchors(FULL_SIDE, ((4, 1),))  # 48*48 = 2304


def decode(values: FloatArray, logits: FloatArray, anchors: FloatArray, threshold: float) -> Detections:
    """Raw output to detections in input pixels.

    ``values``: (N, 16) box centre, size and six keypoints, relative to the anchor; ``logits``: (N,).
    Keeps scores >= ``threshold``.
    """
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0)))
    keep = scores >= threshold
    raw, base = values[keep], anchors[keep]
    centre, half = raw[:, :2] + base, raw[:, 2:4] / 2
    return Detections(
        boxes=np.concatenate([centre - half, centre + half], axis=1).astype(np.float32),
        keypoints=(raw[:, 4:16].reshape(-1, 6, 2) + base[:, None]).astype(np.float32),
        scores=scores[keep].astype(np.float32),
    )


def overlap(box: FloatArray, boxes: FloatArray) -> FloatArray:
    """Intersection over union of one (4,) box with (N, 4) boxes: (N,) in 0..1."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    area = np.prod(box[2:] - box[:2]) + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return np.asarray(common / np.maximum(area - common, 1e-6), dtype=np.float32)


def rolls(keypoints: FloatArray) -> FloatArray:
    """Roll in degrees, clockwise in the image, from the eyes of (N, 6, 2) keypoints: (N,)."""
    across = keypoints[:, 1] - keypoints[:, 0]
    return np.asarray(np.degrees(np.arctan2(across[:, 1], across[:, 0])), dtype=np.float32)


SAME_ROLL = 50.0  # degrees; more apart, two proposals for one place are different readings of it


def merge(found: Detections, threshold: float) -> Detections:
    """Weighted non-maximum suppression: boxes that overlap by ``threshold`` or more and stand alike become their
    score-weighted mean.

    The mean is steadier than the best box alone, which jumps between anchors. The same place read upside down stays a
    proposal of its own: which reading is right is not for the scores to say. Strongest first.
    """
    order = np.argsort(-found.scores, kind="stable")
    rest, parts = found.take(order), []
    while len(rest):
        apart = np.abs((rolls(rest.keypoints) - rolls(rest.keypoints[:1]) + 180.0) % 360.0 - 180.0)
        same = (overlap(rest.boxes[0], rest.boxes) >= threshold) & (apart <= SAME_ROLL)
        same[0] = True
        group = rest.take(same)
        weight = group.scores / group.scores.sum()
        parts.append(
            Detections(
                boxes=np.einsum("n,nk->k", weight, group.boxes)[None],
                keypoints=np.einsum("n,nkc->kc", weight, group.keypoints)[None],
                scores=group.scores[:1],
            )
        )
        rest = rest.take(~same)
    return Detections.join(parts)
