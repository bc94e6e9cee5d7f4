"""Blinks that come by themselves: at human rates, no two alike, with turns, and never twice over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vivify.engine import DEFAULT_MOTIONS
from vivify.motion import Beat, Life, Motion, Template, compose, in_turn, template
from vivify.motion.library import BLINK, IDLE

MOUTH = 0.8  # eye distances


def test_nobody_blinks_while_a_motion_does() -> None:
    """While a motion that closes the lids by itself plays they close as often as it does; before and after it, as usual."""
    beats = [Beat(template("double-blink"), start=2.0, seconds=4.0)]
    while_it_plays = slice(50, 150)
    alone = compose(beats, None, 12.0, 25.0, mouth_width=MOUTH).lids
    blinks = 0
    for seed in range(12):
        lids = compose(beats, Life(template(IDLE), template(BLINK)), 12.0, 25.0, mouth_width=MOUTH, seed=seed).lids
        assert np.abs(lids - alone)[while_it_plays].max() < 0.1, seed
        blinks += bool(np.abs(lids - alone).max() > 0.9)
    assert blinks > 6


def _blinks(motion: Motion) -> list[int]:
    """The frames at which the right eye is shut most, one a blink."""
    shut = motion.lids[:, 0] > 0.5
    starts = np.flatnonzero(shut & ~np.roll(shut, 1))
    return [int(f) for f in starts]


@pytest.mark.parametrize("seed", range(6))
def test_people_blink_at_human_rates(seed: int) -> None:
    """With nothing asked for, a person blinks 9 to 20 times a minute, never twice within two seconds."""
    motion = compose([], Life(template(IDLE), template(BLINK)), 60.0, 25.0, mouth_width=MOUTH, seed=seed)
    blinks = _blinks(motion)
    assert 9 <= len(blinks) <= 20
    assert min(np.diff(blinks)) >= 50


def test_no_blink_is_like_the_last() -> None:
    """Of the blinks of two minutes the longest keeps the eyes more than half shut 1.3 to 2.5 times as long as the shortest,
    none for less than 0.07 or more than 0.22 seconds: the quick and the slow tenth of filmed ones do for 0.08 and 0.29.
    """
    fps = 100.0
    lids = compose([], Life(template(IDLE), template(BLINK)), 120.0, fps, mouth_width=MOUTH, seed=1).lids[:, 0]
    edges = np.flatnonzero(np.diff((lids > 0.5).astype(int)))
    lasting = (edges[1::2] - edges[::2]) / fps
    assert 0.07 < lasting.min() < lasting.max() / 1.3
    assert lasting.max() < min(0.22, 2.5 * lasting.min())


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("before", "moved"), [(0.3, 0.15), (-0.5, -0.25), (0.7, 0.0)])
def test_a_blink_goes_with_a_turn(seed: int, before: float, moved: float) -> None:
    """A blink due less than 0.6 s before or after a head turns fastest comes half as far from that, others when due; a
    tilt of as many degrees moves none.
    """
    life = Life(template(IDLE), template(BLINK))

    def shut(*beats: Beat) -> float:
        lids = compose(beats, life, 4.0, 50.0, mouth_width=MOUTH, seed=seed).lids[:, 0]
        return int(np.argmax(lids > 0.9)) / 50

    due = shut()
    turn = Motion.still(61)
    turn.rotation[30, 0], turn.rotation[31:, 0] = 6, 12
    middle = due + 0.05 + before  # the lids stay shut for 0.06 to 0.15 s
    beat = Beat(Template("turn", "Turns.", "nobody", "CC0-1.0", 30.0, 0.8, turn), start=middle - 1.0, seconds=2.0)
    assert shut(beat) - due == pytest.approx(moved, abs=0.05)
    tilt = replace(beat.template, motion=replace(turn, rotation=turn.rotation[:, [1, 2, 0]]))
    assert shut(replace(beat, template=tilt)) == due


def test_no_blink_falls_into_a_motion_that_closes_the_eyes() -> None:
    """While a motion blinks by itself, life adds no blink of its own: the lids are never closed twice over."""
    beat = Beat(template("double-blink"), 0.0, 20.0)
    motion = compose([beat], Life(template(IDLE), template(BLINK)), 20.0, 25.0, mouth_width=MOUTH, seed=3)
    assert motion.lids.max() <= 1.0 + 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_the_usual_clip_blinks(seed: int) -> None:
    """With the usual motions, four seconds hold a whole blink at any seed, and no lid is asked to go beyond shut."""
    beats = in_turn([template(name) for name in DEFAULT_MOTIONS], 4.0)
    motion = compose(beats, Life(template(IDLE), template(BLINK)), 4.0, 25.0, mouth_width=MOUTH, seed=seed)
    assert motion.lids.max(axis=0) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("seed", range(8))
def test_no_clip_ends_in_a_blink(seed: int) -> None:
    """However long a clip is, at its end the eyes that life shuts are open again."""
    life = Life(template(IDLE), template(BLINK))
    for seconds in np.arange(2.0, 5.0, 0.2):
        last = compose([], life, seconds, 25.0, mouth_width=MOUTH, seed=seed).lids[-1]
        assert last.max() < 0.1
