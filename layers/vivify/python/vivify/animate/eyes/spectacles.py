"""Spectacles: whether they are worn, and a frame that runs across an upper lid: it lies before the lid, and stays when that
comes down.

A dark line over an eye may be a crease, lashes, a shadow or a brow as well. A frame goes on where those end: it crosses the
whole picture of the eye, and is dark on all of its way.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from vivify.arrays import Float, Pixels
from vivify.depth.head import HeadFrame
from vivify.easing import smoothstep

_THIN = 5  # pixels from its middle a frame has ended; thick ones go on, and are left to themselves
_OUTSIDE = 6  # pixels at both ends of the picture that are not looked at
_BEND = 2.0  # levels that a step aside costs
_STEEP = 2  # pixels that the line may go up or down at each
_APART = 2  # pixels that it is away from the opening at least
_ENOUGH = 120.0  # levels: darker than the skin beside it by more is no better
_STRETCH, _FAINTEST = 9, 25.0  # pixels; levels by which a frame is darker than skin in nearly all stretches of that length
_BELOW, _SKIN = 7, 20.0  # pixels below a thin frame skin is brighter than it by so many levels, nearly everywhere
_ARCH = 7.0  # pixels that it rises over the straight way at most: creases go around the eye
_REACH = 3  # pixels on either side of its middle

_NASION = 168  # landmark
_BRIDGE, _ROW = 0.09, 0.012  # eye distances to either side of it; between rows
_ABOUT, _FAR_ABOUT = 23, 33  # rows above and below it: where a thin bridge is sought, and a thick one
_WIDE, _THICK = 9, 29  # rows: a thin bridge is narrower, a thick one is
# How much darker or brighter a thin bridge is, as a logarithm, and how much darker a thick one: of 60 filmed bare noses four
# have the one, and nobody barefaced of 200 has 0.55 of the other.
_NO_BRIDGE, _A_BRIDGE = 0.03, 0.07
_NO_BAR, _A_BAR = 0.55, 0.75


def worn(region: Pixels, landmarks: Float, head: HeadFrame) -> float:
    """0 to 1: how surely a bridge of spectacles lies across the nose: darker or brighter than the skin around it.

    ``region``: (H, W, 3) uint8 RGB; ``landmarks``: (>=468, 3) in it.
    """
    across, down = (head.rotation[:2, axis] * head.unit for axis in (0, 1))
    x, y = np.linspace(-_BRIDGE, _BRIDGE, 16)[None, :, None], _ROW * np.arange(-_FAR_ABOUT, _FAR_ABOUT)[:, None, None]
    at = (landmarks[_NASION, :2] + x * across + y * down).astype(np.float32)
    soft = cv2.GaussianBlur(cv2.cvtColor(region, cv2.COLOR_RGB2GRAY), (0, 0), max(0.5, _ROW * head.unit))
    seen = np.log(np.maximum(cv2.remap(soft, at, np.empty(0), cv2.INTER_LINEAR).astype(np.float32), 4))
    near = seen[_FAR_ABOUT - _ABOUT : _FAR_ABOUT + _ABOUT]
    line = max(_crossing(near, kind, _WIDE) for kind in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT))
    bar = _crossing(seen, cv2.MORPH_BLACKHAT, _THICK)
    thin, thick = (line - _NO_BRIDGE) / (_A_BRIDGE - _NO_BRIDGE), (bar - _NO_BAR) / (_A_BAR - _NO_BAR)
    return float(smoothstep(max(thin, thick)))


def _crossing(seen: Float, kind: int, rows: int) -> float:
    """How much a band of ``seen`` (h, w) that is narrower than ``rows`` stands out, all along its way but for a glint; it
    may lie a little aslant.
    """
    band = cv2.dilate(cv2.morphologyEx(seen, kind, np.ones((rows, 1), np.uint8)), np.ones((3, 1), np.uint8))
    return float(np.percentile(band, 15, axis=1)[_WIDE:-_WIDE].max())


def frame_across(picture: Pixels, opening: Pixels) -> Pixels:
    """(h, w) uint8, 255 where a frame runs across the eye in ``picture`` (h, w, 3) above its ``opening`` (h, w), else 0."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((2 * _THIN - 1, 1), np.uint8)).astype(np.float32)
    dark = np.asarray(cv2.GaussianBlur(dark, (0, 0), 0.7), np.float32)
    lid = cv2.dilate(opening, np.ones((2 * _APART + 1, 2 * _APART + 1), np.uint8)) > 0
    gain = np.where(np.maximum.accumulate(lid, axis=0), -_ENOUGH, np.minimum(dark, _ENOUGH))
    columns = np.arange(_OUTSIDE, picture.shape[1] - _OUTSIDE)
    rows = _best_way(np.asarray(gain[:, columns], np.float32))
    strength = np.convolve(dark[rows, columns], np.full(_STRETCH, 1 / _STRETCH), "valid")
    # Beside the eye it is told whether skin lies below a thin frame, or more of a thick one.
    darkest, beside = cv2.erode(grey, np.ones((_THIN, 1), np.uint8)), opening.max(axis=0)[columns] == 0
    below = grey[np.minimum(rows + _BELOW, len(grey) - 1), columns].astype(np.float32) - darkest[rows, columns]
    arch = np.abs(rows - np.linspace(rows[0], rows[-1], len(rows))).max()
    found = np.zeros(opening.shape, np.uint8)
    if arch <= _ARCH and np.percentile(strength, 5) >= _FAINTEST and np.percentile(below[beside], 20) >= _SKIN:
        line = np.stack([columns, rows], axis=1).astype(np.int32)
        cv2.polylines(found, [line], False, (255,), 2 * _REACH + 1)
    return found


def _best_way(gain: Float) -> NDArray[np.intp]:
    """(w,): the row of each column of ``gain`` (h, w) on the way from left to right that gains most."""
    height, width = gain.shape
    bend = -_BEND * np.abs(np.arange(-_STEEP, _STEEP + 1, dtype=np.float32))
    before = np.full(height + 2 * _STEEP, -np.inf, np.float32)
    total, reached = before[_STEEP:-_STEEP], sliding_window_view(before, 2 * _STEEP + 1)
    total[:] = gain[:, 0]
    came, rows = np.zeros((width, height), np.intp), np.arange(height)
    for column in range(1, width):
        ways = reached + bend
        step = ways.argmax(axis=1)
        came[column] = rows + step - _STEEP
        total[:] = gain[:, column] + ways[rows, step]
    way = [int(total.argmax())]
    for column in range(width - 1, 0, -1):
        way.append(int(came[column, way[-1]]))
    return np.array(way[::-1], np.intp)
