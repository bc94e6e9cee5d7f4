"""Creases that a face's own motion makes: where filmed people have them, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.drawn import MOUTH_WIDTH, posed
from tests.portrait import whole
from vivify.animate import Performer
from vivify.animate.patch import Window
from vivify.animate.person.creases import Creases
from vivify.animate.sketch import Deformation, Grid
from vivify.arrays import Float
from vivify.faces.topology import LEFT_BROW, MESH, MOUTH_CORNERS, RIGHT_BROW

FOLDS = {"right": (206, 216), "left": (426, 436)}  # landmarks beside nose and mouth, where cheeks fold in a smile


@cache
def _astronaut() -> tuple[Grid, Creases, Float]:
    photo, face = whole()
    grid = Grid((photo.pixels.shape[1], photo.pixels.shape[0]))
    columns, rows = grid.cells
    return grid, Creases(face.landmarks, grid, np.zeros((rows, columns), np.float32)), face.landmarks


def _seen(displacement: Float) -> Float:
    """(468,): how bright skin is at each landmark, on a face that is drawn where the photo has it."""
    grid, creases, points = _astronaut()
    columns, rows = grid.cells
    still = Deformation(grid, np.zeros((rows, columns, 2), np.float32))
    gains = creases.over(displacement, still, Window(0, 0, columns, rows))
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
    still, everywhere = Deformation(grid, np.zeros((*grid.cells[::-1], 2), np.float32)), Window(0, 0, *grid.cells)
    assert creases.over(np.zeros((MESH, 3), np.float32), still, everywhere) is None
    assert creases.over(-_smile(*MOUTH_CORNERS), still, everywhere) is None


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


def test_nothing_is_shaded_but_around_the_face() -> None:
    """Of a face that smiles, raises its brows and turns as far as it may, no fold and no crease is outside the cells around
    it, which are a third of the picture's; in them there are both.
    """
    photo, face = whole()
    performer = Performer(photo.pixels, face)
    displacement = 2 * _smile(*MOUTH_CORNERS)
    displacement[[*RIGHT_BROW, *LEFT_BROW], 1] = -0.15
    track = replace(performer.track(posed((20.0, 15.0, 20.0)), MOUTH_WIDTH), displacement=displacement[None])
    vertices, grid = performer._vertices(track, 0), performer._warp.grid
    deformation = performer._warp.deformation(vertices, performer._surface.vertices[:, :2].copy())
    around, everywhere = performer._warp.around_face(vertices), Window(0, 0, *grid.cells)
    folds = performer._folds.gains(performer._expression(track, 0))
    creases = performer._creases.over(displacement, deformation, everywhere)
    assert folds is not None and creases is not None
    for gains in (performer._warp.spread(folds), creases):
        assert around.of(gains).min() < 0.95
        around.of(gains)[...] = 1
        assert (gains == 1).all()
    assert np.prod(around.size) < 0.35 * np.prod(grid.cells)
