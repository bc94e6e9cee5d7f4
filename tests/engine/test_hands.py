"""Hands before a face: found, told from ears and lips, and what they cover left alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests import gallery as photos
from tests.drawn import MOUTH_WIDTH, posed
from tests.portrait import whole
from vivify.animate import Performer
from vivify.arrays import Float, Pixels
from vivify.depth.head import HeadFrame
from vivify.faces.geometry import Pyramid
from vivify.faces.hands import BONES, PALM, covered, find_hands
from vivify.faces.topology import EYES, OUTER_LIPS
from vivify.motion import Limits, retarget
from vivify.motion.limits import EYES_HIDDEN, MOUTH_HIDDEN
from vivify.photos import decode

SKIN = (214, 160, 135)
# A hand held upright, its fingers a little spread: each landmark right and down of the wrist, in lengths of the palm.
HAND = np.array(
    [
        *[(0, 0), (-0.30, -0.18), (-0.52, -0.42), (-0.66, -0.62), (-0.78, -0.80)],
        *[(-0.30, -0.92), (-0.36, -1.28), (-0.39, -1.50), (-0.42, -1.70)],
        *[(-0.04, -1.00), (-0.05, -1.42), (-0.05, -1.68), (-0.05, -1.90)],
        *[(0.20, -0.94), (0.24, -1.32), (0.26, -1.56), (0.27, -1.76)],
        *[(0.42, -0.80), (0.50, -1.08), (0.54, -1.26), (0.57, -1.42)],
    ]
)


def _with_hand(wrist: Float, palm: float, turn: float) -> Pixels:
    """The portrait with a hand drawn before it, its wrist there, its ``palm`` so many pixels long, turned clockwise."""
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    there = np.array([*HAND, (0, 1.5)]) @ np.array([[cos, sin], [-sin, cos]]) * palm + wrist
    points = np.round(there * 16).astype(np.int32)
    before = whole()[0].pixels
    picture = before.copy()

    def strokes(lines: Sequence[Sequence[int]], colour: tuple[int, int, int], thick: float) -> None:
        width = max(1, round(thick * palm))
        cv2.polylines(picture, [points[list(line)] for line in lines], False, colour, width, cv2.LINE_AA, 4)

    dark, light = (tuple(int(part * c) for c in SKIN) for part in (0.45, 1.12))
    fingers = [range(root, root + 4) for root in range(1, 21, 4)]
    palm_bones = [bone for bone in BONES if 0 in bone]
    for colour, arm, across in ((dark, 0.65, 0.33), (SKIN, 0.62, 0.28)):
        for finger in fingers:
            strokes([finger], dark, 0.23)
            strokes([finger], SKIN, 0.19)
            strokes([finger], light, 0.06)
        strokes([(0, 21)], colour, arm)
        strokes(palm_bones, colour, across)
        cv2.fillPoly(picture, [points[list(PALM)]], colour, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(picture, (0, 0), 0.02 * palm)
    return np.where((picture != before).any(axis=2, keepdims=True), soft, before).astype(np.uint8)


def _shares(picture: Pixels, points: Float) -> list[float]:
    """Of the lips, the right and the left eye, that hands cover."""
    hands = find_hands(Pyramid(picture), points)
    return [covered(hands, points[list(part), :2]) for part in (OUTER_LIPS, *(eye.opening for eye in EYES))]


def test_a_bare_face_has_no_hands() -> None:
    photo, face = whole()
    assert len(find_hands(Pyramid(photo.pixels), face.landmarks)) == 0


@pytest.mark.parametrize(("right", "down", "turn"), [(0.0, 2.2, 0.0), (1.2, 2.0, -35.0), (-0.8, 1.9, 20.0)])
def test_a_hand_before_the_mouth_is_found(right: float, down: float, turn: float) -> None:
    """However it is held, it covers a good part of the lips, and no eye."""
    _, face = whole()
    middle = face.landmarks[list(OUTER_LIPS), :2].mean(axis=0)
    picture = _with_hand(middle + np.float32(face.eye_span) * np.array([right, down], np.float32), 1.4 * face.eye_span, turn)
    lips, *eyes = _shares(picture, face.landmarks)
    assert lips > 0.3
    assert eyes == [0, 0]


def test_what_a_hand_covers_stays() -> None:
    """Someone whose hand lies over the mouth and the left eye, asked to open the one and shut both of the other: only the
    right eye shuts, the irises stay, the head turns, and the report says why.
    """
    photo, face = whole()
    wrist = face.landmarks[list(OUTER_LIPS), :2].mean(axis=0) + np.float32(face.eye_span) * np.array([0.4, 2.0], np.float32)
    performer = Performer(_with_hand(wrist, 2 * face.eye_span, 8), face)
    assert {MOUTH_HIDDEN, EYES_HIDDEN} <= set(performer.limits.reasons)
    track = performer.track(posed((12, 0, 0), lids=1.0, gaze=(0.1, 0), jaw=0.3), MOUTH_WIDTH)
    assert np.abs(track.displacement[0, list(OUTER_LIPS)]).max() < 1e-4
    assert track.lids.tolist() == [[1, 0]]
    assert not track.gaze.any()
    assert track.rotation[0, 0] > 10
    assert MOUTH_HIDDEN not in Performer(photo.pixels, face).limits.reasons


def test_covered_is_the_share_that_lies_under_fingers_and_palm() -> None:
    """Nothing under no hand or one elsewhere; all of what lies in the palm; half of what half of lies there."""
    hand = np.column_stack([HAND * 100, np.zeros(21)])
    square = np.array([(-8.0, -58.0), (8, -58), (8, -42), (-8, -42)])
    assert covered(np.zeros((0, 21, 3)), square) == 0
    assert covered(hand[None] + (200, 0, 0), square) == 0
    assert covered(hand[None], square) == 1
    tip = hand[12, :2] - (0, 10)  # of the middle finger, which ends half as far beyond its landmark as it is thick
    assert covered(hand[None], tip + np.array([(-8.0, -16.0), (8, -16), (8, 16), (-8, 16)])) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(
    ("lips", "eyes", "reasons"),
    [
        (0.0, (0.0, 0.0), ()),
        (0.5, (0.05, 0.0), (MOUTH_HIDDEN,)),
        (0.0, (0.0, 0.5), (EYES_HIDDEN,)),
        (0.5, (0.5, 0.5), (EYES_HIDDEN, MOUTH_HIDDEN)),
    ],
)
def test_what_is_covered_is_held_back(lips: float, eyes: tuple[float, float], reasons: tuple[str, ...]) -> None:
    """Lips for themselves, each eye for itself; brows and irises with either eye."""
    _, face = whole()
    shape = HeadFrame.of(face).local(face.landmarks)
    limits = Limits.of(shape, face.pose).behind_hands(lips, eyes)
    motion = posed((0, 0, 0), lids=1.0, gaze=(0.1, 0.0), jaw=0.3)
    motion.displacement[:, [105, 334], 1] = -0.1
    track = retarget(motion, shape, limits, MOUTH_WIDTH)
    assert limits.reasons == reasons
    lip, brow = (float(np.abs(track.displacement[0, point, 1])) for point in (OUTER_LIPS[15], 105))
    assert (lip > 0.1) == (MOUTH_HIDDEN not in reasons)
    assert (brow > 0.05) == track.gaze.any() == (EYES_HIDDEN not in reasons)
    assert track.lids[0].tolist() == [float(share < 0.1) for share in eyes]


def test_a_mouth_hidden_twice_is_told_once() -> None:
    _, face = whole()
    limits = Limits.of(HeadFrame.of(face).local(face.landmarks), face.pose)
    assert limits.without_mouth().behind_hands(1.0, (0.0, 0.0)) == limits.without_mouth()


def test_hands_before_lips_are_told_from_bare_mouths(gallery: Path) -> None:
    """Of all the faces of the gallery three have a hand before the lips; fists below a chin, hands at cheeks, collars, ears,
    beards and microphones are none. No eye is covered.
    """
    hidden = []
    for row in photos.rows(gallery):
        if not row["expect"].startswith("animate"):
            continue
        path = gallery / row["file"]
        picture = Pyramid(decode(path.read_bytes()).pixels)
        for face in photos.faces_in(path):
            if face.verdict is None:
                outlines = (OUTER_LIPS, *(eye.opening for eye in EYES))
                hands = find_hands(picture, face.landmarks)
                lips, *eyes = (covered(hands, face.landmarks[list(part), :2]) for part in outlines)
                assert max(eyes) == 0, row["file"]
                if lips > 0:
                    hidden.append(path.stem)
    assert sorted(hidden) == [
        "Bringing-Old-Photos-Back-to-Life__old_w_scratch_a",
        "facenet-pytorch__data_multiface",
        "facetorch__input_test3",
    ]
