"""The shades of one photo's skin: where it lies darker it is also another colour, and so it is where it folds.

Skin in shade is redder, a toned print browner, and what was too bright for the film hardly darkens in its brightest channel.
The photo itself tells, over the whole face: how fast each channel falls with how bright skin is. Light that comes from
everywhere shows little of a face's shape, so it shows little of its folds.
"""

from __future__ import annotations

import cv2
import numpy as np

from vivify.animate.person.folds import skin_triangles
from vivify.arrays import Float, Pixels
from vivify.faces.topology import MESH, triangles

_BROAD = 0.05  # eye distances over which skin is looked at: shade, not pores
_SEEN = (0.10, 0.97)  # of the face's skin, by brightness: without nostrils and brows, and without glare
_UNSURE = 0.03  # in log brightness: faces shaded less do not tell, and darken in all channels alike
_STEEPEST = 1.6
_USUAL = 0.15  # how much log brightness varies over a face in usual light; in flatter light folds are fainter
_LIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)


class Shades:
    """How this photo's skin gets darker. ``region``: (H, W, 3) uint8 RGB; ``landmarks``: (>=468, 3) float32, its pixels;
    ``unit``: pixels of an eye distance.
    """

    def __init__(self, region: Pixels, landmarks: Float, unit: float) -> None:
        corners = triangles()[skin_triangles()]
        middles = np.asarray(landmarks[:MESH, :2][corners].mean(axis=1), np.float32)
        broad = cv2.GaussianBlur(region.astype(np.float32), (0, 0), _BROAD * unit)
        seen = cv2.remap(broad, middles[None], np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0] + 1
        bright = seen @ _LIGHTNESS
        least, most = np.quantile(bright, _SEEN)
        seen, bright = (np.log(each[(bright >= least) & (bright <= most)]) for each in (seen, bright))
        seen, bright = seen - seen.mean(axis=0), bright - bright.mean()
        spread = float((bright**2).mean())
        falls = ((seen * bright[:, None]).mean(axis=0) + _UNSURE**2) / (spread + _UNSURE**2)
        self._powers = np.clip(falls, 1 / _STEEPEST, _STEEPEST) * min(1.0, spread**0.5 / _USUAL)

    def of(self, gains: Float) -> Float:
        """(h, w, 3) float32: ``gains`` (h, w), how bright skin is to be in usual light, for every channel."""
        # Four times as fast as numpy's power.
        return np.asarray(cv2.merge([cv2.pow(gains, float(power)) for power in self._powers]), np.float32)
