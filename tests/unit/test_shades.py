"""Skin that darkens takes the colours which the photo's own skin has where it is darker."""

from __future__ import annotations

import numpy as np
import pytest

from vivify.animate.patch import Window
from vivify.animate.person.shades import Shades
from vivify.animate.sketch import Grid, Shading
from vivify.arrays import Float, Pixels
from vivify.faces import mean_face
from vivify.faces.topology import EYES

SIDE = 320
SKIN = np.array([220, 170, 140], np.float32)
GAINS = np.array([1.0, 0.9, 0.8], np.float32)


def _face() -> tuple[Float, float]:
    face = mean_face()
    unit = float(
        np.linalg.norm(face[[eye.outer for eye in EYES], :2].mean(axis=0) - face[[eye.inner for eye in EYES], :2][0])
    )
    scale = 0.6 * SIDE / float(np.ptp(face[:, 1]))
    points = face * scale
    points[:, :2] += SIDE / 2 - points[:, :2].mean(axis=0)
    return points.astype(np.float32), unit * scale


def _lit(depth: float, powers: tuple[float, float, float]) -> Pixels:
    """Skin lit from the left, ``depth`` darker in log brightness on its right; each channel falls by its own power."""
    light = np.linspace(0, -depth, SIDE, dtype=np.float32)[None, :, None]
    skin = SKIN * np.exp(light * np.array(powers, np.float32))
    return np.broadcast_to(np.round(skin), (SIDE, SIDE, 3)).astype(np.uint8)


def _shaded(photo: Pixels) -> Float:
    points, unit = _face()
    return Shades(photo, points, unit).of(GAINS[None])[0]


def test_folds_take_the_colours_of_shaded_skin() -> None:
    """Where red falls least and blue most as skin gets darker, so they do in folds, and the whole falls by the gain."""
    powers = np.array([0.8, 1.0, 1.3])
    made = np.log(_shaded(_lit(2.4, (0.8, 1.0, 1.3)))[1:])
    assert made / made[:, 1:2] == pytest.approx(np.tile(powers, (2, 1)), rel=0.03)
    assert np.average(made, axis=1, weights=SKIN * (0.299, 0.587, 0.114)) == pytest.approx(np.log(GAINS[1:]), rel=0.03)


def test_skin_that_stays_as_it_is_stays_in_every_channel() -> None:
    """A gain of 1 is 1, exactly, whatever the photo."""
    assert (_shaded(_lit(2.4, (0.8, 1.0, 1.3)))[0] == 1).all()


def test_greys_stay_grey() -> None:
    """In a black-and-white photo folds darken all channels by the very same."""
    grey = np.repeat(_lit(2.4, (1, 1, 1))[..., :1], 3, axis=2)
    made = _shaded(grey)
    assert made == pytest.approx(np.repeat(GAINS[:, None], 3, axis=1), abs=1e-4)
    assert (np.round(made * 1024) == np.round(made[:, :1] * 1024)).all()


def test_flat_light_makes_faint_folds() -> None:
    """Lit a tenth as unevenly as in strong light, a face folds a seventh as darkly; in strong light in full, and no more."""
    usual, flat = (np.log(_shaded(_lit(depth, (1, 1, 1)))[2]).mean() / np.log(GAINS[2]) for depth in (2.4, 0.24))
    assert usual == pytest.approx(1, abs=0.01)
    assert flat == pytest.approx(0.14, abs=0.02)


@pytest.mark.parametrize("size", [(70, 50), (700, 500)])
@pytest.mark.parametrize(
    "cells", [(slice(3, 5), slice(4, 6)), (slice(0, 2), slice(0, 1)), (slice(-2, None), slice(-3, None))]
)
def test_shading_reaches_no_farther_than_it_says(size: tuple[int, int], cells: tuple[slice, slice]) -> None:
    """Beyond its window every gain is 1, wherever the darker cells are; with no darker cell there is no window."""
    grid = Grid(size)
    coarse, part = np.ones((*grid.cells[::-1], 3), np.float32), Window(1, 2, *grid.cells)
    assert Shading(grid, part, part.of(coarse)).window() is None
    coarse[cells] = 0.8
    part = Window(0, 0, *grid.cells) if cells[0].start == 0 else part
    shading = Shading(grid, part, part.of(coarse))
    gains, window = shading.gains(), shading.window()
    assert window is not None
    assert np.array_equal(window.of(gains), shading.gains(window))
    window.of(gains)[...] = 1
    assert (gains == 1).all()
