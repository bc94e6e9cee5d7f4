"""One eye as the eyelid network sees it: a small upright picture of fixed size, the same for either eye.

The patch is tied to the corners of the eye, so it follows the track and nothing else. The left eye is mirrored: one network
serves both. Training reads its pairs through these very functions, so that it sees what the engine will show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.eyes.plain import WITHIN, disc, lashes_shade, lidded, stubs
from vivify.animate.eyes.spectacles import frame_across
from vivify.animate.patch import Window
from vivify.arrays import Float, Pixels
from vivify.depth.raster import filled
from vivify.faces.topology import RIGHT_EYE, Eye

WIDTH, HEIGHT = _SIZE = 96, 64
CHANNELS = 10
OUTER, INNER, _LEVEL = 20.0, 76.0, 40.0  # where the eye's corners lie: x of both, y
_LINE = 2  # pixels: how thick the lids' edges are drawn
_ABOVE, _BELOW = 1.0, 0.6  # of the way to the next row of landmarks: how far the lids' cover reaches
_BESIDE = 0.08  # of the eye's width: lashes stand out beyond the corners
_FEATHER, _CLOSE, _SHARP = 2.0, 1.5, 0.8  # pixels
_FADED = 10.0  # pixels beyond the cover's outline where all feathers have ended
_RIM, _LASHES = 4, 6  # pixels beyond the landmarks of the opening: rims, and with them lashes, which are no skin
_UPWARDS = 4  # pixels more above it: upper lashes stand up, and their shadow would pass for a second lid
_SQUEEZED = 7  # pixels below where lids now meet that may show a squeezed eyeball
_OUTWARDS = 9  # pixels more beyond its outer corner: there they are longest, and tufts would be left beside shut lids
_DRAGGED = 7  # pixels by which a mesh takes a spectacle frame down at most
_SKIN_FROM, _SKIN_AT = 0.15, 0.4  # closure between which plain skin takes the place of what the mesh still shows of the eye
_LASHES_FROM, _LASHES_GONE = 0.35, 0.6  # and between which the photo's own lashes, come along with their lids, leave it
_SHUT = 0.9  # closure from which nothing of the eyeball shows
_LASHED = 3  # pixels on either side of a lid's edge that its lashes reach
# Of its width an eye is open that surely is one: landmarks tell up to 0.19 of bags, 0.31 of blank statues' eyes.
_WIDE = 0.25
_PUPIL, _AMID, _EDGING = slice(32, 64), 2, (3, 7)  # columns; pixels within the opening; and from it to skin, and its end
_SHRUNK = 0.8  # below this zoom pixels are averaged before they are sampled


def placing(eye: Eye, points: Float) -> Float:
    """(2, 3) float32: takes the pixels in which ``points`` (>=468, 2 or 3) are given to pixels of the patch."""
    outer, inner = points[eye.outer, :2].astype(np.float64), points[eye.inner, :2].astype(np.float64)
    if eye is not RIGHT_EYE:
        outer, inner = outer * (-1, 1), inner * (-1, 1)
    z = (INNER - OUTER) / complex(*(inner - outer))
    linear = np.array([[z.real, -z.imag], [z.imag, z.real]])
    shift = np.array([OUTER, _LEVEL]) - linear @ outer
    if eye is not RIGHT_EYE:
        linear[:, 0] *= -1
    return np.concatenate([linear, shift[:, None]], axis=1).astype(np.float32)


def placed(points: Float, matrix: Float) -> Float:
    """``points`` (N, 2 or 3) through ``matrix`` (2, 3): (N, 2) float32."""
    return np.asarray(points[:, :2] @ matrix[:, :2].T + matrix[:, 2], np.float32)


def sampled(picture: Pixels, matrix: Float) -> Pixels:
    """The patch of ``picture`` (H, W, 3) uint8 at ``matrix``: (64, 96, 3) uint8; beyond the border its edge goes on."""
    if (zoom := zoomed(matrix)) < _SHRUNK:
        corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
        window = Window.around(placed(corners, inverse(matrix)), 2 / zoom, picture.shape)
        if window is not None:
            picture, matrix = _shrunk(picture, matrix, window, zoom)
    flags, border = cv2.INTER_CUBIC, cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(picture, matrix, _SIZE, flags=flags, borderMode=border), np.uint8)


def inverse(matrix: Float) -> Float:
    """(2, 3) float32: from the patch back."""
    return np.asarray(cv2.invertAffineTransform(matrix.astype(np.float64)), np.float32)


def zoomed(matrix: Float) -> float:
    """How many pixels of the patch one of the picture at ``matrix`` is."""
    return float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))


def chained(second: Float, first: Float) -> Float:
    """(2, 3) float32: ``first``, then ``second``."""
    linear = second[:, :2] @ first[:, :2]
    return np.column_stack([linear, second[:, :2] @ first[:, 2] + second[:, 2]]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Resting:
    """One eye as the photo shows it. ``picture``, ``skin``: (64, 96, 3) uint8, its patch, and the same with plain skin for
    the eye and its lashes. ``points``: (>=468, 2) float32, landmarks in the patch. The rest: (64, 96) uint8, 255 where the
    eye is open, where its rims are besides, where its lashes are besides, where its lids may be painted, and where a
    spectacle frame lies before them. ``shade``: (64, 96) float32 in 0..1, the part of the skin's light that lashes take.
    """

    eye: Eye
    picture: Pixels
    skin: Pixels
    points: Float
    opening: Pixels
    rims: Pixels
    lashes: Pixels
    cover: Pixels
    frame: Pixels
    shade: Float

    @classmethod
    def of(cls, eye: Eye, photo: Pixels, landmarks: Float) -> Resting:
        """``photo``: (H, W, 3) uint8; ``landmarks``: (>=468, 2 or 3) float32, its pixels."""
        place = placing(eye, landmarks)
        picture, points = sampled(photo, place), placed(landmarks, place)
        seen = opening(eye, points)
        cover, frame = filled(_outline(eye, points), _SIZE), frame_across(picture, seen)
        frame[:, : int(OUTER) - _OUTWARDS] = frame[:, int(INNER) + _OUTWARDS :] = 0
        # A mesh would take a frame down with the lid.
        dragged = np.minimum(_lowered(frame, _DRAGGED), cover)
        rims, lashes = (np.maximum(_grown(seen, beyond), dragged) for beyond in (_RIM, _LASHES))
        left = stubs(picture, np.maximum(rims, frame))
        rims, lashes = np.maximum(rims, left), np.maximum(lashes, left)
        skin = _blended(lidded(picture, lashes), picture, _soft(frame, _SHARP))
        return cls(eye, picture, skin, points, seen, rims, lashes, cover, frame, lashes_shade(picture, skin, seen))

    def seen(self) -> bool:
        """Whether there is an eye to be seen between the landmarks: all have a pupil, which is darker than any skin.

        Where a laugh squeezes an eye to a slit, landmarks take the bag below for what is open; wide open eyes without a
        pupil are a statue's.
        """
        if self.eye.apart(self.points) > _WIDE:
            return True
        grey = cv2.GaussianBlur(cv2.cvtColor(self.picture, cv2.COLOR_RGB2GRAY), (0, 0), _SHARP)
        within = cv2.erode(self.opening, np.ones((2 * _AMID + 1, 1), np.uint8))[:, _PUPIL] > 0
        near, far = (cv2.dilate(self.opening, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) for reach in _EDGING)
        skin = grey[(far > 0) & (near == 0)]
        return not within.any() or bool(np.percentile(grey[:, _PUPIL][within], 10) < np.median(skin))

    def before(self) -> Float:
        """(64, 96) float32 in 0..1: a spectacle frame, and what it would be dragged over where no lid is painted: both stay
        as the photo shows them.
        """
        return _soft(np.maximum(self.frame, _lowered(self.frame, _DRAGGED) & ~self.lashes), _SHARP)


@dataclass(frozen=True, eq=False)
class Moved:
    """The same eye with its lids at ``points`` (>=468, 2) float32, patch pixels; ``closure``: 0 as in the photo, 1 shut."""

    rest: Resting
    points: Float
    closure: float
    opening: Pixels

    @classmethod
    def of(cls, rest: Resting, points: Float, closure: float) -> Moved:
        return cls(rest, points, min(max(closure, 0.0), 1.0), opening(rest.eye, points))

    def inputs(self, now: Pixels) -> Pixels:
        """What the network is given: (10, 64, 96) uint8; it takes them divided by 255. ``now``: (64, 96, 3) uint8, the eye
        warped.
        """
        planes = np.empty((CHANNELS, HEIGHT, WIDTH), np.uint8)
        # Stretched skin smears lashes and rims over the lid: plain skin is easier to paint on.
        if (part := _ramp(self.closure, _SKIN_FROM, _SKIN_AT)) > 0:
            now = _blended(now, self._plain(), self._closed(self.rest.rims, _SHARP) * np.float32(part))
        now = _blended(now, self.rest.picture, self.rest.before())
        planes[0:3] = now.transpose(2, 0, 1)
        planes[3:6] = self.rest.picture.transpose(2, 0, 1)
        planes[6], planes[7], planes[8] = self.opening, self.rest.opening, self._edges()
        planes[9] = round(255 * self.closure)
        return planes

    def fresh(self) -> Float:
        """(64, 96) float32 in 0..1: where skin now is and the photo shows the eye, its lashes included."""
        return self._closed(self.rest.lashes, _FEATHER)

    def covered(self) -> Float:
        """(64, 96) float32 in 0..1: where skin now is and the photo shows the eyeball and its rims."""
        # Less soft: or the eyeball would shine through the feather.
        return self._closed(self.rest.rims, _CLOSE)

    def cover(self) -> Float:
        """(64, 96) float32 in 0..1: where the network's lids are laid over the frame; brows and crow's feet are outside."""
        mask = np.maximum(self.rest.cover, filled(_outline(self.rest.eye, self.points), _SIZE))
        return _soft(mask, _FEATHER)

    def line(self) -> Float:
        """(64, 96) float32 in 0..1: where the lids' edges and their lashes are."""
        return _soft(cv2.dilate(np.where(self._edges() > 0, np.uint8(255), np.uint8(0)), disc(_LASHED)), _FEATHER)

    def upper(self) -> Float:
        """(64, 96) float32 in 0..1: where the upper lid is, and all that is above it."""
        y, x = np.indices((HEIGHT, WIDTH), np.float32)
        return np.asarray(np.clip(_height(self.edge(self.rest.eye.upper[0]), x[0]) - y + 0.5, 0, 1), np.float32)

    def edge(self, row: tuple[int, ...]) -> Float:
        """(9, 2) float32, patch pixels: the edge of the lid whose landmarks are ``row``, from the outer corner to the inner.

        Corners stay where the photo has them, but the line between shut lids has no bend there: at its outer end it goes
        straight on, below the corner, as in filmed blinks.
        """
        line = self.points[[self.rest.eye.outer, *row, self.rest.eye.inner]]
        end, first, second = line[:3]
        ahead = first + (second - first) * (end - first)[0] / max(float((second - first)[0]), 1.0)
        line[0, 1] += self.closure * (ahead - end)[1]
        return line

    def bounds(self) -> Float:
        """(2, 2) float32: the corners of the part of the patch that is painted."""
        outlines = np.concatenate([_outline(self.rest.eye, points) for points in (self.points, self.rest.points)])
        corners = np.stack([outlines.min(axis=0), outlines.max(axis=0)]) + _FADED * np.array([[-1], [1]], np.float32)
        return np.asarray(np.clip(corners, 0, _SIZE), np.float32)

    def _plain(self) -> Pixels:
        """(64, 96, 3) uint8: plain skin, with the photo's own lashes and rims where their lids now are."""
        kept = 1 - _ramp(self.closure, _LASHES_FROM, _LASHES_GONE)
        if kept == 0:
            return self.rest.skin
        y, x = np.indices((HEIGHT, WIDTH), np.float32)
        eye, dark = self.rest.eye, np.zeros((HEIGHT, WIDTH), np.float32)
        for row, side in ((eye.upper[0], -1), (eye.lower[0], 1)):
            now, then = (_height(line, x[0]) for line in (self.edge(row), self.rest.points[[eye.outer, *row, eye.inner]]))
            came = cv2.remap(self.rest.shade, x, y + then - now, cv2.INTER_LINEAR)
            dark = np.maximum(dark, came * np.clip(side * (y - now) + WITHIN, 0, 1))
        return np.asarray(np.round(self.rest.skin * (1 - np.float32(kept) * dark)[..., None]), np.uint8)

    def _closed(self, around: Pixels, feather: float) -> Float:
        # Where lids meet lower than the photo's lower one they squeeze the eyeball: nothing of it may be left below them.
        around = np.maximum(around, cv2.dilate(self.opening, np.ones((2 * _SQUEEZED + 1, 1))))
        # Lids that are shut, or as good as, are drawn as a line, which is no opening.
        shut = self.closure >= _SHUT
        skin = around if shut else cv2.subtract(around, cv2.erode(self.opening, np.ones((3, 3), np.uint8)))
        return _soft(skin, feather)

    def _edges(self) -> Pixels:
        """The lids' edges as lines, the upper one bright, the lower one half as bright."""
        edges, eye = np.zeros((HEIGHT, WIDTH), np.uint8), self.rest.eye
        for row, tone in ((eye.lower[0], 128), (eye.upper[0], 255)):
            line = np.round(self.edge(row) * 16).astype(np.int32)
            cv2.polylines(edges, [line], False, (tone,), _LINE, cv2.LINE_AA, 4)
        return edges


def opening(eye: Eye, points: Float) -> Pixels:
    """(64, 96) uint8: 255 where the eye is open. ``points``: (>=468, 2) patch pixels."""
    return filled(points[list(eye.opening)], _SIZE)


def _ramp(closure: float, begin: float, end: float) -> float:
    return min(max((closure - begin) / (end - begin), 0.0), 1.0)


def _height(line: Float, across: Float) -> Float:
    """How high ``line`` (N, 2) is at ``across`` (w,)."""
    return np.asarray(np.interp(across, line[:, 0], line[:, 1]), np.float32)


def _blended(picture: Pixels, other: Pixels, part: Float) -> Pixels:
    """``picture`` with ``part`` (h, w) of ``other``."""
    mixed = cv2.blendLinear(picture, other, 1 - part, part)
    return np.asarray(mixed, np.uint8)


def _outline(eye: Eye, points: Float) -> Float:
    """(N, 2) float32: the polygon in which the lids of ``eye`` at ``points`` may be painted."""
    upper, lower = (
        points[list(rows[0])] + reach * (points[list(rows[1])] - points[list(rows[0])])
        for rows, reach in ((eye.upper, _ABOVE), (eye.lower, _BELOW))
    )
    corners = points[[eye.outer, eye.inner]]
    beyond = corners + _BESIDE * (corners - corners[::-1])
    return np.asarray(np.concatenate([beyond[:1], upper, beyond[1:], lower[::-1]]), np.float32)


def _grown(opening: Pixels, beyond: int) -> Pixels:
    """``opening`` made larger by ``beyond`` pixels, upwards and outwards by more."""
    reach = np.pad(disc(beyond), ((0, _UPWARDS), (0, _OUTWARDS)))
    further = cv2.dilate(reach, np.ones((_UPWARDS + 1, _OUTWARDS + 1), np.uint8), anchor=(_OUTWARDS, _UPWARDS))
    return np.asarray(cv2.dilate(opening, further, anchor=(beyond, beyond)), np.uint8)


def _lowered(mask: Pixels, reach: int) -> Pixels:
    """``mask`` made larger by ``reach`` pixels downwards."""
    return np.asarray(cv2.dilate(mask, np.ones((reach + 1, 1), np.uint8), anchor=(0, reach)), np.uint8)


def _soft(mask: NDArray[Any], feather: float) -> Float:
    """``mask`` in 0..1, its edges ``feather`` pixels soft."""
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), feather), np.float32) / np.float32(255)


def _shrunk(picture: Pixels, matrix: Float, window: Window, zoom: float) -> tuple[Pixels, Float]:
    """The window of ``picture`` made smaller by averaging, and the matrix that goes with it."""
    width, height = window.size
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    few = cv2.resize(np.ascontiguousarray(window.of(picture)), size, interpolation=cv2.INTER_AREA)
    # Few pixels -> the picture's: edges stay in place, not centres.
    scale = np.array([width / size[0], height / size[1]], np.float32)
    linear = matrix[:, :2] * scale
    shift = matrix[:, :2] @ (window.corner + (scale - 1) / 2) + matrix[:, 2]
    return np.asarray(few, np.uint8), np.concatenate([linear, shift[:, None]], axis=1).astype(np.float32)
