"""The method to beat: one flat mesh over the photo, moved by the driver's points. No depth, no layers, no teeth."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float, Pixels

_BITS = 4  # of a pixel, when triangles are filled


class MeshWarp:
    """Delaunay triangles over the photo's landmarks and its border; inside each the map is affine.

    ``photo``: (H, W, 3) uint8; ``landmarks``: (>=468, 2 or 3) photo pixels.
    """

    def __init__(self, photo: Pixels, landmarks: Float) -> None:
        self._photo = photo
        height, width = photo.shape[:2]
        across, down = np.linspace(0, width - 1, 5), np.linspace(0, height - 1, 5)
        border = [(x, y) for x in across for y in (0, height - 1)] + [(x, y) for x in (0, width - 1) for y in down[1:-1]]
        inside = np.clip(landmarks[:468, :2], 1, [width - 2, height - 2])
        self._points = np.concatenate([inside, np.array(border)]).astype(np.float32)
        self._triangles = _delaunay(self._points, width, height)

    def moved(self, change: Float) -> Pixels:
        """The photo with its landmarks moved by ``change`` (468, 2) pixels, (H, W, 3) uint8."""
        target = self._points.copy()
        target[:468] += change
        height, width = self._photo.shape[:2]
        numbers = np.zeros((height, width), np.int32)
        fixed = np.round(target[self._triangles] * (1 << _BITS)).astype(np.int32)
        # The largest first: where the mesh folds, the small triangles of the features stay on top.
        area = np.abs(_area(target[self._triangles]))
        for number in np.argsort(-area).tolist():
            cv2.fillConvexPoly(numbers, fixed[number], number, cv2.LINE_8, _BITS)
        affine = _affine(target[self._triangles], self._points[self._triangles])[numbers]
        column, row = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        x = affine[..., 0] * column + affine[..., 1] * row + affine[..., 2]
        y = affine[..., 3] * column + affine[..., 4] * row + affine[..., 5]
        shown = cv2.remap(
            self._photo, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(shown, np.uint8)


def _delaunay(points: Float, width: int, height: int) -> NDArray[np.intp]:
    plane = cv2.Subdiv2D((-1, -1, width + 2, height + 2))
    number: dict[tuple[float, float], int] = {}
    for index, (x, y) in enumerate(points.tolist()):
        number.setdefault((x, y), index)
        plane.insert((x, y))
    found = []
    for corners in np.asarray(plane.getTriangleList()).reshape(-1, 3, 2).tolist():
        known = [number.get((x, y)) for x, y in corners]
        if None not in known:
            found.append(known)
    return np.array(found, np.intp)


def _area(corners: Float) -> Float:
    u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0], np.float32)


def _affine(target: Float, source: Float) -> NDArray[np.float64]:
    """(M, 6): target pixels to source pixels, in each triangle."""
    corners = np.concatenate([target, np.ones((len(target), 3, 1))], axis=2).astype(np.float64)
    corners[np.abs(_area(target)) < 1e-3] = np.eye(3)  # a triangle without area is seen nowhere
    solved = np.linalg.solve(corners, source.astype(np.float64))  # (M, 3, 2)
    return np.concatenate([solved[..., 0], solved[..., 1]], axis=1)
