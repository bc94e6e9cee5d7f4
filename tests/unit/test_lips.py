"""Lips measured on one person, on the mouth of another: they never cross, nor reach the nose, nor smile twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.other_faces import FRONTAL, fitted, shape_of
from vivify.arrays import Float
from vivify.faces.topology import INNER_LIPS, LOWER_INNER_LIP, MESH, NOSTRILS, OUTER_LIPS, UPPER_INNER_LIP, mouth_width
from vivify.motion import FaceTrack, Limits, Lips, Motion, retarget, template

_LIPS = [*OUTER_LIPS, *INNER_LIPS]


def _lip_gap(shape: Float, track: FaceTrack) -> Float:
    """(T, 9): lower minus upper inner lip, below 0 where they have crossed."""
    moved = shape[None, :MESH] + track.displacement
    return np.asarray(moved[:, list(LOWER_INNER_LIP), 1] - moved[:, list(UPPER_INNER_LIP), 1], np.float32)


@given(seed=st.integers(0, 10_000), lips=st.floats(0.0, 0.2), size=st.floats(0.0, 0.3))
@settings(max_examples=60, deadline=None)
def test_lips_never_cross(seed: int, lips: float, size: float) -> None:
    """Whatever the measured lips did, the upper never passes below the lower."""
    motion = Motion.still(3)
    motion.displacement[:] = np.random.default_rng(seed).normal(0, size, motion.displacement.shape)
    shape = shape_of(lips=lips)
    assert _lip_gap(shape, fitted(motion, shape, 0.8)).min() > -1e-5


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_noise_leaves_a_closed_mouth_closed(seed: int) -> None:
    """Lips whose gap was measured to change by less than 3% of an eye distance do not open a closed mouth at all."""
    motion = Motion.still(4)
    motion.displacement[:] = np.random.default_rng(seed).uniform(-0.0149, 0.0149, motion.displacement.shape)
    shape = shape_of(lips=0.0)
    assert np.abs(_lip_gap(shape, fitted(motion, shape, 0.8))).max() < 1e-5


def test_a_mouth_that_really_opens_does() -> None:
    """A measured opening of a fifth of an eye distance opens the mouth by as much, but next to its corners; both lips go."""
    motion = Motion.still(1)
    motion.displacement[0, list(LOWER_INNER_LIP), 1] = 0.2
    shape = shape_of(lips=0.0)
    gap = _lip_gap(shape, fitted(motion, shape, 0.8))[0]
    assert gap[4] == pytest.approx(0.2, abs=1e-3)
    assert (gap[1:-1] > 0.1).all()


def test_a_mouth_wide_open_is_round() -> None:
    """Lips that a motion draws open to half the mouth's width, straight from its corners to a level line, turn as the lips
    of filmed people do: nowhere by more than 25 degrees but where the opening ends.
    """
    motion, shape = Motion.still(1), shape_of(lips=0.0)
    flat = np.clip(np.arange(1, 10) * (10 - np.arange(1, 10)) / 16, 0, 1) * 0.2
    motion.displacement[0, list(UPPER_INNER_LIP), 1], motion.displacement[0, list(LOWER_INNER_LIP), 1] = -flat, flat
    lips = (shape[:MESH] + fitted(motion, shape, float(mouth_width(shape))).displacement[0])[list(INNER_LIPS), :2]
    along = np.roll(lips, -1, axis=0) - lips
    turns = np.diff(np.unwrap(np.arctan2(along[:, 1], along[:, 0]), period=2 * np.pi), prepend=0)
    turns = np.abs(np.degrees((turns + np.pi) % (2 * np.pi) - np.pi))
    assert turns[2:9].max() < 25
    assert turns[12:19].max() < 25


def test_one_side_may_open_wider() -> None:
    """A mouth that opens wide and crooked stays crooked: its left side opens half as far again as its right."""
    motion, shape = Motion.still(1), shape_of(lips=0.0)
    motion.displacement[0, list(LOWER_INNER_LIP), 1] = np.linspace(0.32, 0.48, 9)
    gap = _lip_gap(shape, fitted(motion, shape, float(mouth_width(shape))))[0]
    assert gap[:4].mean() < gap[5:].mean() - 0.05


@given(mouth=st.floats(0.3, 2.0))
@settings(max_examples=20, deadline=None)
def test_smiles_fit_the_mouth(mouth: float) -> None:
    """Sideways motion of the lips is scaled by this mouth's width over the measured one, between 0.7 and 1.3."""
    motion = Motion.still(1)
    motion.displacement[0, [61, 291], 0] = [-0.02, 0.02]
    shape = shape_of()
    moved = fitted(motion, shape, mouth).displacement[0, 291, 0]
    own = np.linalg.norm(shape[61] - shape[291])
    assert moved == pytest.approx(0.02 * np.clip(own / mouth, 0.7, 1.3), rel=1e-3)


@pytest.mark.parametrize("name", ["broad-smile", "laugh"])
def test_two_smiles_do_not_add_up(name: str) -> None:
    """A mouth that already smiles in the photo, a third wider than usual, widens little more than half as far as another."""
    motion, width = template(name).motion, template(name).mouth_width

    def growth(wider: float) -> float:
        shape = shape_of()
        shape[[61, 291], 0] *= wider
        moved = fitted(motion, shape, width).displacement
        return float((moved[:, 291, 0] - moved[:, 61, 0]).max())

    neutral = 0.8 / float(np.linalg.norm(shape_of()[61] - shape_of()[291]))
    assert growth(neutral) > 0.2
    assert growth(neutral * 4 / 3) < 0.6 * growth(neutral)


def test_a_smile_turns_corners_up_that_the_photo_has_turned_down() -> None:
    """Of mouths turned down by 0.015 eye distances more than usual and by 0.035 the broad smile ends in the same line,
    within a hundredth; a mouth turned up keeps what it has. Nothing is added to what came up by itself: to a smile measured
    on corners as far down.
    """
    motion, width = template("broad-smile").motion, template("broad-smile").mouth_width

    def line(down: float, measured: float = 0.0) -> float:
        shape = shape_of(lips=0.0)
        corners = [INNER_LIPS[0], INNER_LIPS[10], OUTER_LIPS[0], OUTER_LIPS[10]]
        middle = float(shape[[UPPER_INNER_LIP[4], LOWER_INNER_LIP[4]], 1].mean())
        shape[corners, 1] = middle + down
        told = Lips(down=measured)
        moved = shape[:MESH] + retarget(motion, shape, Limits.of(shape, FRONTAL), width, told).displacement
        lips = moved[:, [UPPER_INNER_LIP[4], LOWER_INNER_LIP[4]], 1].mean(axis=1)
        return float((lips - moved[:, [OUTER_LIPS[0], OUTER_LIPS[10]], 1].mean(axis=1)).max())

    assert line(0.05) == pytest.approx(line(0.03), abs=0.01)
    assert line(-0.03) > line(0.03) + 0.03
    assert line(0.05, measured=0.05) == pytest.approx(line(0.015) - 0.035, abs=0.005)


def test_a_smile_that_stays_within_the_broadest_is_shown_nearly_whole() -> None:
    """Corners that go apart nine tenths of as far as they may go at least .93 of that way; asked for twice, no farther."""
    shape = shape_of()
    room = Limits.of(shape, FRONTAL).wider
    went = []
    for asked in (0.9 * room, 2 * room):
        motion = Motion.still(1)
        motion.displacement[0, _LIPS, 0] = asked / 2 * np.sign(shape[_LIPS, 0])
        moved = fitted(motion, shape, float(mouth_width(shape))).displacement[0]
        went.append(float(moved[291, 0] - moved[61, 0]))
    assert 0.93 * 0.9 * room < went[0] <= 0.9 * room
    assert 0.98 * room < went[1] <= room


def test_lips_purse_less_out_of_a_smile() -> None:
    """Corners 0.8 eye distances apart come nearly as close as measured, those of a broad smile not by two thirds of it."""
    motion = Motion.still(1)
    motion.displacement[0, [61, 291], 0] = [0.12, -0.12]
    together = []
    for apart in (0.8, 1.12):
        shape = shape_of()
        shape[[61, 291], 0] = [-apart / 2, apart / 2]
        track = fitted(motion, shape, float(np.linalg.norm(shape[61] - shape[291])))
        together.append(float(track.displacement[0, 61, 0] - track.displacement[0, 291, 0]))
    assert 0.21 < together[0] <= 0.24
    assert 0.1 < together[1] < 0.16


@pytest.mark.parametrize(("wider", "together"), [(0.0, True), (0.2, False)])
def test_lips_touch_near_the_corners_but_in_smiles(wider: float, *, together: bool) -> None:
    """Of a dropped jaw lips next to the corners of the mouth hardly part, of a smile they do; the opening is as high."""
    motion, shape = Motion.still(1), shape_of(lips=0.0)
    motion.displacement[0, list(LOWER_INNER_LIP), 1] = 0.3
    motion.displacement[0, _LIPS, 0] = wider / 2 * np.sign(shape[_LIPS, 0])
    track = fitted(motion, shape, float(mouth_width(shape)))
    gap = _lip_gap(shape, track)[0]
    assert gap.max() > 0.25
    if together:
        assert gap[[0, -1]].max() < 0.15 * gap.max()
    else:
        assert gap[[0, -1]].min() > 0.4 * gap.max()


def test_parted_lips_meet_in_a_kiss() -> None:
    """Lips that the photo shows apart touch at the kiss's height; of somebody who had his apart as well they stay so."""
    kiss, shape = template("kiss"), shape_of(lips=0.1)
    at = int(mouth_width(shape[:MESH] + kiss.motion.displacement).argmin())

    def gap(apart: float) -> Float:
        track = retarget(kiss.motion, shape, Limits.of(shape, FRONTAL), kiss.mouth_width, Lips(apart))
        return _lip_gap(shape, track)[at]

    assert gap(0.0).max() < 0.02
    assert gap(0.1).min() > 0.08


@pytest.mark.parametrize(("apart", "left"), [(0.2, 0.03), (0.35, 0.3), (0.5, 0.45)])
def test_a_mouth_wide_open_stays_open_in_a_kiss(apart: float, left: float) -> None:
    """Lips that the photo shows a fifth of an eye distance apart meet; from .35 on they round themselves and stay open: shut
    without the jaw they looked like a tongue that is put out.
    """
    kiss, shape = template("kiss"), shape_of(lips=apart)
    at = int(mouth_width(shape[:MESH] + kiss.motion.displacement).argmin())
    gap = _lip_gap(shape, retarget(kiss.motion, shape, Limits.of(shape, FRONTAL), kiss.mouth_width))[at].max()
    assert gap < left if apart <= 0.2 else gap > left


@given(rise=st.floats(0.0, 0.6))
@settings(max_examples=20, deadline=None)
def test_the_upper_lip_stays_off_the_nose(rise: float) -> None:
    """However far the measured lip rose, skin is left below the nose: at least 0.4 of what there was."""
    motion, shape = Motion.still(1), shape_of()
    motion.displacement[0, [*UPPER_INNER_LIP, *OUTER_LIPS[1:10]], 1] = -rise
    motion.displacement[0, list(LOWER_INNER_LIP), 1] = 0.2
    moved = shape[:MESH] + fitted(motion, shape, 0.8).displacement[0]
    assert moved[0, 1] - moved[2, 1] > 0.4 * (shape[0, 1] - shape[2, 1])


def test_nostrils_do_not_rise_into_the_nose() -> None:
    """In the broadest smile of the library nothing beneath the tip of the nose comes 0.023 eye distances nearer to it."""
    found = template("broad-smile")
    measured = found.motion.displacement[:, 4, None, 1] - found.motion.displacement[:, list(NOSTRILS), 1]
    moved = fitted(found.motion, shape_of(), found.mouth_width).displacement
    assert measured.max() > 0.04
    assert (moved[:, 4, None, 1] - moved[:, list(NOSTRILS), 1]).max() < 0.023


def test_two_openings_add_up_only_where_the_measured_lips_were_apart_as_well() -> None:
    """Lips that the photo shows 0.16 eye distances apart open by another 0.2 with a mouth that was as far apart; less than
    three quarters of that with one that was shut, smiling or not.
    """
    shape = shape_of(lips=0.16)
    for smile in (0.0, 0.1):
        motion = Motion.still(1)
        motion.displacement[0, list(LOWER_INNER_LIP), 1] = 0.2
        motion.displacement[0, [61, 291], 0] = [-smile / 2, smile / 2]
        opened = [
            float(_lip_gap(shape, retarget(motion, shape, Limits.of(shape, FRONTAL), 0.8, Lips(apart))).max()) - 0.16
            for apart in (0.16, 0.0)
        ]
        assert opened[0] == pytest.approx(0.2, abs=0.02)
        assert 0.05 < opened[1] < 0.15


def test_an_upper_lip_does_not_sink_over_the_teeth_of_a_smile() -> None:
    """A mouth shown open that is asked to shout opens less, by its jaw: the upper lip's middle stays no lower."""
    motion, shape = Motion.still(1), shape_of(lips=0.16)
    motion.displacement[0, [*UPPER_INNER_LIP, *OUTER_LIPS[1:10]], 1] = -0.03
    motion.displacement[0, [*LOWER_INNER_LIP, *OUTER_LIPS[11:]], 1] = 0.6
    track = fitted(motion, shape, 0.8)
    assert track.displacement[0, list(UPPER_INNER_LIP[4:5]), 1].max() <= 1e-6
    assert 0.2 < _lip_gap(shape, track)[0].max() < 0.7


def test_a_smile_of_lips_a_little_apart_shows_teeth() -> None:
    """A smile measured on closed lips raises the upper one where the photo has them a little apart, not where it has not.

    As in filmed smiles that begin so: by about as much as their corners part, times 0.43, and the lower lip stays.
    """
    motion, width = template("gentle-smile").motion, template("gentle-smile").mouth_width
    broadest = int((motion.displacement[:, 291, 0] - motion.displacement[:, 61, 0]).argmax())
    gaps, lower = [], []
    for lips in (0.0, 0.03):
        shape = shape_of(lips=lips)
        track = fitted(motion, shape, width)
        gaps.append(float(_lip_gap(shape, track)[broadest].max()) - lips)
        lower.append(float(track.displacement[broadest, 14, 1]))
    wider = float(motion.displacement[broadest, 291, 0] - motion.displacement[broadest, 61, 0])
    assert 0.3 * wider < gaps[1] < 0.55 * wider
    assert gaps[0] < gaps[1] / 2
    assert abs(lower[1] - lower[0]) < 0.02


def test_lips_do_not_rise_beside_a_corner_that_is_held() -> None:
    """Where the photo's smile leaves the corners hardly any way, the lip beside them rises no higher than they do."""
    smile, shape, lips = template("broad-smile"), shape_of(), [*INNER_LIPS, *OUTER_LIPS]
    middle = shape[lips, 0].mean()
    shape[lips, 0] = middle + (shape[lips, 0] - middle) * 1.12 / mouth_width(shape)
    rises = -fitted(smile.motion, shape, smile.mouth_width).displacement[..., 1]
    broadest = int((smile.motion.displacement[:, 291, 0] - smile.motion.displacement[:, 61, 0]).argmax())
    assert rises[broadest, [61, 291]].min() > 0.02
    assert (rises[broadest, [185, 409]] <= rises[broadest, [61, 291]]).all()


def test_a_smile_parts_lips_that_are_apart_already_less_far() -> None:
    """Teeth fill filmed broad smiles: lips shown apart have part of the way behind them; in talk they part as far as any."""
    smile, talk = template("broad-smile"), Motion.still(1)
    talk.displacement[0, list(LOWER_INNER_LIP), 1] = 0.05
    broadest = int((smile.motion.displacement[:, 291, 0] - smile.motion.displacement[:, 61, 0]).argmax())
    opened = {}
    for lips in (0.0, 0.1):
        shape = shape_of(lips=lips)
        smiling = _lip_gap(shape, fitted(smile.motion, shape, smile.mouth_width))[broadest]
        talking = _lip_gap(shape, fitted(talk, shape, 0.8))[0]
        opened[lips] = float(smiling.max()) - lips, float(talking.max()) - lips
    assert opened[0.1][0] < 0.7 * opened[0.0][0]
    assert opened[0.1][1] > 0.9 * opened[0.0][1]
