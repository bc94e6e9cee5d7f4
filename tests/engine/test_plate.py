"""The plate: what is behind a person whom the photo shows in front of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vivify.animate.plate.fill import _looked_up, plate_of
from vivify.animate.plate.lines import drawn_on
from vivify.animate.plate.texture import grow
from vivify.arrays import Float, Pixels

_SIDE, _RADIUS, _REACH = 320, 70, 10.0


def _from_centre() -> Float:
    y, x = np.indices((_SIDE, _SIDE), np.float32)
    return np.hypot(x - _SIDE / 2, y - _SIDE / 2)


def _before(background: Float) -> tuple[Pixels, Pixels]:
    """A dark disc with a soft edge before ``background`` (side, side) of grey levels: the picture, and the disc's matte."""
    matte = np.clip(_RADIUS - _from_centre(), 0, 1)
    grey = background * (1 - matte) + 20 * matte
    return np.dstack([np.round(grey).astype(np.uint8)] * 3), np.round(matte * 255).astype(np.uint8)


def _plate(picture: Pixels, alpha: Pixels) -> Pixels:
    return plate_of(picture, alpha, _REACH).picture


def test_a_wall_goes_on_behind_the_person() -> None:
    """Behind a person before a plain wall is that wall, and nothing of the person, to the level."""
    picture, alpha = _before(np.full((_SIDE, _SIDE), 180, np.float32))
    assert np.abs(_plate(picture, alpha).astype(int) - 180).max() <= 1


def test_a_glow_around_the_person_leaves_no_outline() -> None:
    """Where a light behind the person fades outwards, by 1.2 levels a pixel, what a turning head uncovers is as bright as
    what lies beside it: nowhere do two pixels differ by more than 3.
    """
    glow = 230 - 1.2 * (_from_centre() - _RADIUS)
    picture, alpha = _before(np.clip(glow, 60, 230))
    plate = cv2.cvtColor(_plate(picture, alpha), cv2.COLOR_RGB2GRAY).astype(int)
    steps = max(np.abs(np.diff(plate, axis=axis)).max() for axis in (0, 1))
    assert steps <= 3


def test_a_glow_goes_on_rising_behind_the_person() -> None:
    """A light that falls off around a person, by a level a pixel, is brightest behind them: nowhere there is the plate
    darker than beside their edge, to 2 levels, or that would remain as a ring.
    """
    picture, alpha = _before(np.clip(200 - (_from_centre() - _RADIUS), 60, 255))
    along = _plate(picture, alpha)[_SIDE // 2, _SIDE // 2 :, 1].astype(int)
    assert along[: _RADIUS - 30].min() >= along[_RADIUS + 8] - 2


def test_a_shadow_on_the_wall_leaves_no_line() -> None:
    """A head's own shadow, which halves the light at its edge and is half gone 8 pixels beside it, is no line on the wall
    when the head has turned away: behind that edge the plate is nowhere lighter than at it by more than 6 of 180 levels (12
    where the tone alone goes on).
    """
    picture, alpha = _before(180 - 90 * np.exp2((_RADIUS - _from_centre()) / 8))
    along = _plate(picture, alpha)[_SIDE // 2, _SIDE // 2 :, 1].astype(int)
    assert along[_RADIUS - 30 : _RADIUS].max() <= along[_RADIUS : _RADIUS + 30].min() + 6


def test_a_lamp_half_behind_the_person_goes_on() -> None:
    """What the person covers in part has no brink where the photo ends: a lamp before a dark wall fades, pixel by pixel, by
    at most 8 levels.
    """
    wall = np.full((_SIDE, _SIDE), 60, np.float32)
    wall[140:180, :200] = 220
    picture, alpha = _before(cv2.GaussianBlur(wall, (0, 0), 2))
    along = _plate(picture, alpha)[160, :, 0].astype(int)
    assert np.abs(np.diff(along)).max() <= 8


def test_grain_goes_on_behind_the_person() -> None:
    """The uncovered rim of a lively background varies at least six tenths as much as the background; a blur would hardly."""
    grain = 128 + 30 * np.random.default_rng(7).standard_normal((_SIDE, _SIDE))
    picture, alpha = _before(cv2.GaussianBlur(grain.astype(np.float32), (0, 0), 1.0) * 2 - 128)
    plate = cv2.cvtColor(_plate(picture, alpha), cv2.COLOR_RGB2GRAY)
    away = _from_centre()
    beside, uncovered = plate[away > _RADIUS + 40], plate[(away > _RADIUS - 15) & (away < _RADIUS)]
    assert 0.6 < uncovered.std() / beside.std() < 1.1


def test_a_pattern_goes_on_behind_the_person() -> None:
    """Slanting stripes, 12 pixels apart, go on behind the person as they were: the uncovered rim, 15 pixels of it, agrees
    with what was hidden (correlation at least 0.8), which a mirror image or a smooth filling would not.
    """
    y, x = np.indices((_SIDE, _SIDE), np.float32)
    stripes = 128 + 60 * np.sin(2 * np.pi * (x + y) / 12)
    picture, alpha = _before(stripes)
    away = _from_centre()
    uncovered = (away > _RADIUS - 15) & (away < _RADIUS)
    plate = _plate(picture, alpha)[..., 0]
    assert np.corrcoef(plate[uncovered], stripes[uncovered])[0, 1] >= 0.8


@pytest.mark.parametrize("slope", [-0.6, 0.0, 0.3])
def test_a_rail_goes_straight_on_behind_the_person(slope: float) -> None:
    """A dark rail that slants behind the person, before a light wall, is found again in the uncovered rim, 35 pixels of it,
    where it would come out on the other side: the plate is off by 4 of the 140 levels between the two on average at most.
    """
    y, x = np.indices((_SIDE, _SIDE), np.float32)
    rail = np.clip(12 - np.abs(y - _SIDE / 2 - slope * (x - _SIDE / 2)), 0, 1)
    background = 200 - 140 * rail
    picture, alpha = _before(background)
    away = _from_centre()
    uncovered = (away > _RADIUS - 35) & (away < _RADIUS) & (np.abs(y - _SIDE / 2 - slope * (x - _SIDE / 2)) < 30)
    assert np.abs(_plate(picture, alpha)[..., 0] - background)[uncovered].mean() <= 4


@pytest.mark.parametrize("before", [8, 12])
def test_lines_that_are_seen_to_end_do_not_go_on(before: int) -> None:
    """Light rays that end before the person, where there may be hair, are not drawn on over the wall that is seen there, or
    that would go along with him: it is off by more than 20 of 120 levels in one place of 50 at most, before in one of 23.
    """
    wall = np.full((_SIDE, _SIDE), 110, np.float32)
    for angle in np.radians(range(-70, 71, 20)):
        begin, end = (
            [round(_SIDE / 2 + away * way) for way in (np.cos(angle), np.sin(angle))]
            for away in (_RADIUS + before, _RADIUS + 60)
        )
        cv2.line(wall, begin, end, (230,), 5)
    picture, alpha = _before(cv2.GaussianBlur(wall, (0, 0), 1))
    away = _from_centre()
    bare = (away > _RADIUS + 2) & (away < _RADIUS + _REACH) & (np.abs(picture[..., 0].astype(int) - 110) < 3)
    assert (np.abs(_plate(picture, alpha)[bare, 0].astype(int) - 110) > 20).mean() <= 1 / 50


def test_single_pixels_like_the_wall_leave_no_dots_in_a_line() -> None:
    """A beam that goes on behind stray hair beside the person is there, though the wall shows through this in dots: on
    these it has 190 of its 230 levels or more in the mean, where they were holes in it 175.
    """
    wall = np.full((_SIDE, _SIDE), 110, np.float32)
    wall[_SIDE // 2 - 8 : _SIDE // 2 + 8] = 230
    hair = np.clip(_RADIUS + 8 - _from_centre(), 0, 1)
    picture, alpha = _before(wall * (1 - hair) + 40 * hair)
    dots = np.zeros(alpha.shape, bool)
    for before in (2, 5):
        dots[_SIDE // 2 - 4 : _SIDE // 2 + 5 : 4, _SIDE // 2 + _RADIUS + before] = True
    picture[dots] = 110
    assert _plate(picture, alpha)[dots].mean() >= 190


def test_lines_along_the_person_leave_no_splinters() -> None:
    """Lines go on at least five pixels wide or not at all, also behind a disc that one of them only touches."""
    photo = np.full((240, 240, 3), 200, np.uint8)
    for begin, end, width in (((0, 0), (239, 239), 6), ((190, 0), (170, 239), 8), ((0, 182), (239, 186), 6)):
        cv2.line(photo, begin, end, (60, 70, 60), width)
    hidden = np.asarray(cv2.circle(np.zeros((240, 240), np.uint8), (120, 120), 60, (1,), cv2.FILLED), np.uint8)
    unsure = np.asarray(cv2.dilate(hidden, np.ones((5, 5), np.uint8)), np.uint8)
    _, left = drawn_on(photo, photo.astype(np.float32), hidden, unsure, edge=6.0)
    drawn = hidden - left
    assert drawn.sum() > 1000
    assert np.array_equal(drawn, cv2.morphologyEx(drawn, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)))


def test_a_line_goes_on_without_stairs() -> None:
    """A line that varies by two levels a pixel at most does so where it is drawn on, too, four pixels to a place."""
    y, x = np.indices((960, 960), np.float32)
    waves = 60 + 60 * np.abs(np.mod(y, 80) / 40 - 1)
    photo = np.dstack([np.where(np.abs(x - 480) < 20, waves, 200).astype(np.uint8)] * 3)
    few = np.asarray(cv2.resize(photo, (240, 240), interpolation=cv2.INTER_AREA), np.float32)
    hidden, unsure = np.zeros((2, 240, 240), np.uint8)
    hidden[120:], unsure[116:] = 1, 1
    drawn, left = drawn_on(photo, few, hidden, unsure, edge=6.0)
    assert not left[121:140, 120].any()
    assert np.abs(np.diff(drawn[484:560, 480, 0])).max() <= 2


def _beside_letters() -> Float:
    """A grey wall with white letters on it, some of which touch the person."""
    wall = np.full((_SIDE, _SIDE), 110, np.float32)
    for angle in range(-60, 61, 24):
        middle = [round(_SIDE / 2 + (_RADIUS + 22) * way) for way in (np.cos(np.radians(angle)), np.sin(np.radians(angle)))]
        cv2.circle(wall, middle, 16, (245,), 7)
    return np.asarray(cv2.GaussianBlur(wall, (0, 0), 1.0), np.float32)


def test_letters_stay_up_to_the_person() -> None:
    """Letters on a wall, lighter than the person, are the photo's from 4 pixels beside him on, though for 10 there may be
    hair: exactly, in 95 of 100 places; what lines and patches made of them was that in 86.
    """
    picture, alpha = _before(_beside_letters())
    plate = plate_of(picture, alpha, _REACH)
    away = _from_centre()
    beside = (away > _RADIUS + 4) & (away < _RADIUS + _REACH) & (picture[..., 0] > 240)
    assert (plate.picture[beside] == picture[beside]).all(axis=1).mean() > 0.95
    assert not plate.told[away < _RADIUS].any()


@pytest.mark.parametrize("level", [20, 65, 190])
def test_hair_and_the_shine_around_it_are_not_told_from_the_person(level: int) -> None:
    """A lock beside the person as dark as he, one half as dense, and a light rim around him that reaches no letter, are not
    told from him, and leave the plate: there is the wall, to 20 levels of 90, 45 and 80.
    """
    picture, alpha = _before(_beside_letters())
    away = _from_centre()
    y, x = np.indices((_SIDE, _SIDE))
    here = (np.abs(away - _RADIUS - 3) < 2) & (x < 120) if level == 190 else (np.abs(y - 160) < 3) & (x < 90) & (x > 81)
    picture[here] = level
    plate = plate_of(picture, alpha, _REACH)
    assert not plate.told[here].any()
    assert np.abs(plate.picture[here].astype(int) - 110).max() <= 20


def test_texture_grows_from_what_is_in_sight_alone() -> None:
    """Each hidden place that is wanted takes its texture from a place in sight, and none else; always the same."""
    texture = np.random.default_rng(5).standard_normal((120, 160, 3)).astype(np.float32)
    y, x = np.indices((120, 160))
    hidden = np.hypot(x - 80, y - 60) < 40
    wanted = hidden & (np.abs(np.hypot(x - 80, y - 60) - 35) < 5)
    steps = grow(texture, np.zeros_like(texture), hidden, wanted)
    assert np.array_equal(steps.any(axis=2), wanted)
    source = np.stack([x, y], axis=-1) + steps.astype(int)
    assert not hidden[source[wanted][:, 1], source[wanted][:, 0]].any()
    assert np.array_equal(steps, grow(texture, np.zeros_like(texture), hidden, wanted))


def test_patches_of_texture_fade_into_each_other() -> None:
    """Where texture is from two steps away here and from its own place there, it goes over across one place."""
    ramp = np.repeat(np.tile(np.arange(128, dtype=np.float32), (128, 1))[..., None], 3, axis=2)
    steps = np.zeros((8, 8, 2), np.float32)
    steps[:, 4:, 0] = -2.0  # places of 16 pixels
    taken = _looked_up(ramp, steps)[64, :, 0]
    assert np.allclose(taken[:56], np.arange(56), atol=0.01)
    assert np.allclose(taken[72:], np.arange(72, 128) - 32, atol=0.01)
    assert np.abs(np.diff(taken)).max() < 3


def test_texture_grows_where_the_tone_is_its_own() -> None:
    """Between leaves on the left and a smooth wall on the right, half hidden each, leaves grow on the left alone: of the
    places that take texture from the other half there are less than one in twenty.
    """
    texture = np.random.default_rng(5).normal(0, 20, (120, 160, 3)).astype(np.float32)
    texture[:, 80:] *= 0.1
    tone = np.full((120, 160, 3), 60, np.float32)
    tone[:, 80:] = 160
    y, x = np.indices((120, 160))
    hidden = np.hypot(x - 80, y - 60) < 40
    steps = grow(texture, tone, hidden, hidden)
    other = (x < 80) != (x + steps[..., 0] < 80)
    assert other[hidden].mean() < 0.05


@pytest.mark.parametrize("strip", [14, 18, 20, 40])
def test_a_strip_of_wall_goes_on(strip: int) -> None:
    """However little of a wall is in sight beside a striped person, behind it is the wall, to 2 levels, and no stripe."""
    picture = np.full((_SIDE, _SIDE, 3), 200, np.uint8)
    picture[strip:] = np.where(np.arange(_SIDE - strip) % 8 < 4, 30, 90)[:, None, None]
    alpha = np.zeros((_SIDE, _SIDE), np.uint8)
    alpha[strip:] = 255
    assert np.abs(_plate(picture, alpha)[strip:].astype(int) - 200).max() <= 2


def test_nothing_in_sight_grows_nothing() -> None:
    """Where everything is hidden there is no texture to take, and no step is made."""
    everywhere = np.ones((60, 60), bool)
    nothing = np.zeros((60, 60, 3), np.float32)
    assert not grow(nothing, nothing, everywhere, everywhere).any()


def test_what_is_not_hidden_is_the_photos() -> None:
    """Away from the person every pixel of the plate is the photo's."""
    noise = np.random.default_rng(3).integers(0, 256, (_SIDE, _SIDE)).astype(np.float32)
    picture, alpha = _before(noise)
    far = _from_centre() > _RADIUS + 6 * _REACH
    assert np.array_equal(_plate(picture, alpha)[far], picture[far])


def test_the_hair_of_others_does_not_grow_behind_the_person() -> None:
    """Between leaves, whose red varies, and another's curls, whose blue does, leaves alone go on in the uncovered rim, 15
    pixels of it; were the curls nobody's they would, too: blue varies there less than a quarter as much.
    """
    speckled = cv2.GaussianBlur(np.random.default_rng(2).normal(0, 200, (_SIDE, _SIDE)).astype(np.float32), (0, 0), 1.5)
    right = np.indices((_SIDE, _SIDE))[1] > _SIDE / 2
    picture, alpha = _before(np.full((_SIDE, _SIDE), 120, np.float32))
    for channel, where in ((0, ~right), (2, right)):
        lively = where & (alpha == 0)
        picture[lively, channel] = (120 + speckled[lively]).clip(0, 255)
    away = _from_centre()
    uncovered = (away > _RADIUS - 15) & (away < _RADIUS) & right
    nobodys, anothers = (plate_of(picture, alpha, _REACH, own).picture[uncovered, 2] for own in (None, np.float32(~right)))
    assert anothers.std() < 0.25 * nobodys.std()
