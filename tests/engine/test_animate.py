"""What a performer may and may not do to a photo: move the person, close the eyes, and leave every other pixel alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vivify import engine
from vivify.animate import Performer
from vivify.faces import Face, head_pose, mirror_index
from vivify.faces.topology import EYES, INNER_LIPS, Eye
from vivify.motion import FaceTrack, Motion
from vivify.photos import Photo, decode

Pixels = NDArray[np.uint8]
Float = NDArray[np.float32]

ASTRONAUT = Path(__file__).resolve().parents[1] / "fixtures" / "astronaut.png"
EXTREMES = [(60.0, 0.0, 0.0), (-60.0, 0.0, 0.0), (0.0, 40.0, 0.0), (0.0, -40.0, 0.0), (0.0, 0.0, 60.0), (60.0, 40.0, -60.0)]


@cache
def _whole() -> tuple[Pixels, Face]:
    """The astronaut's photo and her face."""
    photo = decode(ASTRONAUT.read_bytes())
    return photo.pixels, engine.analyse(photo)[0]


@cache
def _portrait() -> tuple[Pixels, Face]:
    """Her head and shoulders, 256 x 256: the part of the photo that the whole photo's face lies in."""
    pixels, face = _whole()
    return _cut(pixels, face, 96, 0, 256, 256)


def _cut(pixels: Pixels, face: Face, x: int, y: int, width: int, height: int) -> tuple[Pixels, Face]:
    moved = face.landmarks - np.array([x, y, 0], np.float32)
    return np.ascontiguousarray(pixels[y : y + height, x : x + width]), replace(face, landmarks=moved)


@cache
def _performer() -> Performer:
    return Performer(*_portrait())


def _motion(*rotations: Sequence[float], lids: float = 0.0, gaze: Sequence[float] = (0.0, 0.0), jaw: float = 0.0) -> Motion:
    """One frame for each rotation; the same lids, gaze and opening of the mouth (eye distances) in each."""
    motion = Motion.still(max(1, len(rotations)))
    if rotations:
        motion.rotation[:] = rotations
    motion.lids[:] = lids
    motion.gaze[:] = gaze
    motion.displacement[:, list(INNER_LIPS[11:]), 1] = jaw
    return motion


def _drawn(performer: Performer, photo: Pixels, motion: Motion, index: int = 0) -> Pixels:
    frame = photo.copy()
    performer.draw(frame, performer.track(motion, 0.8), index)
    return frame


def _moved_landmarks(performer: Performer, track: FaceTrack, index: int) -> Float:
    """Where the mesh's landmarks are at a frame, photo pixels."""
    corner = np.array([performer.region.x0, performer.region.y0, 0], np.float32)
    return performer._vertices(track, index)[:468] + corner


def test_at_rest_the_frame_is_the_photo() -> None:
    """A track at rest reproduces the photo bit for bit, and the photo itself is never written to."""
    for pixels, face in (_whole(), _portrait()):
        before = pixels.copy()
        performer = Performer(pixels, face)
        assert np.array_equal(_drawn(performer, pixels, _motion()), before)
        _drawn(performer, pixels, _motion((20.0, 0.0, 0.0)))
        assert np.array_equal(pixels, before)


@pytest.mark.parametrize("size", [160, 700, 1301])
def test_at_rest_the_frame_is_the_photo_at_any_size(size: int) -> None:
    """Bit for bit also where the map is drawn on a coarser grid than the photo, and on a small photo."""
    pixels, face = _portrait()
    zoom = size / 256
    large = np.asarray(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_CUBIC), np.uint8)
    points = face.landmarks * np.float32(zoom)
    points[:, :2] += np.float32((zoom - 1) / 2)
    performer = Performer(large, replace(face, landmarks=points))
    assert np.array_equal(_drawn(performer, large, _motion()), large)


def test_at_rest_small_eyes_are_the_photos() -> None:
    """Bit for bit also where an eye is so small that its opening covers no pixel whole."""
    pixels, face = _whole()
    small = np.asarray(cv2.resize(pixels, (256, 256), interpolation=cv2.INTER_AREA), np.uint8)
    points = face.landmarks / np.float32(2)
    points[:, :2] -= np.float32(0.25)
    assert np.array_equal(_drawn(Performer(small, replace(face, landmarks=points)), small, _motion()), small)


@given(x=st.integers(0, 60), y=st.integers(0, 40), width=st.integers(150, 220), height=st.integers(170, 210))
@settings(max_examples=12, deadline=None)
def test_at_rest_the_frame_is_the_photo_however_it_is_cut(x: int, y: int, width: int, height: int) -> None:
    """Bit for bit also where the photo's border cuts hair, ears, chin or shoulders."""
    pixels, face = _cut(*_portrait(), x, y, width, height)
    assert np.array_equal(_drawn(Performer(pixels, face), pixels, _motion()), pixels)


@given(seed=st.integers(0, 1000))
@settings(max_examples=6, deadline=None)
def test_at_rest_noise_stays_noise(seed: int) -> None:
    """Bit for bit whatever the pixels are: splitting into person and plate loses nothing even of noise."""
    _, face = _portrait()
    noise = np.random.default_rng(seed).integers(0, 256, (256, 256, 3), np.uint8)
    assert np.array_equal(_drawn(Performer(noise, face), noise, _motion()), noise)


@pytest.mark.parametrize("turn", EXTREMES)
def test_what_does_not_move_is_bit_identical(turn: tuple[float, float, float]) -> None:
    """At full turn, eyes shut and mouth open every pixel outside the performer's region is the photo's, as are the bottom
    rows, the corners and every pixel farther from the face than hair and neck reach.
    """
    pixels, face = _whole()
    performer = Performer(pixels, face)
    frame = _drawn(performer, pixels, _motion(turn, lids=1.0, jaw=0.2))
    changed = (frame != pixels).any(axis=2)
    assert changed.sum() > 2000
    region = performer.region
    outside = np.ones(changed.shape, bool)
    outside[region.y0 : region.y1, region.x0 : region.x1] = False
    assert outside.sum() > 100_000
    assert not changed[outside].any()
    middle, unit = face.landmarks[:, :2].mean(axis=0), face.eye_distance
    row, column = np.mgrid[0 : changed.shape[0], 0 : changed.shape[1]]
    still = (np.abs(column - middle[0]) > 3.1 * unit) | (row - middle[1] > 3.6 * unit)
    assert not changed[still].any()
    inside_corners = np.zeros_like(changed)
    for y in (slice(region.y0, region.y0 + 8), slice(region.y1 - 8, region.y1)):
        for x in (slice(region.x0, region.x0 + 8), slice(region.x1 - 8, region.x1)):
            inside_corners[y, x] = True
    assert not (changed & inside_corners).any()


@pytest.mark.parametrize("turn", EXTREMES)
def test_the_regions_border_is_no_seam(turn: tuple[float, float, float]) -> None:
    """Where the region ends inside the photo the motion has died away: its outermost pixels are the photo's."""
    pixels, face = _whole()
    performer = Performer(pixels, face)
    frame = _drawn(performer, pixels, _motion(turn))
    region = performer.region
    assert region.x0 > 0
    assert region.x1 < pixels.shape[1]
    assert region.y1 < pixels.shape[0]
    changed = (frame != pixels).any(axis=2)
    assert not changed[:, [region.x0, region.x1 - 1]].any()
    assert not changed[region.y1 - 1].any()


def test_a_blink_shuts_the_eyes() -> None:
    """At closure 1 both lids of the drawn mesh lie on one line, and the landmark network sees eyes less than 60% as open.

    (It never reports a shut eye as shut, least of all one 19 pixels wide.)
    """
    pixels, face = _whole()
    performer = Performer(pixels, face)
    track = performer.track(_motion(lids=1.0), 0.8)
    points = _moved_landmarks(performer, track, 0)
    for eye in EYES:
        apart = np.linalg.norm(points[list(eye.upper[0]), :2] - points[list(eye.lower[0]), :2], axis=1)
        assert apart.max() < 0.01 * face.eye_distance
    shut = engine.analyse(Photo(_drawn(performer, pixels, _motion(lids=1.0)), "png"))[0]
    for eye in EYES:
        assert _openness(eye, shut) < 0.6 * _openness(eye, face)


@pytest.mark.parametrize("zoom", [1, 3])
def test_a_shut_eye_shows_no_eyeball(zoom: int) -> None:
    """Of eyeballs painted green nothing is left to be seen once the lids are shut, and about half of them half way."""
    pixels, face = _portrait()
    points = face.landmarks * np.float32(zoom)
    points[:, :2] += np.float32((zoom - 1) / 2)
    photo = np.asarray(cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC), np.uint8)
    inside = np.zeros(photo.shape[:2], np.uint8)
    for eye in EYES:
        cv2.fillPoly(inside, [np.round(points[list(eye.opening), :2]).astype(np.int32)], (1,))
    eyeball = cv2.erode(inside, np.ones((3, 3), np.uint8), iterations=zoom) > 0  # clear of the lids' own edge
    photo[eyeball] = (0, 255, 0)
    performer = Performer(photo, replace(face, landmarks=points))
    visible = [_green(_drawn(performer, photo, _motion(lids=lids))) for lids in (0.0, 0.5, 1.0)]
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
    performer, unit = _performer(), _portrait()[1].eye_distance
    track = performer.track(_motion((0.0, 0.0, 0.0), (yaw, 0.0, 0.0)), 0.8)
    step = (_moved_landmarks(performer, track, 1) - _moved_landmarks(performer, track, 0))[:, 0] / unit
    assert np.sign(step[1]) == -np.sign(yaw)
    assert abs(step[1]) > 0.25
    assert abs(step[1]) > 2 * abs(step[[234, 454]]).max()


def test_the_network_sees_the_turn() -> None:
    """A frame drawn at yaw, pitch or roll is read as turned that way by at least half as many degrees."""
    pixels, face = _whole()
    performer = Performer(pixels, face)
    for turn in ((15.0, 0.0, 0.0), (-15.0, 0.0, 0.0), (0.0, 10.0, 0.0), (0.0, -10.0, 0.0), (0.0, 0.0, 10.0)):
        track = performer.track(_motion(turn), 0.8)
        seen = engine.analyse(Photo(_drawn(performer, pixels, _motion(turn)), "png"))[0].pose
        found = np.array([seen.yaw - face.pose.yaw, seen.pitch - face.pose.pitch, seen.roll - face.pose.roll])
        axis = int(np.argmax(np.abs(turn)))
        assert found[axis] * np.sign(turn[axis]) > 0.5 * abs(track.rotation[0, axis]), (turn, found)


def test_gaze_moves_the_eyes_alone() -> None:
    """Looking aside changes pixels between the lids, on the side of the gaze, and nowhere else."""
    pixels, face = _portrait()
    frame = _drawn(_performer(), pixels, _motion(gaze=(0.15, 0.0)))
    changed = (frame != pixels).any(axis=2)
    assert changed.any()
    allowed = np.zeros(changed.shape, np.uint8)
    for eye in EYES:
        cv2.fillPoly(allowed, [np.round(face.landmarks[list(eye.opening), :2]).astype(np.int32)], (1,))
    allowed = np.asarray(cv2.dilate(allowed, np.ones((9, 9), np.uint8)), np.uint8)
    assert not changed[allowed == 0].any()


def test_a_frame_does_not_depend_on_the_one_before() -> None:
    """Frames may be drawn in any order: each is a function of its place in the track."""
    pixels, _ = _portrait()
    track = _performer().track(_motion(*EXTREMES), 0.8)
    forwards = [pixels.copy() for _ in EXTREMES]
    backwards = [pixels.copy() for _ in EXTREMES]
    for index in range(len(EXTREMES)):
        _performer().draw(forwards[index], track, index)
    for index in reversed(range(len(EXTREMES))):
        _performer().draw(backwards[index], track, index)
    assert all(np.array_equal(a, b) for a, b in zip(forwards, backwards, strict=True))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_turned_animates_the_same(quarters: int) -> None:
    """The frame of a photo turned by quarters, turned back, is the upright photo's frame but for resampling."""
    pixels, face = _portrait()
    turned = np.ascontiguousarray(np.rot90(pixels, quarters))
    points = face.landmarks.copy()
    for _ in range(quarters):
        points[:, 0], points[:, 1] = points[:, 1].copy(), 255 - points[:, 0]
    motion = _motion((15.0, -8.0, 5.0), lids=0.7)
    performer = Performer(turned, replace(face, landmarks=points, pose=head_pose(points)))
    frame = np.rot90(_drawn(performer, turned, motion), -quarters).astype(int)
    upright = _drawn(_performer(), pixels, motion).astype(int)
    moved = np.abs(upright - pixels).max(axis=2) > 8
    assert np.abs(frame - upright)[moved].mean() < 0.3 * np.abs(upright - pixels)[moved].mean()
    assert np.abs(frame - upright).mean() < 2.5


@cache
def _pair() -> tuple[Pixels, Face, Face]:
    """The same portrait twice in one photo, side by side, as near as their heads allow."""
    pixels, face = _cut(*_whole(), 146, 0, 170, 256)
    moved = face.landmarks + np.array([170, 0, 0], np.float32)
    return np.ascontiguousarray(np.hstack([pixels, pixels])), face, replace(face, landmarks=moved)


def test_two_people_both_move() -> None:
    """Each face of a photo of two moves as far as the other, whoever is drawn first."""
    photo, left, right = _pair()
    motion = _motion((18.0, 0.0, 0.0), lids=1.0)
    frame = photo.copy()
    for face, other in ((left, right), (right, left)):
        performer = Performer(photo, face, [other])
        performer.draw(frame, performer.track(motion, 0.8), 0)
    changed = (frame != photo).any(axis=2)
    counts = changed[:, :170].sum(), changed[:, 170:].sum()
    assert min(counts) > 2000
    assert max(counts) < 1.25 * min(counts)


@pytest.mark.parametrize("who", [0, 1])
def test_one_of_two_people_moves_alone(who: int) -> None:
    """Animating one of two leaves the other's face bit-identical."""
    photo, left, right = _pair()
    face, other = ((left, right), (right, left))[who]
    performer = Performer(photo, face, [other])
    frame = _drawn(performer, photo, _motion((-20.0, 10.0, 10.0), lids=1.0))
    changed = (frame != photo).any(axis=2)
    x0, y0, x1, y1 = (round(v) for v in other.box)
    assert changed.any()
    assert not changed[y0:y1, x0:x1].any()


def test_grey_stays_grey() -> None:
    """A photo without colour gets none: red, green and blue stay equal in every pixel of every frame."""
    pixels, face = _portrait()
    grey = np.asarray(cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    performer = Performer(grey, face)
    track = performer.track(_motion(*EXTREMES, lids=0.8, gaze=(0.1, 0.1), jaw=0.3), 0.8)
    for index in range(len(track)):
        frame = grey.copy()
        performer.draw(frame, track, index)
        assert (frame != grey).any()
        assert (frame == frame[..., :1]).all()


def test_a_mirrored_photo_animates_mirrored() -> None:
    """Left and right are treated alike: the mirrored photo turned the other way is the mirrored frame, nearly."""
    pixels, face = _portrait()
    points = face.landmarks[mirror_index()].copy()
    points[:, 0] = 255 - points[:, 0]
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    performer = Performer(mirrored, replace(face, landmarks=points, pose=head_pose(points)))
    frame = _drawn(performer, mirrored, _motion((-18.0, 0.0, 0.0)))[:, ::-1].astype(int)
    upright = _drawn(_performer(), pixels, _motion((18.0, 0.0, 0.0))).astype(int)
    assert np.abs(frame - upright).mean() < 2.5
