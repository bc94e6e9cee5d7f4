"""The eyes: an eyeball behind the lids.

Lids are skin and move with the mesh; the eyeball stays where it is and is only covered. So the opening between the lids
shows the photo's own eyeball, moved rigidly with the head and by the gaze, never squeezed. Gaze moves iris and white
together, so no second iris can stay behind.

Landmarks never lie exactly on the rim of a lid: what they call skin still holds lashes and a sliver of white. As the lids
close, their edges therefore take their skin from a little behind the rim. What stretched skin cannot show (the crease, the
lashes that come down) is left to ``lids``.
"""

from __future__ import annotations

import cv2
import numpy as np

from vivify.animate.patch import Patch, Window, polygon_mask, similarity
from vivify.arrays import Float, Pixels
from vivify.depth.raster import filled
from vivify.faces.topology import RIGHT_EYE, Eye

_MARGIN = 0.45  # of the eye's width: how much beyond the opening the eyeball is continued
_TOUCHING = 0.03  # of the eye's width
_RIM_UPPER, _RIM_LOWER = 0.45, 0.35  # of the way to the next row of landmarks: how far lashes and white reach into the skin
_FILL_SIDE = 96  # pixels
_EDGE = 0.012  # of the eye's width: softness of the lids' edge


class PaintedEye:
    """One eye of one photo. ``region``: (H, W, 3) uint8; ``landmarks``: (478, 3) float32, both in region pixels."""

    def __init__(self, eye: Eye, region: Pixels, landmarks: Float) -> None:
        self._eye = eye
        self._shape = region.shape
        self._corners = landmarks[[eye.outer, eye.inner], :2].astype(np.float64)
        self._width = float(np.linalg.norm(self._corners[1] - self._corners[0]))
        # The eye's own axes: to the viewer's right and down when the head is upright.
        along = (self._corners[1] - self._corners[0]) * (1 if eye is RIGHT_EYE else -1)
        self._axes = np.array([along, [-along[1], along[0]]])
        opening = landmarks[list(eye.opening), :2]
        self._source = Window.around(opening, _MARGIN * self._width, region.shape)
        # The blend's soft edge must find the photo's own pixels too, or an eye at rest would not be the photo's.
        keep = round(4 * _EDGE * self._width) + 2
        if self._source is not None:
            self._ball = _eyeball_texture(region, opening, self._source, keep)

    def patches(self, vertices: Float, gaze: Float) -> list[Patch]:
        """The eyeball between the moved lids, if any of it is in the region.

        ``vertices``: (>=468, 3) moved landmarks, region pixels. ``gaze``: (2,) shift in eye widths, right and down.
        """
        eye, texture = self._eye, self._source
        opening = vertices[list(eye.opening), :2]
        edge = _EDGE * self._width
        window = Window.around(opening, 3 * edge + 1, self._shape)
        if texture is None or window is None:
            return []
        corners = vertices[[eye.outer, eye.inner], :2].astype(np.float64)
        place = similarity(self._corners[0], self._corners[1], corners[0], corners[1])
        place[:, 2] += place[:, :2] @ (gaze @ self._axes)
        # Texture pixels -> photo's region -> moved region -> window pixels.
        place[:, 2] += place[:, :2] @ texture.corner - window.corner
        picture = cv2.warpAffine(self._ball, place, window.size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        mask = polygon_mask(window, opening, edge) * self._openness(vertices)
        return [Patch(window, picture.astype(np.float32), mask)]

    def tuck_rims(self, source: Float, closure: float) -> None:
        """Moves where the lids' edges take their skin from, in ``source`` (>=468, 2), behind the rim of a closing eye."""
        part = float(np.clip(closure, 0.0, 1.0))
        for rows, behind in ((self._eye.upper, _RIM_UPPER), (self._eye.lower, _RIM_LOWER)):
            edge, next_row = list(rows[0]), list(rows[1])
            source[edge] += np.float32(part * behind) * (source[next_row] - source[edge])

    def _openness(self, vertices: Float) -> np.float32:
        """0 for lids that touch, 1 from a thin slit on: antialiasing must not draw an eye between shut lids."""
        upper, lower = vertices[list(self._eye.upper[0]), :2], vertices[list(self._eye.lower[0]), :2]
        gap = float(np.linalg.norm(upper - lower, axis=1).max()) / self._width
        return np.float32(np.clip((gap - _TOUCHING) / _TOUCHING, 0.0, 1.0))


def _eyeball_texture(region: Pixels, opening: Float, window: Window, keep_around: int) -> Pixels:
    """The window of the photo, the eyeball continued beneath the lids from ``keep_around`` pixels beyond the opening on."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * keep_around + 1, 2 * keep_around + 1))
    # Whatever the opening touches is kept: of a small eye no pixel may be covered whole.
    kept = cv2.dilate(filled(opening - window.corner, window.size), disc)
    return _filled_in(window.of(region), np.where(kept > 0, 0, 255).astype(np.uint8))


def _filled_in(picture: Pixels, gap: Pixels) -> Pixels:
    """``picture`` (h, w, 3) with ``gap`` (h, w), where not 0, filled in from around.

    At a bounded size: what is filled in is smooth, and large photos would take seconds.
    """
    height, width = gap.shape
    shrink = min(1.0, _FILL_SIDE / max(height, width))
    small = (max(4, round(width * shrink)), max(4, round(height * shrink)))
    few = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    hole = (cv2.resize(gap, small, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    if hole.all():
        return picture.copy()
    beneath = cv2.resize(cv2.inpaint(few, hole, 4, cv2.INPAINT_TELEA), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.where(gap[..., None] == 0, picture, beneath).astype(np.uint8)
