"""People side by side in one photo, each moved by a performer of their own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from tests.drawn import MOUTH_WIDTH, Pixels, drawn, posed
from tests.portrait import cut, whole
from vivify.animate import Performer
from vivify.animate.person.place import Place
from vivify.animate.person.territory import Territory
from vivify.depth.head import HeadFrame
from vivify.faces import Face
from vivify.faces.topology import CHIN, OVAL
from vivify.motion.limits import HEADS_TOUCH

APART, TOUCHING = 180, 116  # pixels from one face to the other, 42 from eye to eye


@cache
def _pair(apart: int) -> tuple[Pixels, Face, Face]:
    """The same portrait twice in one photo."""
    photo, face = cut(*whole(), 231 - apart // 2, 0, apart, 256)
    moved = face.landmarks + np.array([apart, 0, 0], np.float32)
    return np.ascontiguousarray(np.hstack([photo.pixels] * 2)), face, replace(face, landmarks=moved)


@cache
def _performers(apart: int) -> tuple[Performer, Performer]:
    photo, left, right = _pair(apart)
    return Performer(photo, left, [right]), Performer(photo, right, [left])


def _inside(face: Face, shape: tuple[int, ...]) -> Pixels:
    """(H, W) uint8, not 0 within the face's outline."""
    mask = np.zeros(shape[:2], np.uint8)
    return np.asarray(cv2.fillPoly(mask, [face.landmarks[list(OVAL), :2].astype(np.int32)], 255), np.uint8)


@pytest.mark.parametrize("turn", [(15.0, 0.0, 0.0), (-15.0, 8.0, 10.0)])
@pytest.mark.parametrize("apart", [APART, TOUCHING])
def test_nobody_is_drawn_over_by_another(apart: int, turn: tuple[float, float, float]) -> None:
    """Cheek to cheek or apart, each face is drawn with the other as it is drawn alone, whoever comes last."""
    photo, *faces = _pair(apart)
    performers = _performers(apart)
    motion = posed(turn, lids=1.0)
    alone = [drawn(performer, photo, motion) for performer in performers]
    for order in (performers, performers[::-1]):
        together = photo.copy()
        for performer in order:
            performer.draw(together, performer.track(motion, MOUTH_WIDTH), 0)
        for face, picture in zip(faces, alone, strict=True):
            mine = _inside(face, photo.shape) > 0
            assert (picture != photo)[mine].any()
            assert np.array_equal(together[mine], picture[mine])


def test_two_people_both_move() -> None:
    """Each face of a photo of two moves as far as the other."""
    photo, *faces = _pair(APART)
    motion = posed((18.0, 0.0, 0.0), lids=1.0)
    frame = photo.copy()
    for performer in _performers(APART):
        performer.draw(frame, performer.track(motion, MOUTH_WIDTH), 0)
    changed = (frame != photo).any(axis=2)
    counts = [changed[_inside(face, photo.shape) > 0].sum() for face in faces]
    assert min(counts) > 2000
    assert max(counts) < 1.05 * min(counts)


@pytest.mark.parametrize("who", [0, 1])
@pytest.mark.parametrize("apart", [APART, TOUCHING])
def test_one_of_two_people_moves_alone(apart: int, who: int) -> None:
    """Animating one of two leaves the other's face bit-identical."""
    photo, *faces = _pair(apart)
    frame = drawn(_performers(apart)[who], photo, posed((-20.0, 10.0, 10.0), lids=1.0))
    changed = (frame != photo).any(axis=2)
    assert changed.any()
    assert not changed[_inside(faces[1 - who], photo.shape) > 0].any()


def test_heads_that_touch_hold_each_other_back() -> None:
    """Apart they turn as far as anybody; touching, a quarter of it, and the report can say why."""
    (free, _), (touching, _) = _performers(APART), _performers(TOUCHING)
    assert HEADS_TOUCH not in free.limits.reasons
    assert HEADS_TOUCH in touching.limits.reasons
    assert touching.limits.yaw[0] < 0.5 * free.limits.yaw[0]


def test_a_head_that_goes_beyond_its_own_is_shown_whole() -> None:
    """Down to her chin a head that leans across the line between two heads is drawn there as were there no other."""
    photo, left, right = _pair(APART)
    motion = replace(posed((0.0, 0.0, 12.0)), translation=np.array([[0.5, 0, 0]], np.float32))
    beside, alone = (drawn(Performer(photo, left, others), photo, motion) for others in ([right], []))
    chin = int(left.landmarks[CHIN, 1])
    line = round(np.mean([left.landmarks[:, 0].mean(), right.landmarks[:, 0].mean()]))
    beyond = (slice(0, chin), slice(line, line + 12))  # where the other's hair has not yet begun
    gone = (alone != photo).any(axis=2)[beyond]
    assert gone.sum() > 1000
    assert np.mean(cv2.absdiff(beside, alone).max(axis=2)[beyond][gone] > 8) < 0.05


def test_whoever_comes_last_two_people_look_the_same() -> None:
    """Where two move to one place, each is seen by his share of it, in either order; where one moves, he alone."""
    rng = np.random.default_rng(0)
    photo, first, second = rng.integers(0, 256, (3, 40, 60, 3), dtype=np.uint8)
    first[:, 50:], second[:, :10] = photo[:, 50:], photo[:, :10]
    head = HeadFrame(np.array([10.0, 20, 0]), 5.0, np.eye(3), 0.0)
    other = replace(head, origin=np.array([50.0, 20, 0]))
    nobody = np.zeros((40, 60), np.float32)
    places = [Place(photo, nobody, Territory(*heads)) for heads in ((head, [other]), (other, [head]))]
    shown = []
    for order in ((0, 1), (1, 0)):
        here = photo.copy()
        for number in order:
            places[number].put(here, (first, second)[number])
        shown.append(here)
    assert cv2.absdiff(*shown).max() <= 1
    assert np.array_equal(shown[0][:, :10], first[:, :10])
    assert np.array_equal(shown[0][:, 50:], second[:, 50:])
