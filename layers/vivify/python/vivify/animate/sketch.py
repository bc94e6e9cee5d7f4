"""What a frame of one face is before any of its pixels is made: small, and the same for whoever paints it.

Where skin is taken from is smooth, so it is kept on a coarse grid and enlarged by whoever makes pixels; only the photo's own
pixels need the native resolution. The grid's step is a power of two and its numbers are coarse fractions, so that
enlarging them is exact in float32: painters on different machines look up the very same places. (Beyond 2048 pixels float32
cannot add a pixel's number to that exactly: there, of a thousand pixels, up to three are looked up a 96th of a pixel apart.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from vivify.animate.patch import Patch, Window
from vivify.arrays import Float, most

_MOST_CELLS = 300  # on a side of the grid
_PLACES = 64  # fractions of a pixel; shifts up to 256 pixels then enlarge exactly at a step of 16, which 4096 pixels need
_GAINS = 1024  # fractions of a gain


class Grid:
    """The coarse grid over a region. ``size``: (width, height) of the region in pixels.

    ``step``: pixels on a side of a cell. ``cells``: (columns, rows), one more on every side than the region needs, so that
    enlarging interpolates up to the region's border.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.step = 1
        while self.step * _MOST_CELLS < max(size):
            self.step *= 2
        self.cells = (-(-size[0] // self.step) + 2, -(-size[1] // self.step) + 2)

    @cached_property
    def pixels(self) -> Float:
        """(height, width, 2) float32: where the region's pixels are, x and y."""
        row, column = np.mgrid[: self.size[1], : self.size[0]].astype(np.float32)
        return np.stack([column, row], axis=-1)

    def enlarged(self, coarse: Float, window: Window | None = None) -> Float:
        """``coarse`` (rows, columns, ...) at every pixel of ``window``, or of the whole region: (h, w, ...) float32."""
        step = self.step
        part = window or Window(0, 0, *self.size)
        # The cells around the part, one more on every side: a cell's centre is the middle of its pixels.
        column, row = part.x0 // step, part.y0 // step
        cut = coarse[row : -(-part.y1 // step) + 2, column : -(-part.x1 // step) + 2]
        if step > 1:
            whole = (cut.shape[1] * step, cut.shape[0] * step)
            cut = np.asarray(cv2.resize(cut, whole, interpolation=cv2.INTER_LINEAR), np.float32)
        x, y = part.x0 + step - column * step, part.y0 + step - row * step
        return np.ascontiguousarray(cut[y : y + part.size[1], x : x + part.size[0]])


class Deformation:
    """Where each pixel of a region takes its skin from. ``shift``: (rows, columns, 2) on ``grid``, pixels from itself."""

    def __init__(self, grid: Grid, shift: Float) -> None:
        self.grid = grid
        self.coarse: Float = np.asarray(np.round(shift * _PLACES) / _PLACES, np.float32)

    def sources(self, window: Window | None = None) -> Float:
        """(h, w, 2) float32: the region's pixel (x, y) seen at each pixel of ``window``, or of the whole region."""
        places = self.grid.pixels if window is None else window.of(self.grid.pixels)
        return np.asarray(cv2.add(self.grid.enlarged(self.coarse, window), places), np.float32)


class Shading:
    """How bright skin is against the photo. ``gains``: (rows, columns, 3) in the window ``cells`` of ``grid``; 1, as beyond,
    is the photo's own.
    """

    def __init__(self, grid: Grid, cells: Window, gains: Float) -> None:
        self.grid, self._cells = grid, cells
        self._gains = np.asarray(np.round(gains * _GAINS) / _GAINS, np.float32)

    @cached_property
    def coarse(self) -> Float:
        """(rows, columns, 3) float32 on all of the grid."""
        everywhere = np.ones((*self.grid.cells[::-1], 3), np.float32)
        self._cells.of(everywhere)[...] = self._gains
        return everywhere

    def window(self) -> Window | None:
        """Where skin is not as bright as in the photo, if it is so anywhere; a face is a small part of its region."""
        changed = most(self._gains != 1)
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        if not rows.size:
            return None
        # A cell reaches to the middles of its neighbours; the first lies outside the region.
        x, y, step = self._cells.x0, self._cells.y0, self.grid.step
        first, last = (x + int(columns[0]) - 2, y + int(rows[0]) - 2), (x + int(columns[-1]) + 1, y + int(rows[-1]) + 1)
        reached = Window(first[0] * step, first[1] * step, last[0] * step, last[1] * step)
        return reached.overlap(Window(0, 0, *self.grid.size))

    def gains(self, window: Window | None = None) -> Float:
        """(height, width, 3) float32 at every pixel of the region, or of ``window`` alone."""
        return self.grid.enlarged(self.coarse, window)


@dataclass(frozen=True)
class Sketch:
    """One frame of one face: the photo's pixels moved, shaded (or not), and patches laid over them in this order."""

    deformation: Deformation
    shading: Shading | None
    patches: tuple[Patch, ...]
