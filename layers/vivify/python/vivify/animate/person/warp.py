"""From moved vertices to where each pixel of the region takes its skin from.

Drawn on a coarse grid, because it is smooth. Around the face's outline it is softened, so that what a turn of the head
brings into sight there is drawn out of what is beside it; what goes out of sight goes behind a firm line.
"""

from __future__ import annotations

import cv2
import numpy as np

from vivify.animate.patch import Window
from vivify.animate.person.surface import Surface
from vivify.animate.sketch import Deformation, Grid
from vivify.arrays import Float
from vivify.depth.raster import Rasteriser, filled
from vivify.easing import smoothstep
from vivify.faces.topology import CHIN, EYES, FOREHEAD, HAIRLINE, MESH, MOUTH_TRIANGLES

# In eye distances.
_SOFT, _FIRM = 0.14, 0.05  # the softening; where the face hides what is behind
_INSIDE = 0.16  # the softening begins this far inside the outline
# Of which a forehead is no part: it goes on into hair and hides none. With it brows' outer ends went .6 to .7 of their way.
_HAIR = 0.3
_BLUR = 0.06  # of what is spread over triangles
_ONSET = 0.08  # and comes on over about this distance
_AROUND = 0.6  # beyond a face nothing of it is seen: its softened map takes skin from no farther

_HIDES_FROM, _HIDES = 0.1, 0.3  # by this much the map draws together where things go out of sight: a little, clearly
_STAIRS = 3  # cells: where a nose hides a cheek, or a lip is stretched, an edge that runs aslant would show as steps


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
        drawn = self._raster.draw(cells, source) - self._rest
        shift = np.asarray(cv2.blur(drawn, (_STAIRS, _STAIRS), borderType=cv2.BORDER_REPLICATE), np.float32)
        for eye in EYES:  # a lid ends at a line
            window = Window.around(cells[[*eye.opening, *eye.upper[1], *eye.lower[1]], :2], 0, shift.shape)
            if window is not None:
                window.of(shift)[...] = window.of(drawn)
        return Deformation(self.grid, self._softened(shift, np.ascontiguousarray(cells[:MESH, :2])))

    def around_face(self, vertices: Float) -> Window:
        """The grid's cells that skin of the face is seen in, with the ``vertices`` (>=468, 3) moved, and some around it."""
        cells = (vertices[:MESH, :2] + 0.5) / np.float32(self.grid.step) + 0.5
        found = Window.around(cells, _AROUND * self._unit, self.grid.cells[::-1])
        return found or Window(0, 0, *self.grid.cells)

    def spread(self, gains: Float) -> Float:
        """``gains`` (M,), one a triangle of the face, 1 elsewhere, spread over the last deformation: (rows, columns) on the
        grid; blurred.
        """
        everywhere = np.concatenate([np.ones(self._base, np.float32), gains])
        coarse = self._raster.spread(everywhere)
        return self._blurred(coarse, _BLUR, 2)

    def _softened(self, shift: Float, face: Float) -> Float:
        # Of all points: a turned nose stands out beyond the oval.
        whole = np.concatenate([face, face[list(HAIRLINE)] + self._beyond_hairline(face)])
        inner = filled(np.asarray(cv2.convexHull(whole)[:, 0], np.float32), self.grid.cells)
        inner = np.asarray(cv2.erode(inner, np.ones(self._box(_INSIDE), np.uint8)), np.uint8)
        onset = self._box(_ONSET)
        keep = cv2.blur(cv2.blur(inner, onset), onset).astype(np.float32) / 255
        firm = self._blurred(shift, _FIRM, 2)
        soft = self._blurred(firm, _SOFT, 3)  # three box filters make a Gaussian, near enough, at a cost that stays
        # Where the map draws together, something is going out of sight behind the face: there it may end at a line.
        closing = cv2.Sobel(soft[..., 0], cv2.CV_32F, 1, 0) + cv2.Sobel(soft[..., 1], cv2.CV_32F, 0, 1)
        hides = smoothstep((closing / np.float32(8 * self.grid.step) - _HIDES_FROM) / (_HIDES - _HIDES_FROM))
        around = cv2.blendLinear(firm, soft, hides, 1 - hides)
        return np.asarray(cv2.blendLinear(shift, around, keep, 1 - keep), np.float32)

    def _beyond_hairline(self, face: Float) -> Float:
        upwards = face[FOREHEAD] - face[CHIN]
        return np.asarray(upwards * (_HAIR * self._unit / max(float(np.linalg.norm(upwards)), 1e-3)), np.float32)

    def _blurred(self, picture: Float, over: float, times: int) -> Float:
        box = self._box(over)
        for _ in range(times):
            picture = np.asarray(cv2.blur(picture, box, borderType=cv2.BORDER_REPLICATE), np.float32)
        return picture

    def _box(self, over: float) -> tuple[int, int]:
        """The box filter, in cells, that reaches about ``over`` eye distances to each side."""
        side = 2 * max(1, round(over * self._unit)) + 1
        return side, side
