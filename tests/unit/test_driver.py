"""A portrait follows a driver from the first frame on, whatever the driver's mouth and eyes do in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vivify.arrays import Float
from vivify.faces.topology import EYES, LOWER_INNER_LIP, MESH, UPPER_INNER_LIP, lips_apart
from vivify.motion import Motion
from vivify.motion.driver import Driver

FPS, COUNT = 25.0, 50
# How far lips are apart, in eye distances: 0.2, shut at a quarter of the time, and so once more.
WORD = 0.1 * (1 + np.cos(np.linspace(0, 4 * np.pi, COUNT)))
SHUT, APART = 0.0, 0.2


def _face(apart: float, opened: float = 0.3) -> Float:
    """Landmarks of nothing but lips ``apart``, in eye distances, and eyes ``opened``, over their width."""
    points = np.zeros((478, 3), np.float32)
    points[list(LOWER_INNER_LIP), 1] = apart
    for eye in EYES:
        points[list(eye.lower[0]), 1] = opened
        points[eye.inner, 0] = 1
    return points


def _talking(word: Float = WORD) -> Driver:
    """Someone whose video begins in the middle of a ``word``: only the lower lip moves."""
    moved = np.zeros((COUNT, MESH, 3), np.float32)
    moved[:, list(LOWER_INNER_LIP), 1] = (word - word[0])[:, None]
    return Driver(replace(Motion.still(COUNT), displacement=moved), FPS, _face(word[0]))


def _opening(shown: float, word: Float = WORD) -> Float:
    """How much farther apart than in the photo, where they are ``shown`` apart, the lips are asked to be in each frame."""
    moved = _talking(word).role(FPS, {}, shown=_face(shown), seed=0, loop=False).motion(range(COUNT)).displacement[..., 1]
    return np.asarray(moved[:, LOWER_INNER_LIP[4]] - moved[:, UPPER_INNER_LIP[4]], np.float32)


def test_shut_lips_part_with_a_driver_who_begins_in_a_word() -> None:
    """From a quarter of a second on lips that the photo shows shut are as far apart as the driver's, within 0.01 eye
    distances; at first they are as in the photo.
    """
    opening = _opening(SHUT)
    assert opening[0] == 0
    assert np.abs(opening - WORD)[7:].max() < 0.01


def test_lips_as_far_apart_as_the_drivers_do_just_what_those_do() -> None:
    """Where the photo shows lips as far apart as the driver's first frame, or farther, nothing is added."""
    for shown in (APART, 0.4):
        assert np.array_equal(_opening(shown), (WORD - WORD[0]).astype(np.float32))


def test_lips_a_little_closer_than_the_drivers_come_from_there() -> None:
    """Where the photo shows lips 0.05 closer than the driver's first frame does, 0.04 is added: readings may be off."""
    assert _opening(0.15)[7:] == pytest.approx((WORD - WORD[0] + 0.04)[7:], abs=0.002)


def test_parted_lips_touch_when_the_drivers_do() -> None:
    """With a driver who begins with his mouth shut, lips that the photo shows a little apart are from a quarter of a second
    on as far apart as his, within 0.01 eye distances; at first they are as in the photo. Those of a gaping mouth, which it
    would take the jaw to close, are as much farther apart as his are.
    """
    word = APART - WORD
    opening = _opening(0.1, word)
    assert opening[0] == 0
    assert np.abs(0.1 + opening - word)[7:].max() < 0.01
    assert np.abs(_opening(0.4, word) - word).max() < 1e-6


def _usually(usual: float, half: float) -> Float:
    """(COUNT, 2): lids at ``usual``, against the first frame's, but ``half`` shut in frame 20 and shut in frame 30."""
    lids = np.full((COUNT, 2), usual, np.float32)
    lids[0], lids[20], lids[30] = 0, half, 1
    return lids


def _followed(lids: Float, opened: float) -> Float:
    """(COUNT, 2): how far a driver's ``lids`` shut eyes that the photo shows ``opened``."""
    talking = _talking()
    driver = replace(talking, motion=replace(talking.motion, lids=lids))
    return driver.role(FPS, {}, shown=_face(APART, opened), seed=0, loop=False).motion(range(COUNT)).lids


def test_narrow_eyes_follow_a_driver_who_begins_in_surprise() -> None:
    """Of a driver whose lids are usually a quarter shut against his first frame, eyes that the photo shows a quarter
    narrower than that are as in the photo when his are as usual, a third shut when his are half shut, and shut when his
    are; eyes as wide as his do just what his do.
    """
    lids = _usually(0.25, 0.5)
    assert _followed(lids, 0.75 * 0.3)[[0, 10, 20, 30], 0] == pytest.approx([0, 0, 1 / 3, 1], abs=1e-5)
    assert np.array_equal(_followed(lids, 0.3), lids)


def test_nobody_stares_whose_driver_begins_in_half_a_blink() -> None:
    """Of a driver whose lids are usually a quarter wider than in his first frame, eyes that the photo shows a quarter wider
    than that are as in the photo when his are as usual, a fifth shut when his are as in the first frame, and shut when his
    are; eyes as narrow as his do just what his do.
    """
    lids = _usually(-0.25, 0.0)
    assert _followed(lids, 1.25 * 0.3)[[0, 10, 20, 30], 0] == pytest.approx([0, 0, 1 / 5, 1], abs=1e-5)
    assert np.array_equal(_followed(lids, 0.3), lids)


def test_narrow_eyes_follow_a_driver_whose_wide_eyes_are_his_usual_ones() -> None:
    """Lids of a driver who usually has them as in his first frame shut eyes of any width as far as they are told to."""
    lids = np.zeros((COUNT, 2), np.float32)
    lids[20], lids[30] = 0.5, 1
    driver = replace(_talking(), motion=replace(Motion.still(COUNT), lids=lids))
    narrow = driver.role(FPS, {}, shown=_face(APART, 0.75 * 0.3), seed=0, loop=False).motion(range(COUNT)).lids
    assert np.array_equal(narrow, lids)


def test_whose_chest_is_not_seen_breathes_all_the_same() -> None:
    """The chest does what the driver's did where that was seen; else it sinks and rises by itself, each person's apart."""
    seen = replace(_talking(), motion=replace(Motion.still(COUNT), chest=np.full((COUNT, 2), 0.1, np.float32)))

    def chest(driver: Driver, seed: int) -> Float:
        return driver.role(FPS, {}, shown=_face(APART), seed=seed, loop=False).motion(range(COUNT)).chest

    assert np.array_equal(chest(seen, 1), seen.motion.chest)
    one, other = (chest(_talking(), seed) for seed in (1, 2))
    assert one[:, 1].max() > 0.01
    assert not np.array_equal(one, other)


def test_how_far_lips_are_apart_is_told_around_their_middle() -> None:
    """Of landmarks whose lower lip lies 3 below the upper and 4 behind, it is 5, wherever the corners are."""
    points = np.zeros((478, 3))
    points[list(LOWER_INNER_LIP[3:6])] = (0, 3, 4)
    points[[LOWER_INNER_LIP[0], LOWER_INNER_LIP[8]]] = 100
    assert lips_apart(points) == 5


def test_a_loop_comes_back_as_people_turn() -> None:
    """A driver who is turned by 20 degrees at the end is followed as without a loop until 0.8 s before it, then comes back
    at 40 degrees a second at most, and is within half a degree of the photo in the last frame; stretch by stretch the same.
    """
    turned = replace(Motion.still(COUNT), rotation=np.linspace([0, 0, 0], [20, 0, 0], COUNT).astype(np.float32))
    driver = Driver(turned, FPS, _face(APART))

    def yaw(frames: range, *, loop: bool) -> Float:
        return driver.role(FPS, {}, shown=_face(APART), seed=0, loop=loop).motion(frames).rotation[:, 0]

    whole = yaw(range(COUNT), loop=True)
    assert np.array_equal(whole[:30], yaw(range(30), loop=False))
    assert np.abs(np.diff(whole)).max() * FPS < 40
    assert abs(whole[-1]) < 0.5
    assert np.array_equal(yaw(range(25, 45), loop=True), whole[25:45])
