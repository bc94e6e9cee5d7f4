"""Eyes rest on a viewer, jump to the next point of that face, and look elsewhere after a blink."""

from __future__ import annotations

import numpy as np
import pytest

from vivify.motion import Life, Motion, Template, compose
from vivify.motion.looks import Looks

_NOTHING = Template("still", "Nothing.", "nobody", "CC0-1.0", 25.0, 0.8, Motion.still(50))


def _looks(seed: int = 1, seconds: float = 60.0, blinks: tuple[float, ...] = ()) -> Looks:
    return Looks.of(np.random.default_rng(seed), seconds, blinks)


def test_eyes_rest_and_jump() -> None:
    """In a minute they rest 30 to 45 times, begin as in the photo, stand still in nine of ten frames or more, and are never
    farther from there than 0.03 eye widths aside and 0.012 up or down.
    """
    gaze = _looks().gaze(range(1500), 25.0)
    still = ~np.diff(gaze, axis=0).any(axis=1)
    assert not gaze[:15].any()
    assert still.mean() > 0.9
    rests = 1 + np.count_nonzero(still[1:] & ~still[:-1])
    assert 30 <= rests <= 45
    assert np.abs(gaze[:, 0]).max() == pytest.approx(0.03, abs=0.005)
    assert np.abs(gaze[:, 1]).max() == pytest.approx(0.012, abs=0.002)


def test_a_jump_takes_as_long_at_any_rate() -> None:
    """At 25 frames a second eyes are there within a frame or two; at 100, within four or five."""
    for fps, most in ((25, 2), (100, 5)):
        moves = np.diff(_looks().gaze(range(60 * fps), fps), axis=0).any(axis=1)
        ends = np.flatnonzero(np.diff(np.concatenate([[0], moves.astype(int), [0]])))
        lasting = ends[1::2] - ends[::2]
        assert lasting.min() >= most - 1
        assert np.median(lasting) <= most


def test_after_a_blink_they_look_elsewhere() -> None:
    """A blink that shuts them at 0.3 s, before they would have left by themselves, is when they first do."""
    gaze = _looks(blinks=(0.3,)).gaze(range(60), 100.0)
    assert not gaze[:31].any()
    assert gaze[31:35].any(axis=1).all()


def test_looks_are_told_a_stretch_at_a_time() -> None:
    """Frame for frame the same, whichever are asked for; with another seed they are others."""
    looks, other = _looks(1), _looks(2)
    whole = looks.gaze(range(1500), 25.0)
    assert np.array_equal(looks.gaze(range(400, 700), 25.0), whole[400:700])
    assert not np.array_equal(other.gaze(range(1500), 25.0), whole)


def test_upper_lids_follow_the_eyes() -> None:
    """They go down where eyes look down and up where they look up, by 3 of the way to shut for each eye width."""
    motion = compose([], Life(_NOTHING, _NOTHING), 8.0, 25.0, mouth_width=0.8, seed=3)
    assert np.ptp(motion.gaze[:, 1]) > 0.01
    assert np.allclose(motion.lids, 3 * motion.gaze[:, 1:], atol=1e-6)


def test_in_a_loop_the_eyes_come_back() -> None:
    """A clip that ends where it began ends with the eyes as in the photo, within what they go in a frame."""
    life = Life(_NOTHING, _NOTHING)
    gaze = compose([], life, 8.0, 25.0, mouth_width=0.8, seed=3, loop=True).gaze
    assert np.abs(gaze).max() > 0.01
    assert np.abs(gaze[-1]).max() < 0.005
