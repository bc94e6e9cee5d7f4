"""Several motions become one: the asked length to the frame, from rest, over the idle motion of a living person."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vivify.engine import DEFAULT_MOTIONS
from vivify.motion import PARTS, Beat, Life, Motion, Template, compose, in_turn, template
from vivify.motion.library import BLINK, IDLE, library

MOUTH = 0.8  # eye distances
NAMES = tuple(t.name for t in library() if t.name != IDLE)


def _curves(motion: Motion) -> dict[str, NDArray[np.float32]]:
    return {field.name: getattr(motion, field.name) for field in fields(Motion)}


def _in_turn(
    templates: list[Template], idle: Template | None, seconds: float, fps: float, strength: float, *, loop: bool = False
) -> Motion:
    """The templates in turn over a living person, or over nobody, all parts at one strength."""
    life = None if idle is None else Life(idle, template(BLINK))
    return compose(
        in_turn(templates, seconds), life, seconds, fps, dict.fromkeys(PARTS, strength), mouth_width=MOUTH, loop=loop
    )


def _yaw(frames: int, fps: float, degrees: float, name: str = "made") -> Template:
    """A turn to one side and back."""
    motion = Motion.still(frames)
    motion.rotation[:, 0] = degrees * np.sin(np.linspace(0, np.pi, frames)) ** 2
    return Template(name, "Turns.", "nobody", "CC0-1.0", fps, 0.8, motion)


@given(
    names=st.lists(st.sampled_from(NAMES), max_size=5),
    seconds=st.floats(0.1, 6),
    fps=st.sampled_from([10.0, 24.0, 25.0, 29.97, 30.0, 60.0]),
    loop=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_length_and_rest(names: list[str], seconds: float, fps: float, loop: bool) -> None:
    """Any motions in any time: round(seconds * fps) frames, finite, the first at rest and so nearly the last of a loop."""
    motion = _in_turn([template(n) for n in names], template(IDLE), seconds, fps, 1.0, loop=loop)
    for name, curve in _curves(motion).items():
        assert len(curve) == max(2, round(seconds * fps)), name
        assert curve.dtype == np.float32
        assert np.isfinite(curve).all()
        assert not curve[0].any(), name
    if loop and len(motion) > 12:
        assert np.abs(motion.rotation[-1]).max() < 0.1 * 30
        assert np.abs(motion.lids[-1]).max() < 0.25


def test_a_motion_leaves_its_rest_within_a_quarter_of_a_second() -> None:
    """At any rate it begins at rest and is wholly itself a quarter of a second later, and not much earlier."""
    for fps in (20, 60):
        shut = replace(Motion.still(2 * fps), lids=np.ones((2 * fps, 2), np.float32))
        for both_ends in (False, True):
            lids = shut.settled(fps, both_ends=both_ends).lids[:, 0]
            assert lids[0] == 0
            assert lids[round(0.2 * fps)] < 1
            assert (lids[round(0.25 * fps) : round(1.75 * fps)] == 1).all()
            assert (lids[-1] < 0.2) == both_ends


@pytest.mark.parametrize("fps", [25.0, 60.0, 120.0])
def test_a_clip_begins_as_gently_at_any_frame_rate(fps: float) -> None:
    """Whoever starts amid the idle motion gets there in a quarter of a second: never, at any rate, does the head turn faster
    in that time than 10 degrees a second, or its neck go faster than 0.4 eye distances.
    """
    starts = [
        compose([], Life(template(IDLE), template(BLINK)), 2.0, fps, mouth_width=MOUTH, seed=seed) for seed in range(1, 9)
    ]
    first = round(0.3 * fps)
    speeds = [np.abs(np.diff(start.rotation[:first], axis=0)).max() * fps for start in starts]
    assert max(speeds) < 10
    assert max(np.abs(np.diff(start.translation[:first], axis=0)).max() * fps for start in starts) < 0.4


@pytest.mark.parametrize("fps", [25.0, 60.0])
def test_a_loop_ends_as_gently_as_it_goes_on(fps: float) -> None:
    """Back to the photo nobody hurries: in the last 0.3 seconds of nine loops in ten heads go 6 degrees and 0.27 eye
    distances a second at most, as elsewhere. The others end amid the idle movement's quickest nod.
    """
    life, last = Life(template(IDLE), template(BLINK)), round(0.3 * fps)
    loops = [compose([], life, 6.0, fps, mouth_width=MOUTH, seed=seed, loop=True) for seed in range(40)]
    for name, most in (("rotation", 6.0), ("translation", 0.27)):
        ends = [np.concatenate([getattr(loop, name)[-last:], getattr(loop, name)[:1]]) for loop in loops]
        fastest = sorted(np.linalg.norm(np.diff(end, axis=0), axis=1).max() * fps for end in ends)
        assert fastest[-5] < most, name


def test_a_loop_closes_without_a_jump() -> None:
    """From the last frame of a loop to its first the head moves no farther than it does elsewhere between two frames."""
    motion = _in_turn([template("turn-left"), template("nod")], template(IDLE), 3.0, 25.0, 1.0, loop=True)
    steps = np.abs(np.diff(motion.rotation, axis=0)).max()
    assert np.abs(motion.rotation[-1]).max() <= steps
    assert np.abs(motion.displacement[-1]).max() <= np.abs(np.diff(motion.displacement, axis=0)).max()
    assert np.abs(motion.lids[-1]).max() <= np.abs(np.diff(motion.lids, axis=0)).max()


def test_strength_scales_the_motion_and_not_the_idle() -> None:
    """Twice the strength is twice the turn; no strength leaves the idle motion, and only that."""
    turn = _yaw(40, 25.0, 10.0)
    once, twice = (_in_turn([turn], None, 2.0, 25.0, strength).rotation for strength in (1.0, 2.0))
    assert np.abs(once[:, 0]).max() == pytest.approx(10, abs=0.5)
    assert np.abs(twice - 2 * once).max() < 1e-4
    idle = _in_turn([], template(IDLE), 4.0, 25.0, 1.0)
    none = _in_turn([turn], template(IDLE), 4.0, 25.0, 0.0)
    for name, curve in _curves(idle).items():
        assert np.array_equal(curve, _curves(none)[name]), name
        assert name == "displacement" or curve.any(), name


def test_lids_shut_whole_over_wide_eyes() -> None:
    """A blink shuts eyes that surprise opened wide; two closings at once close no further than the farther one."""
    wide, half, shut = (replace(Motion.still(50), lids=np.full((50, 2), far, np.float32)) for far in (-0.2, 0.5, 1.0))

    def together(*motions: Motion) -> float:
        beats = [Beat(Template("made", "Lids.", "nobody", "CC0-1.0", 25.0, 0.8, motion), 0.0, 2.0) for motion in motions]
        return float(compose(beats, None, 2.0, 25.0, mouth_width=MOUTH).lids[25].mean())

    assert together(wide, shut) == together(shut, wide) == 1
    assert together(wide, half) == pytest.approx(0.4)
    assert together(half, half) == pytest.approx(0.5)
    assert together(wide, wide) == pytest.approx(-0.4)


@pytest.mark.parametrize("seed", range(3))
def test_nobody_sits_still_twice_alike(seed: int) -> None:
    """In a minute no ten seconds of idle movement come again: wherever they are looked for, the head does something else, by
    a fifth of a degree or more (rms; 0.08 at most when it came again every 9.4 seconds).
    """
    head = compose([], Life(template(IDLE), template(BLINK)), 60.0, 10.0, mouth_width=MOUTH, seed=seed).rotation
    apart = [head[20:120] - head[20 + later : 120 + later] for later in range(50, 470)]
    assert min((each - each.mean(axis=0)).std() for each in apart) > 0.2


def test_motions_play_in_turn() -> None:
    """The first motion has the first half, the second the second, each whole and as far as it was measured."""
    motion = _in_turn([_yaw(50, 25.0, 12.0), _yaw(50, 25.0, -12.0)], None, 4.0, 25.0, 1.0)
    yaw = motion.rotation[:, 0]
    assert int(np.argmax(yaw)) in range(15, 45)
    assert int(np.argmin(yaw)) in range(60, 90)
    assert yaw.max() == pytest.approx(12, abs=0.3)
    assert yaw.min() == pytest.approx(-12, abs=0.3)
    assert np.abs(yaw[-1]) < 0.5


@pytest.mark.parametrize("late", [0.0, 0.25, 0.5])
def test_who_sets_off_late_is_back_in_time(late: float) -> None:
    """Motions in turn begin as late as asked, and are over when the clip is: its last frame is at rest but for a degree."""
    beats = in_turn([template(name) for name in DEFAULT_MOTIONS], 4.0, late)
    motion = compose(beats, None, 4.0, 25.0, mouth_width=MOUTH)
    first = int(np.argmax(np.abs(motion.rotation[:, 0]) > 0.2))
    assert first / 25 == pytest.approx(0.45 + late, abs=0.15)
    assert np.abs(motion.rotation[-1]).max() < 1
    assert np.abs(motion.displacement[-1]).max() < 0.02


@pytest.mark.parametrize("late", [0.0, 0.4])
def test_nobody_is_hurried_for_being_late(late: float) -> None:
    """In three seconds, too few to be late in, heads turn no faster than 60 degrees a second and all the way; in half a
    second more no motion is cut off.
    """
    beats = in_turn([template(name) for name in DEFAULT_MOTIONS], 3.0, late)
    yaw = compose(beats, None, 3.0, 25.0, mouth_width=MOUTH).rotation[:, 0]
    assert np.abs(np.diff(yaw)).max() * 25 < 60
    assert yaw.min() < -13
    whole = in_turn([template(name) for name in DEFAULT_MOTIONS], 3.5, late)
    assert all(beat.seconds <= beat.room + 1e-9 for beat in whole)


@given(count=st.integers(1, 40), seconds=st.floats(0.08, 1.5), fps=st.sampled_from([10.0, 25.0, 60.0]))
@settings(max_examples=30, deadline=None)
def test_more_motions_than_time_still_fit(count: int, seconds: float, fps: float) -> None:
    """However many motions are asked of however little time, the clip has its length."""
    parts = [_yaw(30, 30.0, 5.0)] * count
    motion = _in_turn(parts, None, seconds, fps, 1.0)
    assert len(motion) == max(2, round(seconds * fps))
    assert np.isfinite(motion.rotation).all()


def test_motions_that_do_not_fit_never_pile_up() -> None:
    """Four turns to the left in a second turn the head no farther than one: what is too long is cut short, not added."""
    turn = template("turn-left")
    alone = np.abs(turn.motion.rotation[:, 0]).max()
    crowded = _in_turn([turn] * 4, None, 1.0, 25.0, 1.0)
    assert np.abs(crowded.rotation[:, 0]).max() <= alone + 0.5


def test_speed_is_kept_within_bounds() -> None:
    """A motion alone in a long clip takes the time that it took when it was measured, in a short one half of it at least."""
    turn = _yaw(50, 25.0, 10.0)  # two seconds

    def moving(seconds: float) -> int:
        yaw = _in_turn([turn], None, seconds, 25.0, 1.0).rotation[:, 0]
        return int(np.count_nonzero(yaw > 0.2))

    own = int(np.count_nonzero(turn.motion.rotation[:, 0] > 0.2))
    assert moving(2.0) <= own
    assert moving(2.0) >= own / 1.6
    assert moving(10.0) == own


def test_a_minute_is_filled() -> None:
    """In a clip of 60 s the person keeps moving: no second is still, and the idle motion never drifts away."""
    motion = _in_turn([template("nod")], template(IDLE), 60.0, 25.0, 1.0)
    assert len(motion) == 1500
    travel = np.abs(np.diff(motion.rotation, axis=0)).sum(axis=1)
    assert travel[:1475].reshape(-1, 25).sum(axis=1).min() > 0.05
    assert np.abs(motion.rotation[-100:]).max() < 3


@pytest.mark.parametrize("fps", [10.0, 25.0, 60.0])
def test_a_motion_lasts_as_long_at_any_rate(fps: float) -> None:
    """The frame rate changes how often the motion is shown, not how fast it goes."""
    motion = _in_turn([template("turn-right")], None, 2.0, fps, 1.0)
    assert int(np.argmax(motion.rotation[:, 0])) / fps == pytest.approx(1.0, abs=0.35)
    measured = float(template("turn-right").motion.rotation[:, 0].max())
    assert motion.rotation[:, 0].max() == pytest.approx(measured, abs=0.7)


def test_a_seed_is_a_performance() -> None:
    """The same seed gives the same motion to the bit, another one other blinks and another idle movement."""
    life = Life(template(IDLE), template(BLINK))
    one, again, other = (compose([], life, 10.0, 25.0, mouth_width=MOUTH, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(_curves(one).values(), _curves(again).values(), strict=True))
    assert not np.array_equal(one.lids[:, 0] > 0.5, other.lids[:, 0] > 0.5)
    assert not np.array_equal(one.rotation, other.rotation)


def test_no_smile_is_even() -> None:
    """In a living face one corner of the mouth goes farther than the other, by a fifth of their way at most, another one in
    another face; the template alone is even, and so is what both do together.
    """
    life = Life(template(IDLE), template(BLINK))
    beats = in_turn([template("broad-smile")], 4.0)

    def smile(alive: Life | None, seed: int) -> tuple[float, float]:
        asked, idle = (compose(b, alive, 4.0, 25.0, mouth_width=MOUTH, seed=seed).displacement for b in (beats, []))
        right, left = (float(np.abs((asked - idle)[:, corner, 1]).max()) for corner in (61, 291))
        return right + left, (left - right) / (left + right)

    both, even = smile(None, 0)
    assert even == pytest.approx(0, abs=0.001)
    uneven = []
    for seed in range(12):
        size, share = smile(life, seed)
        assert size == pytest.approx(both, rel=0.01)
        uneven.append(share)
    assert -0.1 < min(uneven) < -0.01
    assert 0.01 < max(uneven) < 0.1


def test_motions_share_the_time_as_they_take_it() -> None:
    """In twelve seconds a motion of two and one of four go at their own pace, each in the middle of its share; where there
    is less time than they take, both are as much quicker, and each ends where its share of the time does.
    """
    short, long = _yaw(50, 25.0, 10.0), _yaw(100, 25.0, 10.0)
    quick = in_turn([short, long], 4.7)
    assert [beat.start for beat in quick] == pytest.approx([0.2, 1.7])
    assert [beat.seconds for beat in quick] == pytest.approx([1.5, 3.0])
    assert [beat.room for beat in quick] == pytest.approx([1.5, 3.0])
    slow = in_turn([short, long], 12.2)
    assert [beat.seconds for beat in slow] == pytest.approx([2.0, 4.0])
    assert [beat.start for beat in slow] == pytest.approx([1.2, 6.2])


def test_a_part_has_its_own_strength() -> None:
    """Halving the head's strength halves the turn and leaves the lids as they were."""
    beats = in_turn([template("turn-left"), template("blink")], 4.0)
    full = compose(beats, None, 4.0, 25.0, mouth_width=MOUTH)
    calm = compose(beats, None, 4.0, 25.0, {"head": 0.5}, mouth_width=MOUTH)
    assert np.allclose(calm.rotation, full.rotation * 0.5, atol=1e-5)
    assert np.array_equal(calm.lids, full.lids)


def test_lips_go_by_their_own_mouth() -> None:
    """Of two motions, measured on a small and on a large mouth, each is scaled by its own: on a mouth of 0.8 the corner that
    moved by 0.05 on a mouth of 0.64 goes 0.0625, and the one that moved as far on a mouth of 1.0 goes 0.04.
    """

    def smile(mouth_width: float) -> Template:
        motion = Motion.still(50)
        motion.displacement[:, 291, 0] = 0.05 * np.sin(np.linspace(0, np.pi, 50))
        return Template("smile", "Smiles.", "nobody", "CC0-1.0", 25.0, mouth_width, motion)

    moved = _in_turn([smile(0.64), smile(1.0)], None, 4.0, 25.0, 1.0).displacement[:, 291, 0]
    assert moved[:50].max() == pytest.approx(0.0625, rel=0.01)
    assert moved[55:].max() == pytest.approx(0.04, rel=0.01)


@given(
    names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4),
    frames=st.tuples(st.integers(0, 99), st.integers(1, 100)).filter(lambda f: f[0] < f[1]),
    seed=st.integers(0, 5),
    loop=st.booleans(),
)
@settings(max_examples=20, deadline=None)
def test_a_stretch_is_what_the_whole_has_there(names: list[str], frames: tuple[int, int], seed: int, loop: bool) -> None:
    """Any stretch of a motion asked for alone is the whole motion's, to the bit, wherever beats and blinks are cut by it."""
    beats, life = in_turn([template(name) for name in names], 4.0), Life(template(IDLE), template(BLINK))
    told = partial(compose, beats, life, 4.0, 25.0, mouth_width=MOUTH, seed=seed, loop=loop)
    whole, part = told(), told(frames=range(*frames))
    for name, curve in _curves(part).items():
        assert np.array_equal(curve, _curves(whole)[name][slice(*frames)]), name
