"""Creases that a face's own motion makes: where filmed people have them, and nowhere else."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests.portrait import whole
from vivify.animate.person.creases import Creases
from vivify.animate.sketch import Deformation, Grid
from vivify.arrays import Float
from vivify.faces.topology import LEFT_BROW, MESH, MOUTH_CORNERS, RIGHT_BROW

FOLDS = {"right": (206, 216), "left": (426, 436)}  # landmarks beside nose and mouth, where cheeks fold in a smile


@cache
def _astronaut() -> tuple[Grid, Creases, Float]:
    photo, face = whole()
    grid = Grid((photo.pixels.shape[1], photo.pixels.shape[0]))
    return grid, Creases(face.landmarks, grid), face.landmarks


def _seen(displacement: Float) -> Float:
    """(468,): how bright skin is at each landmark, on a face that is drawn where the photo has it."""
    grid, creases, points = _astronaut()
    columns, rows = grid.cells
    gains = creases.over(displacement, Deformation(grid, np.zeros((rows, columns, 2), np.float32)))
    assert gains is not None
    cells = np.round((points[:MESH, :2] + 0.5) / grid.step + 0.5).astype(int)
    return np.asarray(gains[cells[:, 1], cells[:, 0]], np.float32)


def _smile(*corners: int) -> Float:
    displacement = np.zeros((MESH, 3), np.float32)
    for corner in corners:
        displacement[corner, :2] = (-0.11 if corner == MOUTH_CORNERS[0] else 0.11), -0.11
    return displacement


def test_a_face_that_does_nothing_has_no_creases() -> None:
    """At rest, and with corners that fall, the skin is the photo's."""
    grid, creases, _ = _astronaut()
    still = Deformation(grid, np.zeros((grid.cells[1], grid.cells[0], 2), np.float32))
    assert creases.over(np.zeros((MESH, 3), np.float32), still) is None
    assert creases.over(-_smile(*MOUTH_CORNERS), still) is None


@pytest.mark.parametrize(("side", "other"), [("right", "left"), ("left", "right")])
def test_a_smile_creases_the_cheek_on_its_side(side: str, other: str) -> None:
    """A smile of one corner darkens the skin beside the nose there by 3 to 20%, and leaves the other side alone."""
    seen = _seen(_smile(MOUTH_CORNERS[0 if side == "right" else 1]))
    assert np.all((seen[list(FOLDS[side])] > 0.8) & (seen[list(FOLDS[side])] < 0.97))
    assert np.all(np.abs(seen[list(FOLDS[other])] - 1) < 0.005)


def test_raised_brows_line_the_forehead_and_nothing_else() -> None:
    """Skin over raised brows darkens in lines, by a tenth at most; cheeks stay as they are."""
    displacement = np.zeros((MESH, 3), np.float32)
    displacement[[*RIGHT_BROW, *LEFT_BROW], 1] = -0.1
    seen = _seen(displacement)
    forehead = seen[[151, 9, 108, 337, 69, 299, 104, 333]]
    assert 0.88 < forehead.min() < 0.98
    assert np.all(np.abs(seen[[205, 425, 50, 280]] - 1) < 0.005)
