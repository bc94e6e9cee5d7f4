"""From moved vertices to where each pixel of the region takes its skin from.

Drawn on a coarse grid, because it is smooth. Around the face's outline it is softened: a mesh that folds there under a turn
of the head would saw the jaw line, a smooth map slides.
"""

from __future__ import annotations

import cv2
import numpy as np

from vivify.animate.patch import Window
from vivify.animate.sketch import Deformation, Grid, Shading
from vivify.animate.surface import Surface
from vivify.arrays import Float
from vivify.depth.raster import Rasteriser, filled
from vivify.faces.topology import MESH, MOUTH_TRIANGLES, OUTER_LIPS

# In eye distances.
_SOFT = 0.14  # sigma of the softening
_INSIDE = 0.16  # the softening begins this far inside the outline
_BLUR = 0.06  # of what is spread over triangles
_ONSET = 0.08  # and comes on over about this distance
_AROUND_LIPS = 0.1

_STAIRS = 3  # cells: the edge of stretched lips, where it runs aslant, would show as steps


class Warp:
    """Deformations of one surface. ``size``: (width, height) of the region; ``unit``: pixels per eye distance."""

    def __init__(self, surface: Surface, size: tuple[int, int], unit: float) -> None:
        self.grid = Grid(size)
        self._unit = unit / self.grid.step
        self._base = surface.base
        front = surface.front / np.float32(self.grid.step**2)
        self._raster = Rasteriser(surface.triangles, front, base=surface.base + MOUTH_TRIANGLES, size=self.grid.cells)
        column, row = np.meshgrid(*(np.arange(cells) for cells in self.grid.cells))
        self._rest = ((np.stack([column, row], axis=-1) - 0.5) * self.grid.step - 0.5).astype(np.float32)

    def deformation(self, vertices: Float, source: Float) -> Deformation:
        """Where the region's pixels take their skin from.

        ``vertices``: (N, 3) float32, the surface's vertices moved; ``source``: (N, 2) float32, where each takes its skin
        from; region pixels.
        """
        cells = vertices.copy()
        # A cell's centre is the middle of its pixels.
        cells[:, :2] = (vertices[:, :2] + 0.5) / np.float32(self.grid.step) + 0.5
        shift = self._raster.draw(cells, source) - self._rest
        mouth = Window.around(cells[list(OUTER_LIPS), :2], _AROUND_LIPS * self._unit, shift.shape)
        if mouth is not None:
            mouth.of(shift)[...] = cv2.blur(mouth.of(shift), (_STAIRS, _STAIRS), borderType=cv2.BORDER_REPLICATE)
        return Deformation(self.grid, self._softened(shift, np.ascontiguousarray(cells[:MESH, :2])))

    def shading(self, gains: Float) -> Shading:
        """``gains`` (M,), one a triangle of the face, 1 elsewhere, spread over the last deformation; blurred."""
        everywhere = np.concatenate([np.ones(self._base, np.float32), gains])
        coarse = self._raster.spread(everywhere)
        side = 2 * max(1, round(_BLUR * self._unit)) + 1
        for _ in range(2):
            coarse = np.asarray(cv2.blur(coarse, (side, side), borderType=cv2.BORDER_REPLICATE), np.float32)
        return Shading(self.grid, coarse)

    def _softened(self, shift: Float, face: Float) -> Float:
        # Of all points: a turned nose stands out beyond the oval.
        inner = filled(np.asarray(cv2.convexHull(face)[:, 0], np.float32), self.grid.cells)
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
