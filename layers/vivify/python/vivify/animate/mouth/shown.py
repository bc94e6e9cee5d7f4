"""The inside of the mouth that the photo itself shows: those pixels stay, and stay rigid.

A mesh would stretch teeth as the lips part. So what the photo holds between the lips is cut along the edge of the upper
teeth; the part above goes with the skull, the part below with the jaw, and only what opens up around them is made.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.mouth.tones import LUMA
from vivify.animate.patch import Window
from vivify.depth.raster import filled
from vivify.faces.topology import INNER_LIPS

Float = NDArray[np.float32]
Matrix = NDArray[np.float64]
Pixels = NDArray[np.uint8]

# In millimetres.
_LEAST_GAP = 2.5  # lips nearer than this show nothing to speak of
_RIM, _SOFT = 0.8, 0.3  # that the lips' own edge reaches inwards; softness
_STRIP = 8.0  # to either side of the middle: where the edge of the upper teeth is looked for
_HIDDEN = 0.8  # what the lower lip still covers of teeth that end behind it
_LOWER_PART = 4.0  # what there is below the upper teeth must be as high as this to be the jaw's
_TEETH = 0.62  # of the brightest row's luma, and
_LEAST_TEETH = 1.2  # a bright line thinner than this is wet lip
_AGAINST_SKIN = 0.5  # of the skin's: anything darker is not teeth


class Shown:
    """``region``: (H, W, 3) uint8 RGB; ``landmarks``: (>=468, 3) in it; ``place``: (2, 3), see ``View.beside_lip``, in the
    photo; ``skin``: the luma of the skin.

    ``edge``: how many millimetres below the lip's own place the upper teeth end; ``None`` where no teeth are seen.
    """

    def __init__(self, region: Pixels, landmarks: Float, place: Matrix, skin: float) -> None:
        self.edge: float | None = None
        self._place = place
        polygon = landmarks[list(INNER_LIPS), :2]
        unit = float(np.linalg.norm(place[:, 1]))
        window = Window.around(polygon, 2 * _SOFT * unit + 2, region.shape)
        if window is None or np.linalg.norm(polygon[5] - polygon[15]) < _LEAST_GAP * unit:
            return
        self._corner = window.corner.astype(np.float64)
        self._picture = window.of(region).copy()
        inside = filled(polygon - window.corner, window.size)
        pixel = np.stack(np.meshgrid(*map(np.arange, window.size)), axis=-1) + window.corner
        x, y = np.moveaxis((pixel - place[:, 2]) @ np.linalg.inv(place[:, :2]).T, -1, 0)
        rim = max(1, round(_RIM * unit))
        kept = cv2.erode(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1, 2 * rim + 1)))
        self.edge = _teeth_end(self._picture, (kept > 127) & (np.abs(x) < _STRIP), y, skin)
        if self.edge is None:
            return
        kept = cv2.GaussianBlur(kept, (0, 0), max(_SOFT * unit, 0.4)).astype(np.float32) / 255
        jaws = y[inside > 127].max() - self.edge > _LOWER_PART
        above = np.clip((self.edge - y) * unit + 0.5, 0, 1).astype(np.float32) if jaws else np.float32(1)
        self._masks = (kept * above, kept * (1 - above))

    def lay_on(self, rgb: Float, window: Window, upper: Matrix, lower: Matrix) -> None:
        """Draws the pixels over ``rgb`` (h, w, 3) of ``window``.

        ``upper``, ``lower``: (2, 3), where each part's ``place`` is.
        """
        if self.edge is None:
            return
        for place, mask in zip((lower, upper), reversed(self._masks), strict=True):
            linear = place[:, :2] @ np.linalg.inv(self._place[:, :2])
            offset = place[:, 2] + linear @ (self._corner - self._place[:, 2]) - window.corner
            move = np.concatenate([linear, offset[:, None]], axis=1)
            picture = cv2.warpAffine(
                self._picture, move, window.size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
            rgb += (picture - rgb) * cv2.warpAffine(mask, move, window.size)[..., None]


def _teeth_end(picture: Pixels, strip: NDArray[np.bool_], y: Matrix, skin: float) -> float | None:
    """Where the first bright run of rows ends, going down ``strip``, in ``y``; None where none is bright."""
    luma = picture.astype(np.float32) @ LUMA
    rows = np.flatnonzero(strip.sum(axis=1) > 2)
    if len(rows) < 3:
        return None
    bright = np.array([np.median(luma[row][strip[row]]) for row in rows])
    height = np.array([y[row][strip[row]].mean() for row in rows])
    teeth = bright > max(_TEETH * bright.max(), _AGAINST_SKIN * skin)
    start = 0
    while start < len(rows):
        length = int(np.argmin(np.append(teeth[start:], False)))
        end = start + length
        if end == len(rows) and length:
            return float(height[-1]) + _HIDDEN
        if length and height[end] - height[start] >= _LEAST_TEETH:
            return float(height[end])
        start = end + 1
    return None
