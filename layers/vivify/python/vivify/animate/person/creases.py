"""Creases that a face's own motion makes: beside nose and mouth in a smile, across a forehead over raised brows.

How much darker or brighter skin gets is measured on filmed people, most of it as the median of many, left and right alike,
so that no room's light is left in it; ``creases.png`` holds it on the mean human face. It lies on the skin of the photo and
goes where that goes.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import cv2
import numpy as np

from vivify.animate.patch import Window
from vivify.animate.sketch import Deformation, Grid
from vivify.arrays import Float
from vivify.depth.raster import Rasteriser, filled, signed_area2
from vivify.easing import smoothstep
from vivify.faces.pose import mean_face
from vivify.faces.topology import EYES, LEFT_BROW, MESH, MOUTH_CORNERS, OVAL, RIGHT_BROW, triangles
from vivify.motion.bite import NOSE

_EYES_ACROSS, _EYES_DOWN, _WIDTH = 0.5, 0.4, 2.3  # of the picture: where the eyes are; eye distances that it is wide
PLAIN, STEP = 128, 1 / 400  # the byte of skin as it is; what one more adds to the logarithm of how bright it is
SMILE, BROWS = 0.22, 0.10  # eye distances that each was measured at: corners of the mouth go out and up; brows up
_MOST = 1.4  # as much farther it is believed
_MIDDLE = 0.12  # eye distances to either side of the face's middle in which one half gives way to the other


class Creases:
    """The creases of one face. ``landmarks``: (>=468, 3) float32, region pixels; ``grid``: of that region; ``smoothed``:
    (rows, columns) on it, what a whole smile smooths (``vivify.animate.person.furrows``).
    """

    def __init__(self, landmarks: Float, grid: Grid, smoothed: Float) -> None:
        self._step = np.float32(grid.step)
        cells = landmarks[:MESH].astype(np.float32)
        cells[:, :2] = (cells[:, :2] + 0.5) / self._step + 0.5
        picture = _measured()
        place = places(picture.shape[1])
        corners = triangles()
        front = signed_area2(place[corners]).astype(np.float32) * np.float32(1e-6)  # its sign: the side that is skin
        at = Rasteriser(corners, front, base=0, size=grid.cells).draw(cells, place)
        here = filled(np.ascontiguousarray(cells[list(OVAL), :2]), grid.cells).astype(np.float32) / np.float32(255)
        found = cv2.remap(picture, at, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) * here[..., None]
        across = (at[..., 0] / picture.shape[1] - _EYES_ACROSS) * _WIDTH
        left = smoothstep((across / _MIDDLE + 1) / 2)
        sides = [found * (1 - left)[..., None], found * left[..., None]]
        self._maps = [*(np.ascontiguousarray(side[..., kind]) for kind in (0, 1) for side in sides), smoothed]
        column, row = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in grid.cells))
        self._cells = np.dstack([column, row])

    def over(self, displacement: Float, deformation: Deformation, window: Window) -> Float | None:
        """(rows, columns) float32 in ``window`` of the grid: how bright skin is against the photo where it is seen; None if
        as there.

        ``displacement``: (468, 3), what the face does by itself, its head frame, eye distances.
        """
        strengths = _strengths(displacement)
        if not any(strengths):
            return None
        change = sum(each * strength for each, strength in zip(self._maps, strengths, strict=True))
        at = window.of(self._cells) + window.of(deformation.coarse) / self._step
        return np.exp(cv2.remap(np.asarray(change, np.float32), at, np.empty(0), cv2.INTER_LINEAR)).astype(np.float32)


def _strengths(displacement: Float) -> tuple[float, ...]:
    """How far the mouth's right and left corner smile and the right and the left brow are raised, 1 as measured; and how far
    the whole face smiles, 1 at most.
    """
    moved = displacement - displacement[list(NOSE)].mean(axis=0)
    right, left = moved[list(MOUTH_CORNERS)]
    smiles = (-right[0] - right[1]) / SMILE, (left[0] - left[1]) / SMILE
    brows = (-moved[list(brow), 1].mean() / BROWS for brow in (RIGHT_BROW, LEFT_BROW))
    found = [float(np.clip(each, 0, _MOST)) for each in (*smiles, *brows)]
    return (*found, min(1.0, (found[0] + found[1]) / 2))


@cache
def _measured() -> Float:
    """(h, w, 2) float32: the logarithm of how bright skin gets, for a smile and for raised brows."""
    data = np.frombuffer((files("vivify.animate.person") / "creases.png").read_bytes(), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    return np.asarray((picture[..., :2].astype(np.float32) - PLAIN) * np.float32(STEP), np.float32)


@cache
def places(side: int) -> Float:
    """(468, 2) float32: where each landmark is in a picture of ``side`` pixels, in its pixels."""
    face = mean_face()
    corners = np.array([face[[eye.outer, eye.inner], :2].mean(axis=0) for eye in EYES])
    scale = side / _WIDTH / float(np.linalg.norm(corners[0] - corners[1]))
    middle = np.array([_EYES_ACROSS, _EYES_DOWN]) * side - 0.5
    return np.asarray((face[:, :2] - corners.mean(axis=0)) * scale + middle, np.float32)
