"""Faded photos: the whole photo spans few tones and has lost its blacks. Around a head they are drawn apart again."""

from __future__ import annotations

import cv2
import numpy as np

from vivify.arrays import Pixels
from vivify.easing import smoothstep
from vivify.faces.repair.head import around, away, to_lab
from vivify.faces.types import Face

# Tones (L of 8-bit Lab, 0..255) between the photo's darkest and lightest 0.5%, and the darkest. Healthy photos taken in soft
# light span down to 130 with a darkest of at most 63 (gallery and 110 video frames): span alone says nothing, lost blacks
# and a narrow span do.
FADED, LOST_BLACK = 115.0, 75.0
BLANK = 24.0  # fewer than this and there is nothing to draw apart
FULL_RANGE, MOST_GAIN = 208.0, 1.7


def faded(pixels: Pixels) -> tuple[float, float] | None:
    """The photo's darkest and lightest tone if it is faded."""
    tone = to_lab(pixels, min(1.0, 512 / max(pixels.shape[:2])))[..., 0]
    low, high = (float(v) for v in np.percentile(tone, [0.5, 99.5]))
    return (low, high) if BLANK < high - low < FADED and low > LOST_BLACK else None


def refresh(pixels: Pixels, face: Face, low: float, high: float) -> None:
    """Draws the tones around one head apart, in ``pixels``; colours stay, and nothing shows where it ends."""
    gain = min(MOST_GAIN, FULL_RANGE / (high - low))
    # Centred so that both ends keep the same room.
    middle = np.clip((low + high) / 2, gain * (high - low) / 2, 255 - gain * (high - low) / 2)
    table = np.clip(middle + gain * (np.arange(256) - (low + high) / 2), 0, 255).round().astype(np.uint8)
    x0, y0, x1, y1 = around(face, 3.6, pixels.shape).astype(int)
    view = pixels[y0:y1, x0:x1]
    lab = cv2.cvtColor(view, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.LUT(lab[..., 0], table)
    weight = smoothstep((3.5 - away(face, (x0, y0), 1.0, view.shape)) / 1.3)[..., None]
    mixed = view + weight * (cv2.cvtColor(lab, cv2.COLOR_LAB2RGB).astype(np.float32) - view)
    view[:] = np.rint(mixed).astype(np.uint8)
