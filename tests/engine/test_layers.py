"""A person's pixels go as far as they are told to, at any fraction of a pixel."""

from __future__ import annotations

import numpy as np
import pytest

from vivify.animate.layers import Layers, split
from vivify.animate.sketch import Deformation, Grid
from vivify.arrays import Float, Pixels

SIDE = 96


def _waves(period: float) -> Layers:
    """Nobody's background: upright waves all over, so many pixels long."""
    tone = 128 + 90 * np.sin(2 * np.pi * np.arange(SIDE) / period)
    picture = np.round(np.broadcast_to(tone[None, :, None], (SIDE, SIDE, 3))).astype(np.uint8)
    return Layers(np.dstack([picture, np.full((SIDE, SIDE), 255, np.uint8)]), picture)


def _moved(layers: Layers, x: float, y: float) -> Pixels:
    height, width = layers.plate.shape[:2]
    grid = Grid((width, height))
    columns, rows = grid.cells
    return layers.compose(Deformation(grid, np.full((rows, columns, 2), (-x, -y), np.float32)))


def _wave(picture: Pixels, period: float) -> complex:
    """Strength and phase of the waves in the middle of a picture."""
    at = np.arange(16, 80)
    row = picture[SIDE // 2, at, 0].astype(float)
    return complex(np.mean((row - row.mean()) * np.exp(-2j * np.pi * at / period)))


@pytest.mark.parametrize(("period", "astray"), [(16.0, 0.01), (8.0, 0.01), (4.0, 0.02)])
def test_a_fraction_of_a_pixel_is_that_fraction(period: float, astray: float) -> None:
    """Moved by every sixteenth of a pixel, waves go that far within a hundredth or two and keep their height, to a tenth:
    what glides neither trembles nor blurs.
    """
    layers = _waves(period)
    still = _wave(_moved(layers, 0, 0), period)
    for part in np.arange(1, 32) / 16:
        wave = _wave(_moved(layers, float(part), 0), period)
        assert -np.angle(wave / still) * period / (2 * np.pi) == pytest.approx(part, abs=astray)
        assert 0.96 < abs(wave / still) < 1.12


def test_whole_pixels_stay_themselves() -> None:
    """Moved by whole pixels, every pixel is one of the photo's, bit for bit, and so it is at rest, matte or not."""
    rng = np.random.default_rng(3)
    photo = rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    matte: Float = np.ones((SIDE, SIDE), np.float32)
    layers = split(photo, matte, 3)
    assert np.array_equal(layers.fine[::3, ::3], layers.person)
    assert layers.fine.shape == (3 * SIDE - 2, 3 * SIDE - 2, 4)
    assert np.array_equal(_moved(layers, 0, 0), photo)
    assert np.array_equal(_moved(layers, 5, -3)[:-3, 5:], photo[3:, :-5])


def test_a_rail_that_touches_the_hair_stays() -> None:
    """The matte takes 14 pixels of a rail for hair, as dark and touching: where the head moves 10 pixels away, the rail
    beside the head is as it was, to 3 levels, and goes on where the head was.
    """
    side = 320
    y, x = np.indices((side, side), np.float32)
    wall = 200 - 150 * np.clip(7 - np.abs(y - side / 2), 0, 1)
    away = np.hypot(x - side / 2, y - side / 2)
    photo = np.dstack([np.where(away < 70, 50, wall).astype(np.uint8)] * 3)
    matte = ((away < 70) | ((away < 84) & (np.abs(y - side / 2) < 7))).astype(np.float32)
    layers = split(photo, matte, 10)
    moved = _moved(layers, -10, 0)
    beside = (x > side / 2 + 62) & (x < side / 2 + 100) & (np.abs(y - side / 2) < 15)
    assert np.abs(moved[..., 0] - wall)[beside].mean() <= 3
    assert np.array_equal(_moved(layers, 0, 0), photo)


def test_light_behind_is_nobodys() -> None:
    """Before a lively background a white ring around a person, that nothing around lets expect, stays when the person moves:
    clear of the person the layer that moves holds no more light than its matte; and at rest all is the photo.
    """
    size, reach = 240, 24
    rows, columns = np.mgrid[:size, :size]
    away = np.hypot(rows - size / 2, columns - size / 2)
    region = np.random.default_rng(3).integers(20, 160, (size, size, 3)).astype(np.uint8)
    region[away < 82] = 245
    region[away < 60] = 40
    layers = split(region, (away < 60).astype(np.float32), reach)
    ring = (away > 78) & (away < 81)
    light = layers.person[..., :3].max(axis=2).astype(int) - layers.person[..., 3]
    assert light[ring].max() <= 2
    assert np.array_equal(_moved(layers, 0, 0), region)


def test_a_pure_colour_of_the_persons_leaves_the_plate() -> None:
    """An amber stone before a grey wall, opaque and without any blue, does not turn the wall behind it yellow: that is grey
    there, to 2 levels.
    """
    region, matte = np.full((160, 160, 3), 180, np.uint8), np.zeros((160, 160), np.float32)
    region[50:110, 50:110], matte[50:110, 50:110] = (150, 90, 0), 1
    assert np.abs(split(region, matte, 6.0).plate.astype(int) - 180).max() <= 2


def test_a_pure_colour_is_no_person() -> None:
    """Before cyan without any red, a haze of a matte that is nobody stays a haze, though the wall behind the person seems
    to have some: where nobody is no pixel turns opaque, and goes along as a speck. At rest all is the photo.
    """
    size = 240
    y, x = np.indices((size, size), np.float32)
    away = np.hypot(x - size / 2, y - size / 2)
    noise = np.random.default_rng(5).integers(0, 6, (size, size))
    wall = np.dstack([np.where(x > size / 2, 0, 40 + noise), 150 + noise, 160 + noise])
    region = np.where(away[..., None] < 60, (150, 110, 90), wall).astype(np.uint8)
    matte = np.where(away < 60, 1, np.clip(0.3 * (80 - away) / 20, 0, 0.3)).astype(np.float32)
    layers = split(region, matte, 12)
    haze = (away > 62) & (x > size / 2)
    assert layers.person[..., 3][haze].max() <= 100
    assert np.array_equal(_moved(layers, 0, 0), region)


def test_what_a_plate_is_rid_of_leaves_no_opposite_colour() -> None:
    """A red patch without any green, in a haze of a matte before a grey wall, turns none of the plate magenta: everywhere
    its blue is above its green by 50 levels at most, as the patch's.
    """
    size = 240
    y, x = np.indices((size, size), np.float32)
    away = np.hypot(x - size / 2, y - size / 2)
    region = np.where(away[..., None] < 60, (150, 110, 90), (180, 180, 180)).astype(np.uint8)
    region[(away > 64) & (away < 72) & (x > size / 2)] = (200, 0, 50)
    matte = np.where(away < 60, 1, np.clip(0.3 * (80 - away) / 20, 0, 0.3)).astype(np.float32)
    layers = split(region, matte, 12)
    blue_over_green = layers.plate[..., 2].astype(int) - layers.plate[..., 1]
    assert blue_over_green.max() <= 50
    assert np.array_equal(_moved(layers, 0, 0), region)
