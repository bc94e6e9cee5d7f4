"""The eyes: an eyeball behind the lids.

Lids are skin and move with the mesh; the eyeball stays where it is and is only covered. So the opening between the lids
shows the photo's own eyeball, moved rigidly with the head; where it looks is left to ``gaze``. Eyes opened wider than in the
photo show more of it than the photo holds: what it holds is drawn out.

Landmarks never lie exactly on the rim of a lid: what they call skin still holds lashes and a sliver of white. As the lids
close, their edges therefore take their skin from a little behind the rim. What stretched skin cannot show (the crease, the
lashes that come down) is left to ``lids``.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.eyes.gaze import Gaze
from vivify.animate.patch import Patch, Window, polygon_mask, similarity
from vivify.arrays import Float, Pixels
from vivify.depth.raster import filled
from vivify.faces.topology import Eye

_MARGIN = 0.45  # of the eye's width: how much beyond the opening the eyeball is continued
_TOUCHING = 0.03  # of the eye's width
_RIM_UPPER, _RIM_LOWER = 0.45, 0.35  # of the way to the next row of landmarks: how far lashes and white reach into the skin
_FILL_SIDE = 96  # pixels
_MOST_CELLS = 96  # on a side: what looks elsewhere moves smoothly, and is found on so few places at most
_EDGE = 0.012  # of the eye's width: softness of the lids' edge
# White in the middle of an eyeball is lighter than that in its corners, which lids shade, and less red (five filmed people's
# glances aside: 1.13 to 1.45 times as light, at 0.35 to 0.79 of the colour, medians 1.31 and 0.49).
_LIGHTER, _PALER = 0.3, 0.5
_GLARING = 200.0  # luma beyond which no white is made lighter: it would seem to shine
_BESIDE_IRIS = 1.15  # of its radius


class PaintedEye:
    """One eye of one photo. ``region``: (H, W, 3) uint8; ``landmarks``: (478, 3) float32, both in region pixels."""

    def __init__(self, eye: Eye, region: Pixels, landmarks: Float) -> None:
        self._eye = eye
        self._shape = region.shape
        self._corners = landmarks[[eye.outer, eye.inner], :2].astype(np.float64)
        self._width = float(np.linalg.norm(self._corners[1] - self._corners[0]))
        opening = landmarks[list(eye.opening), :2]
        self._gaze = Gaze(eye, landmarks)
        self._gap = self._apart(landmarks)
        self._lower = landmarks[list(eye.lower[0]), :2].mean(axis=0).astype(np.float64)
        self._source = Window.around(opening, _MARGIN * self._width, region.shape)
        # The blend's soft edge must find the photo's own pixels too, or an eye at rest would not be the photo's.
        keep = round(4 * _EDGE * self._width) + 2
        if self._source is not None:
            self._ball = _eyeball_texture(region, opening, self._source, keep)
            corner = self._source.corner
            white = _white(self._source.of(region), opening - corner, landmarks[list(eye.iris), :2] - corner)
            self._lightest = min((1 + _LIGHTER) * white, _GLARING)

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
        moved = similarity(self._corners[0], self._corners[1], corners[0], corners[1])
        # From the moved region to the photo's.
        back = np.asarray(cv2.invertAffineTransform(self._widened(moved, vertices)), np.float64)
        there = _through(window, back)
        bared = None
        if gaze.any():
            few = _through(window, back, min(window.size[0], _MOST_CELLS), min(window.size[1], _MOST_CELLS))
            points = np.asarray(vertices[:, :2] @ back[:, :2].T + back[:, 2], np.float64)
            gone, bared = (cv2.resize(part, window.size) for part in self._gaze.gone(few, points, gaze))
            there -= gone
        place = (there - texture.corner).astype(np.float32)
        picture = cv2.remap(self._ball, place, np.empty(0), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE).astype(
            np.float32
        )
        if bared is not None:
            picture = _lit(picture, bared.astype(np.float32), self._lightest)
        mask = polygon_mask(window, opening, edge) * self._openness(vertices)
        return [Patch(window, picture, mask)]

    def tuck_rims(self, source: Float, closure: float) -> None:
        """Moves where the lids' edges take their skin from, in ``source`` (>=468, 2), behind the rim of a closing eye."""
        part = float(np.clip(closure, 0.0, 1.0))
        for rows, behind in ((self._eye.upper, _RIM_UPPER), (self._eye.lower, _RIM_LOWER)):
            edge, next_row = list(rows[0]), list(rows[1])
            source[edge] += np.float32(part * behind) * (source[next_row] - source[edge])

    def _openness(self, vertices: Float) -> np.float32:
        """0 for lids that touch, 1 from a thin slit on: antialiasing must not draw an eye between shut lids."""
        return np.float32(np.clip((self._apart(vertices) / self._width - _TOUCHING) / _TOUCHING, 0.0, 1.0))

    def _widened(self, place: NDArray[np.float64], vertices: Float) -> NDArray[np.float64]:
        """``place`` (2, 3) of the eyeball, drawn out as far as the lids are farther apart than in the photo.

        The photo's lashes and their shade lie on the eyeball it holds; drawn out they rise with the lid.
        """
        corners = vertices[[self._eye.outer, self._eye.inner], :2]
        size = float(np.linalg.norm(corners[1] - corners[0])) / self._width
        along = (self._corners[1] - self._corners[0]) / self._width
        down = np.array([-along[1], along[0]])
        more = max(0.0, self._apart(vertices) / (size * self._gap) - 1)
        stretch = np.eye(2) + more * np.outer(down, down)
        linear = place[:, :2] @ stretch
        return np.column_stack([linear, place[:, 2] + (place[:, :2] - linear) @ self._lower])

    def _apart(self, vertices: Float) -> float:
        """How far apart the lids are at most, pixels."""
        upper, lower = vertices[list(self._eye.upper[0]), :2], vertices[list(self._eye.lower[0]), :2]
        return float(np.linalg.norm(upper - lower, axis=1).max())


def _white(region: Pixels, opening: Float, iris: Float) -> float:
    """The luma of the lighter half of an eye's white; 0 where there is none. ``iris``: (5, 2), its middle and its rim."""
    height, width = region.shape[:2]
    y, x = np.indices((height, width), np.float32)
    beside = np.hypot(x - iris[0, 0], y - iris[0, 1]) > _BESIDE_IRIS * np.linalg.norm(iris[1:] - iris[0], axis=1).max()
    luma = cv2.cvtColor(region, cv2.COLOR_RGB2GRAY)[(filled(opening, (width, height)) > 0) & beside]
    return float(luma[luma >= np.median(luma)].mean()) if luma.size else 0.0


def _lit(picture: Float, bared: Float, lightest: float) -> Float:
    """``picture`` (h, w, 3), its white lighter and paler where ``bared`` (h, w), 0..1, up to a luma of ``lightest``."""
    luma = np.maximum(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 1)
    lighter = bared * np.clip(lightest / luma - 1, 0, _LIGHTER)
    paler = _PALER / _LIGHTER * lighter
    lit = (1 + lighter)[..., None] * (luma[..., None] + (1 - paler)[..., None] * (picture - luma[..., None]))
    return np.asarray(lit, np.float32)


def _through(window: Window, back: NDArray[np.float64], columns: int = 0, rows: int = 0) -> NDArray[np.float64]:
    """(rows, columns, 2): the middles of as many even cells of ``window``, its pixels if not told, taken ``back`` (2, 3)."""
    width, height = window.size
    x = window.x0 - 0.5 + (np.arange(columns or width) + 0.5) * (width / (columns or width))
    y = window.y0 - 0.5 + (np.arange(rows or height) + 0.5) * (height / (rows or height))
    return np.asarray(np.stack(np.meshgrid(x, y), axis=-1) @ back[:, :2].T + back[:, 2], np.float64)


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
