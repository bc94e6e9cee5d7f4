"""Pores, grain and brushwork for skin that a network has painted: it works at a fixed small size, and draws skin plain.

What is finer is taken from the skin below the eye, and moves with the lid it is laid on.
"""

from __future__ import annotations

import cv2
import numpy as np

from vivify.animate import eye_patch
from vivify.animate.patch import Window
from vivify.arrays import Float, Pixels

_BELOW = 48.0  # patch pixels from the lid to the skin that its detail is taken from: clear of the eye, however far lids go
_CUT = 1.5  # patch pixels: of what is finer than this the network guesses two thirds, and cheeks hold what is missing
_OUTLIER = 3.0  # deviations: hairs, spectacle frames and the like are no skin


class SkinDetail:
    """The fine detail of the skin below one eye. ``region``: (H, W, 3) uint8 RGB; ``place``: the eye's patch in it;
    ``tone``: how bright the skin is that it is laid on, 0..255: in the shade there is less to see of it.
    """

    def __init__(self, region: Pixels, place: Float, tone: float) -> None:
        scale = 1 / float(np.sqrt(abs(np.linalg.det(place[:, :2]))))
        size = np.array([eye_patch.WIDTH, eye_patch.HEIGHT], np.float32)
        below = np.array(
            [[0, _BELOW / 2], [size[0], _BELOW / 2], [0, size[1] + _BELOW], size + np.array([0, _BELOW])], np.float32
        )
        window = Window.around(eye_patch.placed(below, eye_patch.inverse(place)), 2 * scale, region.shape)
        self._fine: Float | None = None
        if window is None:
            return
        grey = cv2.cvtColor(np.ascontiguousarray(window.of(region)), cv2.COLOR_RGB2GRAY).astype(np.float32)
        fine = grey - cv2.GaussianBlur(grey, (0, 0), _CUT * scale)
        usual = 1.4826 * float(np.median(np.abs(fine)))
        shade = min(1.0, tone / max(float(grey.mean()), 1.0))
        self._fine = np.asarray(shade * np.clip(fine, -_OUTLIER * usual, _OUTLIER * usual), np.float32)
        self._back = eye_patch.inverse(place)
        self._back[:, 2] -= window.corner

    def over(self, place: Float, size: tuple[int, int], travel: float) -> Float | None:
        """(h, w) float32 levels to add, for a picture of ``size`` (w, h) whose patch is at ``place``; None if there is none.

        ``travel``: patch pixels that the lid has come down.
        """
        if self._fine is None:
            return None
        # The picture's pixels -> patch -> down to the skin below, less what the lid has moved -> the detail's pixels.
        linear = self._back[:, :2] @ place[:, :2]
        shift = self._back[:, :2] @ (place[:, 2] + np.array([0, _BELOW - travel], np.float32)) + self._back[:, 2]
        matrix = np.concatenate([linear, shift[:, None]], axis=1)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(self._fine, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101), np.float32
        )
