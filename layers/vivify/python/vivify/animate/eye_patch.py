"""One eye as the eyelid network sees it: a small upright picture of fixed size, the same for either eye.

The patch is tied to the corners of the eye, so it follows the track and nothing else. The left eye is mirrored: one network
serves both. Training reads its pairs through these very functions, so that it sees what the engine will show it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.patch import Window
from vivify.depth.raster import filled
from vivify.faces.topology import RIGHT_EYE, Eye

Float = NDArray[np.float32]
Pixels = NDArray[np.uint8]

WIDTH, HEIGHT = 112, 80
CHANNELS = 10
_OUTER, _INNER, _LEVEL = 28.0, 84.0, 48.0  # where the eye's corners lie: x of both, y
_LINE = 2  # pixels: how thick the lids' edges are drawn
_ABOVE, _BELOW = 1.0, 0.6  # of the way to the next row of landmarks: how far the lids' cover reaches
_BESIDE = 0.08  # of the eye's width: lashes stand out beyond the corners
_FEATHER, _SHARP = 2.0, 0.8  # pixels
_RIM, _LASHES = 4, 6  # pixels beyond the landmarks of the opening: rims, and with them lashes, which are no skin
_AROUND, _STRANGE, _ALIKE = 10, 2.0, 16.0  # pixels around the lashes; in deviations, and levels: what there is no skin
_NEARBY, _FEW = 9.0, 0.01  # pixels; share of skin nearby that is too little to go by
_SKIN_FROM, _SKIN_AT = 0.25, 0.6  # closure between which plain skin takes the place of what the mesh still shows of the eye
_SHRUNK = 0.8  # below this zoom pixels are averaged before they are sampled


def placing(eye: Eye, points: Float) -> Float:
    """(2, 3) float32: takes the pixels in which ``points`` (>=468, 2 or 3) are given to pixels of the patch."""
    outer, inner = points[eye.outer, :2].astype(np.float64), points[eye.inner, :2].astype(np.float64)
    if eye is not RIGHT_EYE:
        outer, inner = outer * (-1, 1), inner * (-1, 1)
    z = (_INNER - _OUTER) / complex(*(inner - outer))
    linear = np.array([[z.real, -z.imag], [z.imag, z.real]])
    shift = np.array([_OUTER, _LEVEL]) - linear @ outer
    if eye is not RIGHT_EYE:
        linear[:, 0] *= -1
    return np.concatenate([linear, shift[:, None]], axis=1).astype(np.float32)


def placed(points: Float, matrix: Float) -> Float:
    """``points`` (N, 2 or 3) through ``matrix`` (2, 3): (N, 2) float32."""
    return np.asarray(points[:, :2] @ matrix[:, :2].T + matrix[:, 2], np.float32)


def sampled(picture: Pixels, matrix: Float) -> Pixels:
    """The patch of ``picture`` (H, W, 3) uint8 at ``matrix``: (80, 112, 3) uint8; beyond the border its edge goes on."""
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if zoom < _SHRUNK:
        corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
        window = Window.around(placed(corners, inverse(matrix)), 2 / zoom, picture.shape)
        if window is not None:
            picture, matrix = _shrunk(picture, matrix, window, zoom)
    flags, border = cv2.INTER_CUBIC, cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=flags, borderMode=border), np.uint8)


def inverse(matrix: Float) -> Float:
    """(2, 3) float32: from the patch back."""
    return np.asarray(cv2.invertAffineTransform(matrix.astype(np.float64)), np.float32)


@dataclass(frozen=True, eq=False)
class Masks:
    """(80, 112) uint8 each. ``opening``: 255 where the eye is open; ``resting``: where it is in the photo; ``edges``: the
    lids' edges as lines, the upper one bright, the lower one half as bright.
    """

    opening: Pixels
    resting: Pixels
    edges: Pixels

    @classmethod
    def of(cls, eye: Eye, moved: Float, resting: Float) -> Masks:
        """``moved``, ``resting``: (>=468, 2) float32, landmarks now and in the photo, patch pixels."""
        edges = np.zeros((HEIGHT, WIDTH), np.uint8)
        for row, tone in ((eye.lower[0], 128), (eye.upper[0], 255)):
            line = np.round(moved[[eye.outer, *row, eye.inner]] * 16).astype(np.int32)
            cv2.polylines(edges, [line], False, (tone,), _LINE, cv2.LINE_AA, 4)
        return cls(opening(eye, moved), opening(eye, resting), edges)

    def fresh(self) -> Float:
        """(80, 112) float32 in 0..1: where skin now is and the photo shows the eye, its lashes included."""
        return self._closed(_LASHES, _FEATHER)

    def plain(self) -> Float:
        """The same, closer to the eye and with a sharper edge."""
        return self._closed(_RIM, _SHARP)

    def _closed(self, beyond: int, feather: float) -> Float:
        # Shut lids are drawn as a line: too thin to be an opening.
        still_open = cv2.erode(self.opening, np.ones((3, 3), np.uint8))
        skin = cv2.subtract(cv2.dilate(self.resting, _disc(beyond)), still_open)
        return np.asarray(cv2.GaussianBlur(skin, (0, 0), feather), np.float32) / np.float32(255)


def opening(eye: Eye, points: Float) -> Pixels:
    """(80, 112) uint8: 255 where the eye is open. ``points``: (>=468, 2) patch pixels."""
    return filled(points[list(eye.opening)], (WIDTH, HEIGHT))


def lidded(rest: Pixels, opening_at_rest: Pixels) -> Pixels:
    """The patch ``rest`` (80, 112, 3) uint8 of the photo with plain skin for its eye and lashes."""
    eye = cv2.dilate(opening_at_rest, _disc(_LASHES))
    around = cv2.dilate(eye, _disc(_AROUND)) > eye
    usual = np.median(rest[around], axis=0)
    # Spectacle frames, hair and brows are no skin: skin is what most of the eye's surroundings look like.
    away = np.abs(rest - usual).max(axis=2)
    strange = away > _STRANGE * np.median(away[around]) + _ALIKE
    skin = cv2.erode((~strange & (eye == 0)).astype(np.float32), np.ones((3, 3), np.uint8))[..., None]
    # The mean of the skin nearby, and what is usual where there is none.
    seen = cv2.GaussianBlur(np.dstack([rest * skin, skin]).astype(np.float32), (0, 0), _NEARBY)
    filled = (seen[..., :3] + _FEW * usual) / (seen[..., 3:] + _FEW)
    mask = cv2.GaussianBlur(eye, (0, 0), _SHARP)[..., None] / 255
    return np.asarray(np.round(rest + (filled - rest) * mask), np.uint8)


def inputs(now: Pixels, rest: Pixels, skin: Pixels, masks: Masks, closure: float) -> Pixels:
    """What the network is given: (10, 80, 112) uint8; it takes them divided by 255.

    ``now``, ``rest``: (80, 112, 3) uint8, the eye warped and as in the photo; ``skin``: what ``lidded`` makes of ``rest``.
    ``closure``: 0 as in the photo, 1 shut.
    """
    planes = np.empty((CHANNELS, HEIGHT, WIDTH), np.uint8)
    # Stretched skin smears lashes and rims over the lid: plain skin is easier to paint on.
    part = np.float32(np.clip((closure - _SKIN_FROM) / (_SKIN_AT - _SKIN_FROM), 0, 1))
    mask = (masks.plain() * part)[..., None]
    planes[0:3] = (now + (skin.astype(np.float32) - now) * mask + 0.5).astype(np.uint8).transpose(2, 0, 1)
    planes[3:6] = rest.transpose(2, 0, 1)
    planes[6], planes[7], planes[8] = masks.opening, masks.resting, masks.edges
    planes[9] = round(255 * min(max(closure, 0.0), 1.0))
    return planes


def cover(eye: Eye, moved: Float, resting: Float) -> Float:
    """(80, 112) float32 in 0..1: where the network's lids are laid over the frame; brows and crow's feet are outside."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for points in (moved, resting):
        upper, lower = (
            points[list(rows[0])] + reach * (points[list(rows[1])] - points[list(rows[0])])
            for rows, reach in ((eye.upper, _ABOVE), (eye.lower, _BELOW))
        )
        corners = points[[eye.outer, eye.inner]]
        beyond = corners + _BESIDE * (corners - corners[::-1])
        outline = np.concatenate([beyond[:1], upper, beyond[1:], lower[::-1]])
        mask = np.maximum(mask, filled(outline, (WIDTH, HEIGHT)))
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), _FEATHER), np.float32) / np.float32(255)


def _disc(radius: int) -> Pixels:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


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
