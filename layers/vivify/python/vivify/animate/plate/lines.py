"""Straight things that pass behind a person, as rails, shelves and the edges of walls, go on straight behind him.

Where strong lines meet the hidden part they are shot into it, each in its own direction; what lies on their way looks like
what is seen where they come from. Where lines cross, the stronger and nearer one wins.
"""

from __future__ import annotations

import cv2
import numpy as np

from vivify.arrays import Float, Pixels
from vivify.easing import smoothstep

# In widths of the person's unsure edge.
_AROUND = 1.2  # a direction is that of all that is seen within about this distance
_DEEPEST, _LONGEST = 5.0, 10.0  # so far behind the person lines go on, and so long
_CLEAR = 0.3  # so far from the hidden part a person's blurred outline ends
_SWING = 1.0  # of what is seen before a line goes out of sight as much is repeated, to and fro

_STRAIGHT, _STRAIGHTER = 0.55, 0.2  # 0..1, how alike directions are: leaves show less; with so much more lines are sure
_STRONG = 1.8  # levels a pixel: what changes less across it is a tone and no line, twice as much surely is one
_STEEP = 0.35  # the sine of the angle at which a line meets the edge: flatter ones are the person's own outline
_AGREED, _WORTH = 0.9, 0.02  # of lines that come together: as much of one direction; what is left of them is worth as much
_SPREAD = 1.2  # pixels from a shot line to its neighbours
_STEPS = 12  # on the way out of the hidden part, each as long as is known to be safe
_THIN = 5  # pixels: what is drawn on less wide is a splinter, of a line that runs along the person
_NEVER = 1e6


def drawn_on(photo: Pixels, few: Float, hidden: Pixels, unsure: Pixels, edge: float) -> tuple[Float, Pixels]:
    """``photo`` (H, W, 3), as float32, with lines drawn on into what is ``hidden`` (h, w) uint8, and what is hidden still.

    ``few``: (h, w, 3) float32, the photo made smaller; ``unsure``: (h, w) uint8, where lines may be the person's, too;
    ``edge``: the width of the person's unsure edge, in pixels of (h, w).
    """
    deep = np.asarray(cv2.distanceTransform(hidden, cv2.DIST_L2, 5), np.float32)
    back = _shot(*_lines(few, unsure, edge), deep, edge)
    y, x = np.nonzero(back.any(axis=2) & (deep > 0))
    out = _way_out(np.stack([x, y], axis=1), back[y, x], deep)
    near = out < _LONGEST * edge
    found = np.zeros(hidden.shape, np.float32)
    found[y[near], x[near]] = 1
    ways = np.asarray(cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((_THIN, _THIN), np.uint8)), np.float32)
    wide = near & (ways[y, x] > 0)
    y, x, out = y[wide], x[wide], out[wide]
    swing = np.float32(_SWING * edge)
    beyond = _CLEAR * edge + swing - np.abs(np.mod(out, 2 * swing) - swing)
    step = np.zeros_like(back)
    step[y, x] = back[y, x] * (out + beyond)[:, None]
    height, width = photo.shape[:2]
    # From one place to the next the way out changes smoothly, or lines would be drawn on in stairs.
    smooth, known = (cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR) for picture in (step, ways))
    there = cv2.resize(ways, (width, height), interpolation=cv2.INTER_NEAREST)
    large = smooth * (there / np.maximum(known, np.float32(0.25)))[..., None]
    large *= np.array([width / step.shape[1], height / step.shape[0]], np.float32)
    how = cv2.INTER_LINEAR | cv2.WARP_RELATIVE_MAP
    drawn = cv2.remap(photo, large, np.empty(0, np.float32), how, borderMode=cv2.BORDER_REPLICATE)
    left = hidden.copy()
    left[y, x] = 0
    return drawn.astype(np.float32), left


def _lines(few: Float, unsure: Pixels, edge: float) -> tuple[Float, Float]:
    """Which way lines near each place run, (h, w, 2) unit vectors, and how surely there are any, (h, w) in 0..1."""
    seen = cv2.erode(1 - unsure, np.ones((3, 3), np.uint8)).astype(np.float32)
    grey = cv2.cvtColor(few, cv2.COLOR_RGB2GRAY)
    right, down = (cv2.Scharr(grey, cv2.CV_32F, *way) / np.float32(32) * seen for way in ((1, 0), (0, 1)))

    def around(values: Float) -> Float:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), _AROUND * edge), np.float32)

    weight = np.maximum(around(seen), 1e-3)
    across, along, slant = (around(product) / weight for product in (right * right, down * down, 2 * right * down))
    alike = np.hypot(across - along, slant)
    straight = smoothstep((alike / np.maximum(across + along, 1e-3) - _STRAIGHT) / _STRAIGHTER)
    strong = smoothstep(np.sqrt(alike) / _STRONG - 1)
    angle = np.arctan2(slant, across - along) / 2 + np.float32(np.pi / 2)
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1).astype(np.float32), (straight * strong).astype(np.float32)


def _shot(run: Float, sure: Float, deep: Float, edge: float) -> Float:
    """The way back out of what is hidden, ``deep`` pixels (h, w), along the line that comes there: (h, w, 2), 0 for none."""
    height, width = deep.shape
    y, x = np.nonzero((deep > 0) & (deep < 2))
    inwards = np.stack([cv2.Sobel(deep, cv2.CV_32F, *way)[y, x] for way in ((1, 0), (0, 1))], axis=1)
    steep = np.einsum("nk,nk->n", run[y, x], inwards) / np.maximum(np.linalg.norm(inwards, axis=1), 1e-6)
    heading = run[y, x] * np.sign(steep)[:, None]
    gone = np.arange(0, _LONGEST * edge, 0.5).astype(np.float32)
    way = np.round(np.stack([x, y], axis=1)[:, None] + heading[:, None] * gone[:, None]).astype(int)
    column, row = np.clip(way[..., 0], 0, width - 1), np.clip(way[..., 1], 0, height - 1)
    inside = (column == way[..., 0]) & (row == way[..., 1]) & (deep[row, column] > 0)
    fading = np.maximum(1 - np.maximum(gone / np.float32(_LONGEST), deep[row, column] / np.float32(_DEEPEST)) / edge, 0)
    worth = (sure[y, x] * (np.abs(steep) > _STEEP))[:, None] * fading * np.logical_and.accumulate(inside, axis=1)
    worth = worth**3

    def laid(values: Float) -> Float:
        total = np.bincount((row * width + column).ravel(), values.ravel(), height * width).reshape(height, width)
        return np.asarray(cv2.GaussianBlur(total.astype(np.float32), (0, 0), _SPREAD), np.float32)

    total = laid(worth)
    back = np.stack([laid(-worth * heading[:, side, None]) for side in (0, 1)], axis=-1)
    length = np.linalg.norm(back, axis=-1)
    agreed = (length > _AGREED * total) & (total > _WORTH)
    return np.asarray(back / np.maximum(length, 1e-9)[..., None] * agreed[..., None], np.float32)


def _way_out(start: Float, heading: Float, deep: Float) -> Float:
    """How many pixels it is from each ``start`` (N, 2) out of what is hidden, ``deep`` pixels (h, w), along its ``heading``.

    (N,) float32, ``_NEVER`` or more where the picture ends before.
    """
    last = np.array(deep.shape[::-1]) - 1
    gone = np.zeros(len(start), np.float32)
    step = np.full(len(start), np.inf, np.float32)
    for _ in range(_STEPS):
        place = np.round(start + heading * gone[:, None]).astype(int)
        held = np.clip(place, 0, last)
        step = np.where((held == place).all(axis=1), deep[held[:, 1], held[:, 0]], np.float32(_NEVER))
        gone += step
    return np.where(step > 0, np.float32(_NEVER), gone)
