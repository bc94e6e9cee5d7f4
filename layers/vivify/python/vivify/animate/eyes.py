"""The eyes: an eyeball behind the lids, and the line of lashes where they meet.

Lids are skin and move with the mesh; the eyeball stays where it is and is only covered. So the opening between the lids
shows the photo's own eyeball, moved rigidly with the head and by the gaze, never squeezed. Gaze moves iris and white
together, so no second iris can stay behind.

Landmarks never lie exactly on the rim of a lid: what they call skin still holds lashes and a sliver of white. As the lids
close, their edges therefore take their skin from a little behind the rim, and a line of lashes is drawn where they meet, in
the photo's own dark tone.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.patch import Patch, Window, polygon_mask, similarity
from vivify.animate.sketch import Deformation
from vivify.depth.raster import filled
from vivify.faces.topology import RIGHT_EYE, Eye

Float = NDArray[np.float32]
Pixels = NDArray[np.uint8]

_MARGIN = 0.45  # of the eye's width: how much beyond the opening the eyeball is continued
_TOUCHING = 0.03  # of the eye's width
_RIM_UPPER, _RIM_LOWER = 0.45, 0.35  # of the way to the next row of landmarks: how far lashes and white reach into the skin
_FILL_SIDE = 96  # pixels
_SKIN_FROM, _SKIN_AT = 0.5, 0.85  # closure between which what is left of the eye in the mesh turns to skin
_LASHES_FROM = 0.55  # closure from which the lids' lashes come together
_LASH_HALF = 0.022  # of the eye's width: half the thickness of the line
_LASH_SOFT = 0.012
_LASH_MOST = 0.85
_RIM = 0.015  # of the eye's width: what still is eye beyond the landmarks of the opening
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
            self._lid = _lid_texture(region, opening, self._source, round(_RIM * self._width))
        self._lash_tone, self._lash_contrast = _lash_tone(region, landmarks, eye)

    def patches(self, deformation: Deformation, vertices: Float, gaze: Float, closure: float) -> list[Patch]:
        """The skin of a closing eye, the eyeball between the moved lids, and the lashes, in the order they are laid over.

        ``deformation``: of the skin around. ``vertices``: (>=468, 3) moved landmarks, region pixels.
        ``gaze``: (2,) shift in eye widths, right and down. ``closure``: 1 is shut.
        """
        if self._source is None:
            return []
        drawn = (
            self._lids(self._source, deformation, vertices, closure),
            self._eyeball(self._source, vertices, gaze),
            self._lashes(vertices, closure),
        )
        return [patch for patch in drawn if patch is not None]

    def _lids(self, texture: Window, deformation: Deformation, vertices: Float, closure: float) -> Patch | None:
        """Where lids meet, the coarse map slides across the opening: there it must find skin, never a line of eyeball."""
        skin = vertices[[*self._eye.upper[1], *self._eye.lower[1]], :2]
        window = Window.around(skin, 0, self._shape)
        if closure <= _SKIN_FROM or window is None:
            return None
        place = deformation.sources(window) - texture.corner
        nothing = np.empty(0, np.float32)
        picture = cv2.remap(self._lid, place, nothing, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        width, height = texture.size
        known = ((place >= 0) & (place <= np.array([width - 1, height - 1], np.float32))).all(axis=2)
        strength = np.float32(min(1.0, (closure - _SKIN_FROM) / (_SKIN_AT - _SKIN_FROM)))
        return Patch(window, picture.astype(np.float32), np.asarray(known * strength, np.float32))

    def _eyeball(self, texture: Window, vertices: Float, gaze: Float) -> Patch | None:
        eye = self._eye
        opening = vertices[list(eye.opening), :2]
        edge = _EDGE * self._width
        window = Window.around(opening, 3 * edge + 1, self._shape)
        if window is None:
            return None
        corners = vertices[[eye.outer, eye.inner], :2].astype(np.float64)
        place = similarity(self._corners[0], self._corners[1], corners[0], corners[1])
        place[:, 2] += place[:, :2] @ (gaze @ self._axes)
        # Texture pixels -> photo's region -> moved region -> window pixels.
        place[:, 2] += place[:, :2] @ texture.corner - window.corner
        picture = cv2.warpAffine(self._ball, place, window.size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        mask = polygon_mask(window, opening, edge) * self._openness(vertices)
        return Patch(window, picture.astype(np.float32), mask)

    def tuck_rims(self, source: Float, closure: float) -> None:
        """Moves where the lids' edges take their skin from, in ``source`` (>=468, 2), behind the rim of a closing eye."""
        part = float(np.clip(closure, 0.0, 1.0))
        for rows, behind in ((self._eye.upper, _RIM_UPPER), (self._eye.lower, _RIM_LOWER)):
            edge, next_row = list(rows[0]), list(rows[1])
            source[edge] += np.float32(part * behind) * (source[next_row] - source[edge])

    def _lashes(self, vertices: Float, closure: float) -> Patch | None:
        strength = float(np.clip((closure - _LASHES_FROM) / (1 - _LASHES_FROM), 0.0, 1.0)) * self._lash_contrast
        if strength == 0:
            return None
        eye = self._eye
        rows = [(vertices[list(row), :2]) for row in (eye.upper[0], eye.lower[0])]
        meeting = np.concatenate([vertices[[eye.outer], :2], (rows[0] + rows[1]) / 2, vertices[[eye.inner], :2]])
        line = _smooth_line(meeting)
        along = np.linspace(0, 1, len(line), dtype=np.float32)[:, None]
        # Thicker towards the outer corner, as lashes are, and pointed at both ends.
        half = _LASH_HALF * self._width * np.sqrt(np.sin(np.pi * np.clip(along * 0.94 + 0.03, 0, 1))) * (1.25 - 0.5 * along)
        direction = np.gradient(line, axis=0)
        across = np.stack([-direction[:, 1], direction[:, 0]], axis=1)
        across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
        outline = np.concatenate([line + across * half, (line - across * half)[::-1]]).astype(np.float32)
        soft = _LASH_SOFT * self._width
        window = Window.around(outline, 3 * soft + 1, self._shape)
        if window is None:
            return None
        mask = polygon_mask(window, outline, soft) * np.float32(strength)
        return Patch(window, np.broadcast_to(self._lash_tone, (*mask.shape, 3)), mask)

    def _openness(self, vertices: Float) -> np.float32:
        """0 for lids that touch, 1 from a thin slit on: antialiasing must not draw an eye between shut lids."""
        upper, lower = vertices[list(self._eye.upper[0]), :2], vertices[list(self._eye.lower[0]), :2]
        gap = float(np.linalg.norm(upper - lower, axis=1).max()) / self._width
        return np.float32(np.clip((gap - _TOUCHING) / _TOUCHING, 0.0, 1.0))


def _lash_tone(region: Pixels, landmarks: Float, eye: Eye) -> tuple[Float, float]:
    """The tone of the photo's upper lashes (3,) and how much they stand out from the lid, 0..1."""
    edge, lid = landmarks[list(eye.upper[0]), :2], landmarks[list(eye.upper[1]), :2]
    steps = np.linspace(-0.25, 0.5, 9, dtype=np.float32)[:, None, None]
    rim = _sample(region, (edge + steps * (lid - edge)).reshape(-1, 2))
    skin = np.median(_sample(region, lid), axis=0)
    light = rim.mean(axis=1)
    tone = rim[light <= np.percentile(light, 15)].mean(axis=0)
    contrast = (skin.mean() - tone.mean()) / max(float(skin.mean()), 1.0)
    return tone.astype(np.float32), float(np.clip(contrast * 1.6, 0.0, _LASH_MOST))


def _sample(region: Pixels, points: Float) -> Float:
    """(N, 3) float32: the nearest pixels to ``points`` (N, 2)."""
    column = np.clip(np.round(points[:, 0]).astype(int), 0, region.shape[1] - 1)
    row = np.clip(np.round(points[:, 1]).astype(int), 0, region.shape[0] - 1)
    return region[row, column].astype(np.float32)


def _smooth_line(points: Float, count: int = 40) -> Float:
    """A smooth curve through ``points`` (N, 2): (``count``, 2), by a low-order fit along its length."""
    t = np.linspace(-1, 1, len(points))
    fit = np.polynomial.polynomial.polyfit(t, points.astype(np.float64), 4)
    return np.polynomial.polynomial.polyval(np.linspace(-1, 1, count), fit).T.astype(np.float32)


def _eyeball_texture(region: Pixels, opening: Float, window: Window, keep_around: int) -> Pixels:
    """The window of the photo, the eyeball continued beneath the lids from ``keep_around`` pixels beyond the opening on."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * keep_around + 1, 2 * keep_around + 1))
    # Whatever the opening touches is kept: of a small eye no pixel may be covered whole.
    kept = cv2.dilate(filled(opening - window.corner, window.size), disc)
    return _filled_in(window.of(region), np.where(kept > 0, 0, 255).astype(np.uint8))


def _lid_texture(region: Pixels, opening: Float, window: Window, around: int) -> Pixels:
    """The window of the photo with skin where the eye is open and ``around`` pixels beyond."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * around + 1, 2 * around + 1))
    open_part = cv2.dilate(filled(opening - window.corner, window.size), disc)
    return _filled_in(window.of(region), np.asarray(open_part, np.uint8))


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
