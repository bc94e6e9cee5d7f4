"""The eyeball behind the lids.

Lids are skin and move with the mesh; the eyeball stays where it is and is only covered. So the opening between the lids
shows the photo's own eyeball, moved rigidly with the head and by the gaze, never squeezed. Gaze moves iris and white
together, so no second iris can stay behind.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.patch import Window, blend, polygon_mask, similarity
from vivify.depth.raster import filled
from vivify.faces.topology import RIGHT_EYE, Eye

Float = NDArray[np.float32]
Pixels = NDArray[np.uint8]

_MARGIN = 0.45  # of the eye's width: how much beyond the opening the eyeball is continued
_TOUCHING = 0.03  # of the eye's width
_EDGE = 0.012  # of the eye's width: softness of the lids' edge


class Eyeball:
    """One eye of one photo. ``region``: (H, W, 3) uint8; ``landmarks``: (478, 3) float32, both in region pixels."""

    def __init__(self, eye: Eye, region: Pixels, landmarks: Float) -> None:
        self._eye = eye
        self._corners = landmarks[[eye.outer, eye.inner], :2].astype(np.float64)
        self._width = float(np.linalg.norm(self._corners[1] - self._corners[0]))
        # The eye's own axes: to the viewer's right and down when the head is upright.
        along = (self._corners[1] - self._corners[0]) * (1 if eye is RIGHT_EYE else -1)
        self._axes = np.array([along, [-along[1], along[0]]])
        opening = landmarks[list(eye.opening), :2]
        self._source = Window.around(opening, _MARGIN * self._width, region.shape)
        # The blend's soft edge must find the photo's own pixels too, or an eye at rest would not be the photo's.
        keep = round(4 * _EDGE * self._width) + 2
        self._texture = _continued(region, opening, self._source, keep) if self._source else None

    def draw(self, frame: Pixels, vertices: Float, gaze: Float) -> None:
        """Paints the eyeball between the moved lids, in place.

        ``vertices``: (>=468, 3) moved landmarks, frame pixels. ``gaze``: (2,) shift in eye widths, right and down.
        """
        eye = self._eye
        opening = vertices[list(eye.opening), :2]
        edge = _EDGE * self._width
        window = Window.around(opening, 3 * edge + 1, frame.shape)
        if self._source is None or self._texture is None or window is None:
            return
        corners = vertices[[eye.outer, eye.inner], :2].astype(np.float64)
        place = similarity(self._corners[0], self._corners[1], corners[0], corners[1])
        place[:, 2] += place[:, :2] @ (gaze @ self._axes)
        # Texture pixels -> region pixels -> frame pixels -> window pixels.
        place[:, 2] += place[:, :2] @ self._source.corner - window.corner
        picture = cv2.warpAffine(
            self._texture, place, window.size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        mask = polygon_mask(window, opening, edge) * self._openness(vertices)
        blend(window.of(frame), picture.astype(np.float32), mask)

    def _openness(self, vertices: Float) -> np.float32:
        """0 for lids that touch, 1 from a thin slit on: antialiasing must not draw an eye between shut lids."""
        upper, lower = vertices[list(self._eye.upper[0]), :2], vertices[list(self._eye.lower[0]), :2]
        gap = float(np.linalg.norm(upper - lower, axis=1).max()) / self._width
        return np.float32(np.clip((gap - _TOUCHING) / _TOUCHING, 0.0, 1.0))


def _continued(region: Pixels, opening: Float, window: Window, keep_around: int) -> Pixels:
    """The window of the photo with the eyeball continued beneath the lids, from ``keep_around`` pixels beyond the opening."""
    width, height = window.size
    mask = 255 - filled(opening - window.corner, window.size)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * keep_around + 1, 2 * keep_around + 1))
    mask = np.asarray(cv2.erode(mask, disc), np.uint8)
    picture = np.ascontiguousarray(window.of(region))
    # Filling in at a bounded size: what lies beneath the lids is smooth, and large photos would take seconds.
    shrink = min(1.0, 96 / max(width, height))
    small = (max(4, round(width * shrink)), max(4, round(height * shrink)))
    few = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    gap = (cv2.resize(mask, small, interpolation=cv2.INTER_LINEAR) > 0).astype(np.uint8)
    if gap.all():
        return picture
    beneath = cv2.resize(cv2.inpaint(few, gap, 4, cv2.INPAINT_TELEA), (width, height), interpolation=cv2.INTER_CUBIC)
    keep = mask[..., None] == 0
    return np.where(keep, picture, beneath).astype(np.uint8)
