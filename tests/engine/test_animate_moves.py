"""What a performer does to a photo: eyes shut, heads turn, and neither side nor size nor mirror makes a difference."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.drawn import MOUTH_WIDTH, Pixels, drawn, her_performer, moved_landmarks, posed
from tests.portrait import portrait, resized, whole
from vivify import engine
from vivify.animate import Performer
from vivify.faces import Face, head_pose, mirror_index
from vivify.faces.topology import EYES, LEFT_BROW, RIGHT_BROW, Eye
from vivify.photos import Photo


def test_where_in_a_photo_she_is_makes_no_difference() -> None:
    """With more of a wall to her left and above her, she moves as she did, bit for bit."""
    photo, face = resized(*portrait(), 0.6)
    points = np.round(face.landmarks * 256) / np.float32(256)  # so that they are the same numbers wherever she is
    seen = []
    for left, top in ((120, 120), (173, 141)):
        wall = np.pad(photo.pixels, ((top, 150), (left, 150), (0, 0)), "edge")
        there = replace(face, landmarks=points + np.array([left, top, 0], np.float32))
        frame = drawn(Performer(wall, there), wall, posed((12.0, 5.0, 8.0), lids=1.0, jaw=0.3))
        seen.append(frame[top : top + photo.height, left : left + photo.width])
    assert np.array_equal(*seen)
    assert (seen[0] != photo.pixels).any()


def test_a_blink_shuts_the_eyes() -> None:
    """At closure 1 both lids of the drawn mesh lie on one line, and the landmark network sees eyes less than 60% as open.

    (It never reports a shut eye as shut, least of all one 19 pixels wide.)
    """
    photo, face = whole()
    pixels = photo.pixels
    performer = Performer(pixels, face)
    track = performer.track(posed(lids=1.0), MOUTH_WIDTH)
    points = moved_landmarks(performer, track, 0)
    for eye in EYES:
        apart = np.linalg.norm(points[list(eye.upper[0]), :2] - points[list(eye.lower[0]), :2], axis=1)
        assert apart.max() < 0.01 * face.eye_span
    shut = engine.analyse(Photo(drawn(performer, pixels, posed(lids=1.0)), "png"))[0]
    for eye in EYES:
        assert _openness(eye, shut) < 0.6 * _openness(eye, face)


@pytest.mark.parametrize("zoom", [1, 3])
def test_a_shut_eye_shows_no_eyeball(zoom: int) -> None:
    """Of eyeballs painted green nothing is left to be seen once the lids are shut, and about half of them half way."""
    large, face = resized(*portrait(), zoom)
    photo, points = large.pixels.copy(), face.landmarks
    inside = np.zeros(photo.shape[:2], np.uint8)
    for eye in EYES:
        cv2.fillPoly(inside, [np.round(points[list(eye.opening), :2]).astype(np.int32)], (1,))
    eyeball = cv2.erode(inside, np.ones((3, 3), np.uint8), iterations=zoom) > 0  # clear of the lids' own edge
    photo[eyeball] = (0, 255, 0)
    performer = Performer(photo, face)
    visible = [_green(drawn(performer, photo, posed(lids=lids))) for lids in (0.0, 0.5, 1.0)]
    assert visible[0] > 80 * zoom**2
    assert 0.25 * visible[0] < visible[1] < 0.8 * visible[0]
    assert visible[2] < 0.02 * visible[0]


def _green(frame: Pixels) -> int:
    """How many pixels are green rather than skin."""
    r, g, b = (frame[..., k].astype(int) for k in range(3))
    return int(np.count_nonzero((g - r > 40) & (g - b > 40)))


def _openness(eye: Eye, face: Face) -> float:
    points = face.landmarks
    gap = np.linalg.norm(points[list(eye.upper[0][2:5]), :2] - points[list(eye.lower[0][2:5]), :2], axis=1).mean()
    return float(gap / np.linalg.norm(points[eye.outer, :2] - points[eye.inner, :2]))


@pytest.mark.parametrize("yaw", [20.0, -20.0])
def test_turning_the_nose_goes_farther_than_the_ears(yaw: float) -> None:
    """A head turned to the viewer's left (yaw above 0) moves its nose there, farther than its ears, and stays in place."""
    performer, unit = her_performer(), portrait()[1].eye_span
    track = performer.track(posed((0.0, 0.0, 0.0), (yaw, 0.0, 0.0)), MOUTH_WIDTH)
    step = (moved_landmarks(performer, track, 1) - moved_landmarks(performer, track, 0))[:, 0] / unit
    assert np.sign(step[1]) == -np.sign(yaw)
    assert abs(step[1]) > 0.25
    assert abs(step[1]) > 2 * abs(step[[234, 454]]).max()


def test_the_network_sees_the_turn() -> None:
    """A frame drawn at yaw, pitch or roll is read as turned that way by at least half as many degrees."""
    photo, face = whole()
    pixels = photo.pixels
    performer = Performer(pixels, face)
    for turn in ((15.0, 0.0, 0.0), (-15.0, 0.0, 0.0), (0.0, 10.0, 0.0), (0.0, -10.0, 0.0), (0.0, 0.0, 10.0)):
        track = performer.track(posed(turn), MOUTH_WIDTH)
        seen = engine.analyse(Photo(drawn(performer, pixels, posed(turn)), "png"))[0].pose
        found = np.array([seen.yaw - face.pose.yaw, seen.pitch - face.pose.pitch, seen.roll - face.pose.roll])
        axis = int(np.argmax(np.abs(turn)))
        assert found[axis] * np.sign(turn[axis]) > 0.5 * abs(track.rotation[0, axis]), (turn, found)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_turned_animates_the_same(quarters: int) -> None:
    """The frame of a photo turned by quarters, turned back, is the upright photo's frame but for resampling."""
    photo, face = portrait()
    pixels = photo.pixels
    turned = np.ascontiguousarray(np.rot90(pixels, quarters))
    points = face.landmarks.copy()
    for _ in range(quarters):
        points[:, 0], points[:, 1] = points[:, 1].copy(), 255 - points[:, 0]
    motion = posed((15.0, -8.0, 5.0), lids=0.7)
    performer = Performer(turned, replace(face, landmarks=points, pose=head_pose(points)))
    frame = np.rot90(drawn(performer, turned, motion), -quarters).astype(int)
    upright = drawn(her_performer(), pixels, motion).astype(int)
    moved = np.abs(upright - pixels).max(axis=2) > 8
    assert np.abs(frame - upright)[moved].mean() < 0.3 * np.abs(upright - pixels)[moved].mean()
    assert np.abs(frame - upright).mean() < 2.5


def test_a_mirrored_photo_animates_mirrored() -> None:
    """Left and right are treated alike: the mirrored photo turned the other way is the mirrored frame, nearly."""
    photo, face = portrait()
    pixels = photo.pixels
    points = face.landmarks[mirror_index()].copy()
    points[:, 0] = 255 - points[:, 0]
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    performer = Performer(mirrored, replace(face, landmarks=points, pose=head_pose(points)))
    frame = drawn(performer, mirrored, posed((-18.0, 0.0, 0.0)))[:, ::-1].astype(int)
    upright = drawn(her_performer(), pixels, posed((18.0, 0.0, 0.0))).astype(int)
    assert np.abs(frame - upright).mean() < 2.5


def test_brows_rise_to_their_outer_ends() -> None:
    """Raised brows are drawn at least nine tenths of the way in their middles, and seven tenths towards their outer ends,
    which lie near the hairline; nothing of a forehead hides hair there.
    """
    photo, face = whole()
    performer = Performer(photo.pixels, face)
    motion = posed((0.0, 0.0, 0.0))
    motion.displacement[:, [*RIGHT_BROW, *LEFT_BROW], 1] = -0.08
    track = performer.track(motion, MOUTH_WIDTH)
    rest, moved = (performer._vertices(each, 0) for each in (performer.track(posed((0.0, 0.0, 0.0)), MOUTH_WIDTH), track))
    came_from = performer._warp.deformation(moved, performer._surface.vertices[:, :2].copy()).sources()
    brows = [105, 334, 66, 296, 63, 293]
    at = moved[brows, :2].astype(np.float32)[None]
    seen = cv2.remap(came_from, at, np.empty(0, np.float32), cv2.INTER_LINEAR)[0]
    went = (at[0] - seen)[:, 1] / (moved - rest)[brows, 1]
    assert (went[:4] > 0.9).all()
    assert (went[4:] > 0.7).all()
