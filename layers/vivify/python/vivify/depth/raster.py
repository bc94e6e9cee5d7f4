"""Draws a triangle mesh into a picture of whatever its vertices carry, with occlusion right.

Painter's algorithm: triangles are drawn far to near into an image of triangle numbers, so that a nose covers the cheek
behind it; each pixel then interpolates its triangle's values. Vertices that carry their place in the photo give the
backward map that ``cv2.remap`` wants; vertices that carry their z give a depth map.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float

_SUBPIXEL_BITS = 4
_SLIVER = 0.1  # cells²: thinner triangles have no stable inverse, and their neighbours cover them
_FOLDING = 0.08  # a triangle squeezed to less than this share of its area is about to turn its back


class Rasteriser:
    """Draws one mesh, again and again, as its vertices move.

    ``triangles``: (M, 3) int32 vertex numbers. ``front``: (M,) float32, each triangle's signed area (``signed_area2``) at
    rest seen from its front, in the picture's pixels; infinite for one that must never be drawn. ``base``: how many leading
    triangles always lie behind the others, whatever their depth (they are drawn first). ``size``: (width, height).
    """

    def __init__(self, triangles: NDArray[np.int32], front: Float, *, base: int, size: tuple[int, int]) -> None:
        self._triangles = triangles
        self._side = np.sign(front)
        self._least = np.maximum(np.abs(front) * _FOLDING, _SLIVER).astype(np.float32)
        self._base = base
        self._numbers = np.zeros((size[1], size[0]), np.int32)
        column, row = np.meshgrid(*(np.arange(cells, dtype=np.float32) for cells in size))
        self._places = np.stack([column, row, np.ones_like(row)] * 2, axis=-1)  # for both values

    def draw(self, vertices: Float, values: Float) -> Float:
        """(height, width, 2) float32: the values seen at each pixel.

        ``vertices``: (N, 3) float32: x, y in the picture's pixels (centres at integers), z away from the camera.
        ``values``: (N, 2) float32, what each vertex carries.
        """
        corners = np.take(vertices[:, :2].astype(np.float32), self._triangles, axis=0)  # five times as fast as by index
        area = signed_area2(corners)
        visible = area * self._side > self._least
        order = np.argsort(-np.take(vertices[:, 2], self._triangles).mean(axis=1), kind="stable")
        order = np.concatenate([order[order < self._base], order[order >= self._base]])
        self._paint(corners, order[visible[order]])
        carried = np.take(values, self._triangles, axis=0)
        affine = _affine(corners, carried, np.where(visible, area, 1.0).astype(np.float32))
        seen = np.take(affine, self._numbers, axis=0)  # four times as fast as affine[self._numbers]
        seen *= self._places
        return np.asarray(seen[..., 0::3] + seen[..., 1::3] + seen[..., 2::3], np.float32)

    def spread(self, values: Float) -> Float:
        """(height, width) float32: ``values`` (M,), one a triangle, over the picture that was drawn last."""
        return np.take(values, self._numbers)

    def _paint(self, corners: Float, order: NDArray[np.intp]) -> None:
        fixed = np.round(corners * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        self._numbers.fill(0)  # where no triangle lies, what was drawn before must not shine through
        for number in order.tolist():
            cv2.fillConvexPoly(self._numbers, fixed[number], number, cv2.LINE_8, _SUBPIXEL_BITS)


def signed_area2(corners: Float) -> Float:
    """Twice the signed area of (M, 3, 2) triangles: (M,), positive when clockwise on the screen (y down)."""
    u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0], np.float32)


def _affine(corners: Float, values: Float, area: Float) -> Float:
    """(M, 6) float32: in each triangle, first value = a0 * column + a1 * row + a2, second = a3 * column + a4 * row + a5."""
    # Number by number: NumPy is slow along short axes.
    (ax, ay), (bx, by), (cx, cy) = np.ascontiguousarray(corners.transpose(1, 2, 0))
    b_across, b_down = (cy - ay) / area, (ax - cx) / area  # the gradients of the barycentric weights of b and of c
    c_across, c_down = (ay - by) / area, (bx - ax) / area
    affine = np.empty((len(corners), 6), np.float32)
    for place, (at_a, at_b, at_c) in zip((0, 3), np.ascontiguousarray(values.transpose(2, 1, 0)), strict=True):
        to_b, to_c = at_b - at_a, at_c - at_a
        across, down = to_b * b_across + to_c * c_across, to_b * b_down + to_c * c_down
        affine[:, place], affine[:, place + 1], affine[:, place + 2] = across, down, at_a - (across * ax + down * ay)
    return affine


def filled(polygon: Float, size: tuple[int, int]) -> NDArray[np.uint8]:
    """(height, width) uint8: 255 inside ``polygon`` (N, 2), 0 outside, its edge antialiased. ``size``: (width, height)."""
    picture = np.zeros((size[1], size[0]), np.uint8)
    fixed = np.round(polygon * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(picture, [fixed], (255,), cv2.LINE_AA, _SUBPIXEL_BITS)
    return picture
