"""What lies between and behind the teeth: a tongue, and a throat as dark as the opening leaves it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.mouths import LUMA, closed, opening, patches
from vivify.animate.mouth.cavity import _tongue
from vivify.animate.mouth.lips import between_lips
from vivify.animate.mouth.view import View
from vivify.depth.head import Turn


def test_light_comes_with_the_opening() -> None:
    """What lips uncover grows lighter the farther they part, dim in a slit of 2 mm, grey in one of 4, and no
    lighter from 10 mm on.
    """
    light = []
    for gap in (1.0, 2.0, 4.0, 6.0, 10.0, 13.0):
        x = np.linspace(0, 60, 11)
        upper = np.stack([x, np.full(11, 20.0)], axis=1)
        lower = np.stack([x[9:0:-1], np.full(9, 20 + gap)], axis=1)
        polygon = np.concatenate([upper, lower]).astype(np.float32)
        light.append(float(between_lips(polygon, (61, 40), np.array([0.0, 1.0]), 1.0, 0.0).cast[20:, 30][round(gap / 2)]))
    assert all(after > before for before, after in pairwise(light[:5]))
    assert light[1] < 0.3 * light[4]
    assert light[2] < 0.55 * light[4]
    assert light[5] == pytest.approx(light[4], rel=0.05)


def test_light_falls_aside() -> None:
    """Where lips are 4 mm apart it is lighter beside an opening of 10 mm than in a slit that is nowhere higher."""
    x = np.linspace(0, 60, 11)
    upper = np.stack([x, np.full(11, 20.0)], axis=1)
    light = []
    for widest in (4.0, 10.0):
        lower = np.stack([x[9:0:-1], 24 + (widest - 4) * np.clip(x[9:0:-1] / 30 - 1, 0, None)], axis=1)
        polygon = np.concatenate([upper, lower]).astype(np.float32)
        light.append(float(between_lips(polygon, (61, 40), np.array([0.0, 1.0]), 1.0, 0.0).cast[22, 20]))
    assert light[1] > 1.15 * light[0]


def test_lips_shade_a_head_that_lies_as_one_upright() -> None:
    """Turned by a quarter with the mouth, light and depth between the lips are the same, turned."""
    x = np.linspace(20, 60, 11)
    upper, lower = np.stack([x, np.full(11, 30.0)], axis=1), np.stack([x[9:0:-1], np.full(9, 37.0)], axis=1)
    polygon = np.concatenate([upper, lower]).astype(np.float32)
    turned = np.stack([polygon[:, 1], 80 - polygon[:, 0]], axis=1)
    upright, lying = (
        between_lips(lips, (81, 81), np.array(down), 1.0, 0.0)
        for lips, down in ((polygon, (0.0, 1.0)), (turned, (1.0, 0.0)))
    )
    inside = np.rot90(upright.depth) > 1
    for one, other in ((lying.cast, upright.cast), (lying.depth, upright.depth)):
        assert np.abs(one - np.rot90(other))[inside].max() < 0.05 * other.max()


def test_the_tongue_lies_low_in_a_mouth_wide_open() -> None:
    """Low in a wide mouth lies a tongue, half as bright as the skin, by an eighth brighter than at the corners; above the
    middle it is less than two thirds as bright.

    It is hardly redder than lips are: the red of filmed tongues is 1.24 times the skin's, against green.
    """
    _, performer = closed()
    (patch,) = patches(performer, performer.track(opening(*[0.5] * 5), 0.8), 2)
    light, inside = patch.colour @ LUMA, patch.alpha > 0.9
    y, x = (np.nonzero(inside)[axis] for axis in (0, 1))
    row, middle, left = (round(float(v)) for v in (np.percentile(y, 70), x.mean(), np.percentile(x, 5)))
    tongue = patch.colour[row - 1 : row + 2, middle - 3 : middle + 4].mean(axis=(0, 1))
    assert 0.45 < tongue @ LUMA / performer._mouth._tones.skin < 0.6
    assert tongue @ LUMA > 1.125 * light[row - 1 : row + 2, left - 1 : left + 2].mean()
    higher = round(float(np.percentile(y, 30)))
    assert light[higher - 1 : higher + 2, middle - 3 : middle + 4].mean() < 0.66 * (tongue @ LUMA)
    x, y = performer._landmarks[205, :2].astype(int)
    skin = np.median(performer._pixels[y - 3 : y + 4, x - 3 : x + 4], axis=(0, 1))
    assert 1.1 < (tongue[0] / tongue[1]) / (skin[0] / skin[1]) < 1.5


def test_the_tongue_is_no_dome() -> None:
    """A sixth of the mouth's width from its sides an opening of 16 mm is as bright as in the middle, to a tenth, and upwards
    the tongue fades into the dark.
    """
    _, performer = closed()
    (patch,) = patches(performer, performer.track(opening(*[0.25] * 5), 0.8), 2)
    light = patch.colour @ LUMA
    y, x = np.nonzero(patch.alpha > 0.9)
    heights, aside, middle = np.percentile(y, (80, 65, 50, 35)), round(float(np.percentile(x, 15))), round(float(x.mean()))
    rows = [slice(round(float(height)) - 1, round(float(height)) + 2) for height in heights]
    inner, outer = (np.array([light[row, at - 1 : at + 2].mean() for row in rows]) for at in (middle, aside))
    assert np.all(outer[:3] / inner[:3] > 0.9)
    assert np.all(np.diff(inner) < 0)


def test_behind_the_tongues_crest_nothing_is_seen() -> None:
    """What is seen of the tongue lies the farther back the higher it is seen, however wide the jaw is open."""
    head = closed()[1]._head
    for apart in np.linspace(0.02, 0.6, 12):
        view = View.of(np.zeros(2), head, Turn.none(), np.array([0, apart, 0], np.float32), 1.0)
        down = np.linspace(-60, 60, 500, dtype=np.float32)[:, None] * np.float32(view.millimetre)
        back, _, _ = _tongue(view, np.full_like(down, view.lower[0]), down)
        assert np.all(np.diff(back[:, 0]) <= 0)
