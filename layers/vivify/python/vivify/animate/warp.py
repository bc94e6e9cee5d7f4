"""From moved vertices to the backward map of the whole region.

The map is drawn on a coarse grid, because it is smooth, and enlarged: only the photo's own pixels need the native
resolution. Around the face's outline it is softened: a mesh that folds there under a turn of the head would saw the jaw
line, a smooth map slides.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.surface import Surface
from vivify.depth.raster import Rasteriser, filled
from vivify.faces.topology import MESH

Float = NDArray[np.float32]

_MOST_CELLS = 300  # on a side of the coarse grid
# In eye distances.
_SOFT = 0.2  # sigma of the softening
_INSIDE = 0.16  # the softening begins this far inside the outline
_BLUR = 0.06  # of what is spread over triangles
_ONSET = 0.08  # and comes on over about this distance


class Warp:
    """Backward maps of one surface. ``size``: (width, height) of the region; ``unit``: pixels per eye distance."""

    def __init__(self, surface: Surface, size: tuple[int, int], unit: float) -> None:
        self._size = size
        self._step = -(-max(size) // _MOST_CELLS)
        # One cell more on every side, so that enlarging interpolates up to the region's border.
        self._cells = (-(-size[0] // self._step) + 2, -(-size[1] // self._step) + 2)
        self._unit = unit / self._step
        self._base = surface.base
        front = surface.front / np.float32(self._step**2)
        self._raster = Rasteriser(surface.triangles, front, base=surface.base, size=self._cells)
        column, row = np.meshgrid(np.arange(self._cells[0]), np.arange(self._cells[1]))
        self._rest = ((np.stack([column, row], axis=-1) - 0.5) * self._step - 0.5).astype(np.float32)

    def backward_map(self, vertices: Float, source: Float) -> Float:
        """(height, width, 2) float32: for each pixel of the region the source pixel (x, y) seen there.

        ``vertices``: (N, 3) float32, the surface's vertices moved; ``source``: (N, 2) float32, where each takes its skin
        from; region pixels.
        """
        cells = vertices.copy()
        cells[:, :2] = (vertices[:, :2] + 0.5) / self._step + 0.5  # a cell's centre is the middle of its pixels
        shift = self._raster.draw(cells, source) - self._rest
        return self._enlarged(self._softened(shift, np.ascontiguousarray(cells[:MESH, :2])) + self._rest)

    def spread(self, values: Float) -> Float:
        """(height, width) float32: ``values`` (M,), one a triangle of the face, 1 elsewhere, over the last map; blurred."""
        everywhere = np.concatenate([np.ones(self._base, np.float32), values])
        coarse = self._raster.spread(everywhere)
        side = 2 * max(1, round(_BLUR * self._unit)) + 1
        for _ in range(2):
            coarse = np.asarray(cv2.blur(coarse, (side, side), borderType=cv2.BORDER_REPLICATE), np.float32)
        return self._enlarged(coarse)

    def _softened(self, shift: Float, face: Float) -> Float:
        # Of all points: a turned nose stands out beyond the oval.
        inner = filled(np.asarray(cv2.convexHull(face)[:, 0], np.float32), self._cells)
        side = 2 * max(1, round(_INSIDE * self._unit)) + 1
        inner = np.asarray(cv2.erode(inner, np.ones((side, side), np.uint8)), np.uint8)
        onset = 2 * max(1, round(_ONSET * self._unit)) + 1
        keep = (cv2.blur(cv2.blur(inner, (onset, onset)), (onset, onset)).astype(np.float32) / 255.0)[..., None]
        # Three box filters make a Gaussian, near enough, at a cost that does not grow with sigma.
        box = 2 * max(1, round(_SOFT * self._unit)) + 1
        soft = shift
        for _ in range(3):
            soft = np.asarray(cv2.blur(soft, (box, box), borderType=cv2.BORDER_REPLICATE), np.float32)
        return np.asarray(soft + (shift - soft) * keep, np.float32)

    def _enlarged(self, coarse: Float) -> Float:
        step, (width, height) = self._step, self._size
        if step > 1:
            whole = (coarse.shape[1] * step, coarse.shape[0] * step)
            coarse = np.asarray(cv2.resize(coarse, whole, interpolation=cv2.INTER_LINEAR), np.float32)
        return np.ascontiguousarray(coarse[step : step + height, step : step + width])
