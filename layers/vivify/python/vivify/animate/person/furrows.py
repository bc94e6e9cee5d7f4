"""Furrows of a photo that a smile smooths: a crumpled chin, lines that hang from the corners of the mouth, knitted brows.

A smile draws the chin flat and lets go of what frowns; over the photo's own furrows it is a mouth alone in a sad face. What
is darker or brighter there than the skin around fades, as far as furrows go: beards, moles and skin between them stay.
"""

from __future__ import annotations

import cv2
import numpy as np

from vivify.animate.sketch import Grid
from vivify.arrays import Float, Pixels
from vivify.depth.raster import filled
from vivify.faces.topology import EYES, LEFT_BROW, MESH, NOSTRILS, OUTER_LIPS, OVAL, RIGHT_BROW

_FINE, _BROAD = 0.02, 0.1  # eye distances: furrows are broader than the first and narrower than the second
_DEEPEST = 0.5  # of the logarithm of how bright skin is: what differs by more is something else
_DARKEST = 8.0  # levels: what is darker tells nothing
_BUSY = 0.03  # eye distances around lips, brows, eyes and nostrils, which are no skin
# Landmarks around which furrows fade, how far around, in eye distances, and how much of them a whole smile takes. Of what is
# narrower than .09 a smile takes .30 on the chins of 52 filmed people, .16 beside their mouths and .07 between their brows
# (medians), of what is broader less. None of them sulks: of who does it takes more, by eye.
_CHIN = (152, 199, 175, 200, 18, 83, 313, 208, 428, 140, 369, 171, 396), 0.12, 0.8
_BESIDE = (202, 422, 204, 424, 210, 430, 211, 431, 57, 287, 43, 273, 106, 335), 0.07, 0.8
_BETWEEN_BROWS = (9, 8, 107, 336, 55, 285, 168), 0.09, 0.5
_FOREHEAD = (151, 108, 337), 0.14, 0.6  # of one who worries so much, as others' stays: eye distances that brows are drawn up
_WORRIED = 0.008


def furrows(region: Pixels, landmarks: Float, grid: Grid, unit: float, worry: float) -> Float:
    """(rows, columns) float32 on ``grid``: the logarithm of how bright skin gets where a whole smile smooths furrows.

    ``region``: (H, W, 3) uint8 RGB; ``landmarks``: (>=468, 3) float32, its pixels; ``unit``: pixels of an eye distance;
    ``worry``: eye distances that the inner ends of the brows are drawn up.
    """
    cells = np.ascontiguousarray((landmarks[:MESH, :2] + 0.5) / grid.step + 0.5, np.float32)
    each = unit / grid.step
    bright, skin = _bright(region, grid), _skin(cells, grid, each)
    fine, broad = (
        _blurred(bright * skin, over * each) / np.maximum(_blurred(skin, over * each), 1e-3) for over in (_FINE, _BROAD)
    )
    relief = np.float32(_DEEPEST) * np.tanh((fine - broad) / np.float32(_DEEPEST))
    return np.asarray(-relief * skin * _fading(cells, grid, each, min(1.0, worry / _WORRIED)), np.float32)


def _bright(region: Pixels, grid: Grid) -> Float:
    """(rows, columns): the logarithm of how bright each cell of ``grid`` is."""
    (columns, rows), step = grid.cells, grid.step
    within = columns - 2, rows - 2
    height, width = region.shape[:2]
    grey = cv2.cvtColor(region, cv2.COLOR_RGB2GRAY)
    whole = cv2.copyMakeBorder(grey, 0, within[1] * step - height, 0, within[0] * step - width, cv2.BORDER_REPLICATE)
    coarse = cv2.resize(whole, within, interpolation=cv2.INTER_AREA)
    around = cv2.copyMakeBorder(coarse, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    return np.asarray(np.log(np.maximum(around.astype(np.float32), np.float32(_DARKEST))), np.float32)


def _skin(cells: Float, grid: Grid, unit: float) -> Float:
    """(rows, columns) in 0..1: where the face is skin. ``cells``: (468, 2), landmarks on the grid; ``unit``: in cells."""
    busy = np.zeros(grid.cells[::-1], np.uint8)
    for points in (OUTER_LIPS, RIGHT_BROW, LEFT_BROW, NOSTRILS, *(eye.opening for eye in EYES)):
        busy |= filled(np.asarray(cv2.convexHull(cells[list(points)])[:, 0], np.float32), grid.cells)
    side = 2 * round(_BUSY * unit) + 1
    busy = np.asarray(cv2.dilate(busy, np.ones((side, side), np.uint8)), np.uint8)
    face = filled(np.ascontiguousarray(cells[list(OVAL)]), grid.cells)
    return np.asarray(np.minimum(face, 255 - busy), np.float32) / np.float32(255)


def _fading(cells: Float, grid: Grid, unit: float, worried: float) -> Float:
    """(rows, columns): how much of a furrow fades at each place; ``worried``: 0..1."""
    forehead, above, lines = _FOREHEAD
    total = np.zeros(grid.cells[::-1], np.float32)
    for points, around, share in (_CHIN, _BESIDE, _BETWEEN_BROWS, (forehead, above, lines * worried)):
        off = np.ones_like(total, np.uint8)
        column, row = np.clip(np.round(cells[list(points)]).astype(int), 0, np.array(grid.cells) - 1).T
        off[row, column] = 0
        away = cv2.distanceTransform(off, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) / np.float32(around * unit)
        total = np.maximum(total, np.float32(share) * np.exp(-(away**2)))
    return total


def _blurred(picture: Float, sigma: float) -> Float:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.3)), np.float32)
