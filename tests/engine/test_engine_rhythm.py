"""When people set off and blink: each photo has its own rhythm, and always the same."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np

from tests.bench.stage import Recording, record
from tests.drawn import animated
from tests.portrait import portrait
from vivify import engine
from vivify.arrays import Float
from vivify.faces import Face
from vivify.faces.topology import MOUTH_CORNERS
from vivify.motion import template
from vivify.photos import Photo
from vivify.score import Score

SMALL = engine.Options(size=64, fps=10.0)
_clip = partial(record, drawn=False)


def _of_others(count: int) -> list[tuple[Photo, Face]]:
    """As many photos, each of them darker than the one before."""
    photo, face = portrait()
    return [(Photo(photo.pixels - photo.pixels // 32 * np.uint8(step), "png"), face) for step in range(count)]


def _first_blink(clip: Recording) -> int:
    return int(np.argmax(clip.tracks[0].lids[:, 0] > 0.5))


def _turns_most(clip: Recording, face: int = 0) -> int:
    return int(np.argmax(np.abs(clip.tracks[face].rotation[:, 0])))


def test_the_same_photo_always_moves_alike() -> None:
    """Made twice, a clip is the same to the bit; at another size its people do the same at the same time."""
    photo, face = portrait()
    one, again = (animated(photo, [face], replace(SMALL, seconds=2.0)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    small, large = (_clip(photo, [face], replace(SMALL, size=size)).tracks[0] for size in (64, 128))
    assert np.array_equal(small.lids, large.lids)
    assert np.array_equal(small.rotation, large.rotation)


def test_photos_do_not_move_as_one() -> None:
    """Of four photos of one person no two blink first and turn at the same frames; at a seed that is given all do."""
    own = [_clip(photo, [face], replace(SMALL, fps=20.0)) for photo, face in _of_others(4)]
    for one, other in combinations(own, 2):
        assert (_first_blink(one), _turns_most(one)) != (_first_blink(other), _turns_most(other))
        assert not np.array_equal(one.tracks[0].rotation, other.tracks[0].rotation)
    assert len({_first_blink(clip) for clip in own}) > 1
    assert len({_turns_most(clip) for clip in own}) > 1
    first, *rest = (_clip(photo, [face], replace(SMALL, seed=7)).tracks[0] for photo, face in _of_others(3))
    assert all(np.array_equal(first.rotation, other.rotation) for other in rest)


def test_a_group_does_not_do_the_same_at_once() -> None:
    """Of three people who turn and smile the largest and the third turn before they smile, the second smiles first."""
    photo, face = portrait()
    faces = [replace(face, landmarks=face.landmarks + np.array([256 * place, 0, 0], np.float32)) for place in range(3)]
    clip = _clip(Photo(np.ascontiguousarray(np.hstack([photo.pixels] * 3)), "png"), faces, replace(SMALL, size=192, seed=1))

    def smiles_most(number: int) -> int:
        corners = clip.tracks[number].displacement[:, list(MOUTH_CORNERS), 0]
        return int(np.argmax(corners[:, 1] - corners[:, 0]))

    assert [_turns_most(clip, number) < smiles_most(number) for number in range(3)] == [True, False, True]


def test_a_long_clip_turns_and_smiles_again() -> None:
    """In half a minute of the usual the head turns three times, to alternate sides; a motion that is asked for is
    played once.
    """
    face = portrait()[1]

    def turned(motions: tuple[str, ...]) -> list[int]:
        role = Score.of(replace(SMALL, seconds=30.0, motions=motions), seed=1).roles()(0, face)
        yaw = role.motion(range(role.frames)).rotation[:, 0]
        sides = np.where(np.abs(yaw) > 9, np.sign(yaw), 0).astype(int)
        return [int(side) for side, before in zip(sides[1:], sides, strict=False) if side and not before]

    assert turned(engine.DEFAULT_MOTIONS) == [-1, 1, -1]
    assert turned(("turn-left",)) == [-1]


def test_no_two_of_a_group_turn_as_one() -> None:
    """Five people who do the usual turn to both sides; of those who turn to one none does within a fifth of a second of
    another. Motions that are asked for go to the side that was asked for.
    """
    face = portrait()[1]

    def turns(options: engine.Options) -> list[tuple[int, bool]]:
        role_of = Score.of(options, seed=1).roles(5)
        yaws = [role.motion(range(role.frames)).rotation[:, 0] for role in (role_of(number, face) for number in range(5))]
        return [(int(np.abs(yaw).argmax()), bool(yaw[np.abs(yaw).argmax()] > 0)) for yaw in yaws]

    usual = turns(replace(SMALL, fps=25.0))
    assert {right for _, right in usual} == {False, True}
    for (one, side), (other, way) in combinations(usual, 2):
        assert side != way or abs(one - other) >= 5
    asked = turns(replace(SMALL, fps=25.0, motions=("turn-left", "broad-smile")))
    assert {right for _, right in asked} == {False}


def test_idle_movement_that_is_asked_for_is_not_played_twice() -> None:
    """It lies beneath every clip: who asks for it alone gets what goes on by itself, and no more."""
    face = portrait()[1]
    asked, silent = (replace(SMALL, motions=motions) for motions in (("natural-idle",), ()))
    one, other = (Score.of(options, seed=1).roles()(0, face).motion(range(60)) for options in (asked, silent))
    assert np.array_equal(one.rotation, other.rotation)
    assert np.abs(one.rotation).max() > 0.5


def test_a_group_does_not_blink_as_one() -> None:
    """Of four people with the very same face no two begin a blink at the same frame in 20 seconds more than once."""
    role_of = Score.of(replace(SMALL, seconds=20.0, motions=("natural-idle",)), seed=1).roles(4)
    roles = [role_of(number, portrait()[1]) for number in range(4)]
    shut = [role.motion(range(role.frames)).lids[:, 0] > 0.5 for role in roles]
    begun = [set(np.flatnonzero(~before & after).tolist()) for before, after in ((one[:-1], one[1:]) for one in shut)]
    assert all(len(each) >= 3 for each in begun)
    assert all(len(one & other) <= 1 for one, other in combinations(begun, 2))


def test_a_storyboard_is_played_whole_by_each_of_a_group(tmp_path: Path) -> None:
    """Who sets off late smiles as long as the first does, and rests when the clip ends: it lasts that much longer. A clip
    that may not last longer is one in which all set off together.
    """
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"schema": "vivify.storyboard/1", "beats": [{"motion": "broad-smile", "start": 0.2}]}))
    board = 0.2 + template("broad-smile").seconds
    photo, face = portrait()
    other = replace(face, landmarks=face.landmarks + np.array([256, 0, 0], np.float32))
    group = Photo(np.ascontiguousarray(np.hstack([photo.pixels] * 2)), "png"), [face, other]

    def smiles(options: engine.Options) -> list[Float]:
        tracks = _clip(*group, options).tracks
        return [np.linalg.norm(track.displacement[:, list(MOUTH_CORNERS)], axis=2).max(axis=1) for track in tracks]

    free = replace(SMALL, size=128, fps=20.0, storyboard=plan)
    first, late = smiles(free)
    waits = round(20 * (board + 0.125 * board * 0.382)) - round(20 * board)
    assert len(first) == len(late) == round(20 * board) + waits
    assert waits > 0
    assert np.allclose(late[waits:], first[:-waits], atol=0.03)
    assert max(first[-1], late[-1]) < 0.03
    assert late.max() > 0.15
    together = smiles(replace(free, seconds=board))
    assert np.allclose(*together, atol=0.03)


def test_a_storyboard_is_kept_to_the_frame(tmp_path: Path) -> None:
    """Whatever the seed, what a storyboard asks for begins when it says. One corner of the mouth goes farther than the
    other; both together do the same.
    """
    plan = tmp_path / "plan.json"
    beat = {"motion": "broad-smile", "start": 1.0}
    plan.write_text(json.dumps({"schema": "vivify.storyboard/1", "beats": [beat]}))
    photo, face = portrait()
    asked = replace(SMALL, storyboard=plan, seconds=2.0)
    one, other = (_clip(photo, [face], replace(asked, seed=seed)).tracks[0].displacement for seed in (1, 2))
    one, other = (moved[:, list(MOUTH_CORNERS)].mean(axis=1) for moved in (one, other))
    assert np.abs(one[5:]).max() > 0.05
    assert np.allclose(one, other, atol=0.03)  # idle mouths move too
