"""How alike two pictures are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Pixels

Box = tuple[int, int, int, int]

CAP = 60.0  # decibels: what identical pictures score


def face_box(landmarks: NDArray[np.float32], shape: tuple[int, ...], margin: float = 0.15) -> Box:
    """x0, y0, x1, y1 of the landmarks, ``margin`` of their size wider, within a picture of ``shape``."""
    low, high = landmarks[:468, :2].min(axis=0), landmarks[:468, :2].max(axis=0)
    room = margin * (high - low)
    x0, y0 = np.maximum(np.floor(low - room), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(high + room), [shape[1], shape[0]]).astype(int)
    return int(x0), int(y0), int(x1), int(y1)


def cut(picture: Pixels, box: Box) -> Pixels:
    x0, y0, x1, y1 = box
    return picture[y0:y1, x0:x1]


def psnr(one: Pixels, other: Pixels, where: NDArray[np.bool_] | None = None) -> float:
    """Peak signal to noise over all channels in decibels, at most ``CAP``; ``where`` (H, W): of these pixels alone."""
    squares = (one.astype(np.float32) - other.astype(np.float32)) ** 2
    error = float(np.mean(squares if where is None else squares[where]))
    return CAP if error == 0 else min(CAP, 10 * np.log10(255.0**2 / error))


def ssim(one: Pixels, other: Pixels) -> float:
    """Structural similarity of the luma (Wang et al., 2004): Gaussian window of 1.5 pixels; 1 for identical pictures."""
    a, b = (np.asarray(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), np.float64) for p in (one, other))

    def local(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), np.float64)

    mean_a, mean_b = local(a), local(b)
    var_a, var_b = local(a * a) - mean_a**2, local(b * b) - mean_b**2
    both = local(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    return float((top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())
