"""Furrows of a photo: a smile smooths them, and leaves alone what is none."""

from __future__ import annotations

import numpy as np
import pytest

from tests.portrait import whole
from vivify.animate.patch import Window
from vivify.animate.person.creases import Creases
from vivify.animate.person.furrows import furrows
from vivify.animate.sketch import Deformation, Grid
from vivify.arrays import Float, Pixels
from vivify.depth.head import HeadFrame
from vivify.faces.topology import MESH, MOUTH_CORNERS

SIDE, PLAIN, DARK = 512, 160, 120
CHIN, FOREHEAD, CHEEK = 199, 151, 50  # landmarks


def _lined(landmark: int, up: int = 0, aside: int = 6) -> Pixels:
    """Plain skin all over, but dark so many pixels ``up`` and down from ``landmark`` and ``aside``."""
    picture = np.full((SIDE, SIDE, 3), PLAIN, np.uint8)
    x, y = np.round(whole()[1].landmarks[landmark, :2]).astype(int)
    picture[y - up : y + up + 1, x - aside : x + aside + 1] = DARK
    return picture


def _smoothed(picture: Pixels, worry: float = 0.0) -> Float:
    face = whole()[1]
    return furrows(picture, face.landmarks, Grid((SIDE, SIDE)), HeadFrame.of(face).unit, worry)


def _at(smoothed: Float, landmark: int) -> float:
    column, row = np.round((whole()[1].landmarks[landmark, :2] + 0.5) / Grid((SIDE, SIDE)).step + 0.5).astype(int)
    return float(smoothed[row, column])


def test_plain_skin_stays_as_it_is() -> None:
    """Where nothing is darker or brighter than around nothing changes, not even where the face ends."""
    assert np.abs(_smoothed(np.full((SIDE, SIDE, 3), PLAIN, np.uint8))).max() < 1e-5


def test_a_line_on_the_chin_is_smoothed() -> None:
    """It gets brighter, by a quarter to three quarters of what it is darker than the skin around."""
    deep = np.log(PLAIN / DARK)
    assert 0.25 * deep < _at(_smoothed(_lined(CHIN)), CHIN) < 0.75 * deep


def test_what_is_broad_stays() -> None:
    """A shadow as large as half of the chin is changed by less than a third of what a line is."""
    assert _at(_smoothed(_lined(CHIN, 12, 20)), CHIN) < _at(_smoothed(_lined(CHIN)), CHIN) / 3


def test_lines_elsewhere_stay() -> None:
    """A smile smooths none of a cheek's, nor a forehead's, unless worry has drawn that up."""
    assert _at(_smoothed(_lined(CHEEK)), CHEEK) == pytest.approx(0, abs=0.002)
    assert _at(_smoothed(_lined(FOREHEAD)), FOREHEAD) == pytest.approx(0, abs=0.002)
    assert _at(_smoothed(_lined(FOREHEAD), worry=0.02), FOREHEAD) > 0.05


def test_they_come_and_go_with_the_smile() -> None:
    """Half of a smile smooths half as much as a whole one, more than a whole one no more, one corner alone half."""
    face = whole()[1]
    grid = Grid((SIDE, SIDE))
    columns, rows = grid.cells
    still = Deformation(grid, np.zeros((rows, columns, 2), np.float32))
    everywhere = Window(0, 0, columns, rows)
    smoothed = _smoothed(_lined(CHIN))
    furrowed = Creases(face.landmarks, grid, smoothed)
    plain = Creases(face.landmarks, grid, np.zeros((rows, columns), np.float32))

    def share(right: float, left: float) -> float:
        displacement = np.zeros((MESH, 3), np.float32)
        displacement[MOUTH_CORNERS[0], :2] = -0.11 * right
        displacement[MOUTH_CORNERS[1], :2] = 0.11 * left, -0.11 * left
        with_them, without = (creases.over(displacement, still, everywhere) for creases in (furrowed, plain))
        assert with_them is not None
        assert without is not None
        return float((np.log(with_them / without) * smoothed).sum() / (smoothed**2).sum())

    assert share(1, 1) == pytest.approx(1, abs=0.01)
    assert share(0.5, 0.5) == pytest.approx(0.5, abs=0.01)
    assert share(1.3, 1.3) == pytest.approx(1, abs=0.01)
    assert share(1, 0) == pytest.approx(0.5, abs=0.01)
