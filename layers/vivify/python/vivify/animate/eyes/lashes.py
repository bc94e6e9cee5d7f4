"""Single lashes at the edge of a shut lid, in pictures fine enough to show them: the network paints one soft bar.

The bar is thinned, and lashes hang from it, as dark as it is at their roots. They are tied to the eye, so nothing trembles.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.eyes import eye_patch
from vivify.animate.patch import Window
from vivify.arrays import Float, Pixels

_BAR = (5, 11)  # patch pixels: a bar of lashes is shorter and thinner than this somewhere
_FADES, _THINNED = (0.6, 2.8), 0.8  # patch pixels below the lid's edge between which the bar fades; by how much
_APART, _ASTRAY, _THICK = 1.5, 0.35, 0.36  # patch pixels: from lash to lash; of that, at random; how thick a lash's root is
_SHORTEST, _LONGEST = 2.5, 6.0  # patch pixels
_TAPER = (1.25, 0.75)  # times as long, at the outer and at the inner corner
_FAN = 0.5  # how far outwards lashes lean at the eye's ends
_ROOT = 0.8  # patch pixels below the lid's edge where the bar is at its darkest
_END = (9.0, 12.0)  # patch pixels below it where all has ended
_FROM, _WHOLE = 0.8, 0.97  # closure between which lashes come to be seen one by one
_COARSE, _FINE = 1.7, 1.1  # patch pixels to one of the picture: the bar stays whole, and is a fringe
_BLURRED, _SHARP = 0.40, 0.52  # of detail twice as coarse, how much an eye holds of what is as fine as lashes
_NEAR, _FAR = 1.0, 2.0  # patch pixels by which a picture is blurred to see what is lost of its edges
_LEAST = 1.15  # times: what edges lose by that at least; less cannot be told from noise
_OWN = 2.0  # patch pixels by which the network's lashes are blurred (half of 230 eyes shut)
_CRISP, _GRID = 0.4, 0.8  # how much sharper for each square pixel of blur less; patch pixels: what is finer is its weave


def seen_in(region: Pixels, place: Float, lashes: Pixels) -> float:
    """0..1: how well the photo shows what is as fine as lashes. ``region``: (H, W, 3) uint8; ``place``: the eye's patch in
    it; ``lashes``: (64, 96) uint8, 255 where that shows the open eye and its lashes.
    """
    zoom = eye_patch.zoomed(place)
    window = _window(place, (0, 0), (eye_patch.WIDTH, eye_patch.HEIGHT), region.shape)
    if zoom >= _COARSE or window is None:
        return 0.0
    there = eye_patch.inverse(place)
    there[:, 2] -= window.corner
    where = cv2.warpAffine(lashes, there, window.size)
    if not where.any():
        return 0.0
    grey = cv2.cvtColor(np.ascontiguousarray(window.of(region)), cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine, middle, coarse = (cv2.GaussianBlur(grey, (0, 0), size / zoom) for size in (0.5, 1.0, 2.0))
    held, more = (float(np.average(np.abs(difference), weights=where)) for difference in (fine - middle, middle - coarse))
    sharp = (held / max(more, 1e-6) - _BLURRED) / (_SHARP - _BLURRED)
    return float(np.clip(sharp, 0, 1) * np.clip((_COARSE - zoom) / (_COARSE - _FINE), 0, 1))


def blur(picture: Pixels, eye: Pixels) -> float:
    """Patch pixels by which the sharpest edges of an open eye are blurred. ``picture`` (64, 96, 3); ``eye`` (64, 96): 255
    where it shows the eye.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    near, far = (
        float(np.percentile(np.abs(cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), size), cv2.CV_32F))[eye > 0], 95))
        for size in (_NEAR, _FAR)
    )
    # The Laplacian of an edge that is blurred by b goes with 1 / (b ** 2 + size ** 2).
    ratio = np.clip(near / max(far, 1e-6), _LEAST, (_FAR / _NEAR) ** 2)
    return float(np.sqrt((_FAR**2 - ratio * _NEAR**2) / (ratio - 1)))


def softened(blur: float) -> float:
    """Patch pixels by which lids are to be blurred, or no line in a photo with this ``blur`` would be as sharp as theirs."""
    return float(np.sqrt(max(blur**2 - _OWN**2, 0)))


def sharpened(lids: Float, blur: float) -> Float:
    """``lids`` (64, 96, 3) float32, drawn as softly as the network does, with edges for a photo with this ``blur``."""
    more = _CRISP * max(_OWN**2 - blur**2, 0)
    fine, coarse = (cv2.GaussianBlur(lids, (0, 0), size) for size in (_GRID, _OWN))
    return np.asarray(lids + more * (fine - coarse), np.float32)


def without(lids: Float) -> Float:
    """``lids`` (64, 96, 3) float32, shut, without their lashes."""
    return np.asarray(cv2.morphologyEx(lids, cv2.MORPH_CLOSE, np.ones(_BAR[::-1], np.uint8)), np.float32)


def drawn(barred: Float, plain: Float, place: Float, moved: eye_patch.Moved) -> Float:
    """(h, w, 3) float32 levels to add: single lashes in place of the bar. ``barred`` (h, w, 3), 0..255: the network's lids
    in a picture whose patch is at ``place``; ``plain`` (h, w, 3): the same without lashes.
    """
    shown = min(max((moved.closure - _FROM) / (_WHOLE - _FROM), 0.0), 1.0)
    line = moved.edge(moved.rest.eye.upper[0])
    line = line[np.argsort(line[:, 0])]
    low, high = line.min(axis=0), line.max(axis=0) + np.array([0, _END[1]])
    window = _window(place, (low[0] - _LONGEST, low[1] - 1), (high[0] + _LONGEST, high[1]), barred.shape)
    change = np.zeros_like(barred)
    if not shown or window is None:
        return change
    bare = window.of(plain)
    ys, xs = np.mgrid[window.y0 : window.y1, window.x0 : window.x1].astype(np.float32)
    across, down = (place[row, 0] * xs + place[row, 1] * ys + place[row, 2] for row in (0, 1))
    below = np.asarray(down - np.interp(across, line[:, 0], line[:, 1]), np.float32)
    middle, half = (eye_patch.OUTER + eye_patch.INNER) / 2, (eye_patch.INNER - eye_patch.OUTER) / 2
    root = np.asarray(across - _FAN * (across - middle) / half * np.maximum(below, 0), np.float32)
    dark = np.clip(1 - window.of(barred).mean(axis=2) / np.maximum(bare.mean(axis=2), 1), 0, 1).astype(np.float32)
    columns = np.arange(0, eye_patch.WIDTH, 0.25, dtype=np.float32)
    roots = np.stack([columns, np.interp(columns, line[:, 0], line[:, 1]) + _ROOT], axis=1).astype(np.float32)
    at = eye_patch.placed(roots, eye_patch.inverse(place)) - window.corner
    darkest = np.interp(root, columns, cv2.remap(dark, at[None], np.empty(0, np.float32), cv2.INTER_LINEAR)[0])
    bar = dark * (1 - _THINNED * np.clip((below - _FADES[0]) / (_FADES[1] - _FADES[0]), 0, 1))
    lashed = np.maximum(bar, darkest * _strands(root, below, eye_patch.zoomed(place)))
    ends = np.clip(below + 0.5, 0, 1) * np.clip((_END[1] - below) / (_END[1] - _END[0]), 0, 1)
    window.of(change)[...] = (shown * ends * (dark - lashed))[..., None] * bare
    return change


def _window(place: Float, low: tuple[float, float], high: tuple[float, float], shape: tuple[int, ...]) -> Window | None:
    """Of a picture of ``shape`` whose patch is at ``place``: what the patch shows between two of its corners."""
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])], np.float32)
    return Window.around(eye_patch.placed(corners, eye_patch.inverse(place)), 1, shape)


def _strands(root: Float, below: Float, zoom: float) -> NDArray[np.float32]:
    """(h, w), 0..1: how much of each pixel a lash covers, ``root`` patch pixels along the lid and ``below`` its edge."""
    chance, count = np.random.default_rng(0), int(eye_patch.WIDTH / _APART) + 2
    along = (np.arange(count) + chance.uniform(-_ASTRAY, _ASTRAY, count)) * _APART
    length = chance.uniform(_SHORTEST, _LONGEST, count) * np.interp(along, (eye_patch.OUTER, eye_patch.INNER), _TAPER)
    nearest = np.round(root / _APART).astype(int)
    covered = np.zeros(root.shape, np.float32)
    for which in (np.clip(nearest + step, 0, count - 1) for step in (-1, 0, 1)):
        left = 1 - np.clip(below / length[which], 0, 1)
        thick = _THICK * left + 0.25 * zoom  # no thinner than pixels are
        covered = np.maximum(covered, np.exp(-0.5 * ((root - along[which]) / thick) ** 2) * left**0.7)
    return np.asarray(np.where(below > 0, covered, 0), np.float32)
