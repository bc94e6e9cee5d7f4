"""What the lips do to what lies between them: their shade on it, and their own skin that curls inwards."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float, Pixels
from vivify.depth.raster import filled
from vivify.easing import smoothstep
from vivify.faces.topology import INNER_LIPS, OUTER_LIPS

# In millimetres.
_SHADE, _FADES = 0.35, 1.6  # of the upper lip at its edge, and how far below it that fades
_DEEP, _OPEN = 12.0, 10.0  # light falls into a slit as into one so deep, and wholly into one so high
_ASIDE = 0.25  # power of how far the lips part at most, in how high a slit is: light falls aside, too
_CORNER, _CORNER_LEAST = 10.5, 0.5
_RIM_UPPER, _RIM_LOWER = 0.8, 1.9

_INTO_LIP = 0.3  # of the way from a lip's inner edge to its outer: where the rim takes its colour
_TABLE = 512
_RIM_SIDE = 32  # pixels: its colours are spread out at this size


@dataclass(frozen=True)
class Between:
    """The space between the lips, (h, w) float32 each. ``cast``: how much light the lips leave, ``shade``: that, from the
    side it comes from. ``depth``: millimetres from the lips' edge. ``corners``: near 0 at the corners of the mouth, 1 away
    from them. ``lower``: 1 near the lower lip. ``gap``: millimetres, where it is widest.
    """

    cast: Float
    shade: Float
    depth: Float
    corners: Float
    lower: Float
    gap: float


def between_lips(polygon: Float, size: tuple[int, int], down: NDArray[np.float64], unit: float, side: float) -> Between:
    """``polygon``: (20, 2), the inner lips in a picture of ``size`` (width, height) with ``unit`` pixels a millimetre;
    ``down``: (2,), the way the head points; ``side``: log of how much brighter the right is.
    """
    width, height = size
    mask = filled(polygon, size)
    inside: Float = mask.astype(np.float32) / np.float32(255)
    depth = np.asarray(cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3), np.float32) / np.float32(unit)
    x, y = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    cast = _left_by(polygon, x, y, down, unit)
    corners = np.ones_like(depth)
    for corner in (polygon[0], polygon[10]):
        away = np.hypot(x - corner[0], (y - corner[1]) * 0.8) / np.float32(unit)
        corners *= _CORNER_LEAST + (1 - _CORNER_LEAST) * smoothstep(away / _CORNER)
    ramp = np.exp(np.float32(side * 0.4) * (x / width - 0.5))
    gap = float(np.linalg.norm(polygon[1:10] - polygon[:10:-1], axis=1).max()) / unit
    return Between(
        cast=cast,
        shade=(cast * ramp).astype(np.float32),
        depth=depth,
        corners=corners,
        lower=1 - _moved(inside, -down * 6 * unit, 1.5 * unit),
        gap=gap,
    )


def _left_by(polygon: Float, x: Float, y: Float, down: NDArray[np.float64], unit: float) -> Float:
    """(h, w): how much light the lips leave at the pixels ``x`` (1, w), ``y`` (h, 1); the other arguments: ``between_lips``.

    What stands behind a slit sees as much of the room as the slit leaves; the upper lip shades what is next to it.
    """
    right, down = np.array([down[1], -down[0]], np.float32), down.astype(np.float32)
    along, below = right[0] * x + right[1] * y, down[0] * x + down[1] * y
    at = np.linspace(along.min(), along.max(), _TABLE)
    index = np.round((along - at[0]) * ((_TABLE - 1) / (at[-1] - at[0]))).astype(np.intp)
    upper, lower = (
        np.interp(at, np.maximum.accumulate(lip @ right), lip @ down).astype(np.float32)[index]
        for lip in (polygon[:11], polygon[[0, *range(19, 9, -1)]])
    )
    gap = np.maximum(lower - upper, 0) / unit
    high = gap ** (1 - _ASIDE) * gap.max() ** _ASIDE
    slit = np.minimum(high / np.hypot(high, _DEEP) * (np.hypot(_OPEN, _DEEP) / _OPEN), 1)
    light = slit * (1 - _SHADE * np.exp(-np.maximum(below - upper, 0) / (_FADES * unit)))
    return np.maximum(light, 1e-3).astype(np.float32)


class Rim:
    """The photo's own lip skin where it curls into the mouth.

    ``region``: (H, W, 3) uint8; ``landmarks``: (>=468, 3) in it.
    """

    def __init__(self, region: Pixels, landmarks: Float) -> None:
        inner, outer = landmarks[list(INNER_LIPS), :2], landmarks[list(OUTER_LIPS), :2]
        at = np.asarray(inner + _INTO_LIP * (outer - inner), np.float32)
        softness = max(0.4, float(np.linalg.norm(inner[0] - inner[10])) / 60)
        soft = cv2.GaussianBlur(region, (0, 0), softness)
        self._colours = np.asarray(cv2.remap(soft, at[:, None, 0], at[:, None, 1], cv2.INTER_LINEAR), np.float32)[:, 0]

    def at(self, polygon: Float, lips: Between) -> tuple[Float, Float]:
        """(h, w, 3) RGB and (h, w), how much of it there is; ``polygon``: (20, 2) that ``lips`` was made of."""
        height, width = lips.depth.shape
        reach = (_RIM_UPPER + (_RIM_LOWER - _RIM_UPPER) * lips.lower) * np.clip(lips.gap / 14, 0.25, 1)
        reach *= 0.4 + 0.6 * lips.corners
        weight = 0.9 * np.exp(-((lips.depth / reach) ** 2))
        curl = (0.92 - 0.42 * np.clip(lips.depth / reach, 0, 1.5)) * (0.5 + 0.5 * lips.corners) * (0.78 + 0.22 * lips.lower)
        shrink = _RIM_SIDE / max(width, height)
        small = np.zeros((max(2, round(height * shrink)), max(2, round(width * shrink)), 4), np.float32)
        for place, following, colour in zip(polygon, np.roll(polygon, -1, axis=0), self._colours, strict=True):
            ends = [tuple(np.round(p * shrink * 16).astype(int).tolist()) for p in (place, following)]
            cv2.line(small, ends[0], ends[1], (*colour.tolist(), 1.0), 1, cv2.LINE_8, 4)
        small = np.asarray(cv2.GaussianBlur(small, (0, 0), 1.6), np.float32) + 1e-6
        colours = cv2.resize(small[..., :3] / small[..., 3:], (width, height), interpolation=cv2.INTER_LINEAR)
        return (colours * curl[..., None]).astype(np.float32), weight.astype(np.float32)


def _moved(field: Float, shift: NDArray[np.float64], softness: float) -> Float:
    """``field`` moved by ``shift`` (2,) pixels and softened."""
    place = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float64)
    moved = cv2.warpAffine(field, place, (field.shape[1], field.shape[0]))
    return np.asarray(cv2.GaussianBlur(moved, (0, 0), max(float(softness), 0.3)), np.float32)
