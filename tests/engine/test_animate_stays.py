"""What a performer leaves alone: the photo at rest, and whatever lies beside the person."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawn import MOUTH_WIDTH, drawn, her_performer, posed
from tests.portrait import cut, portrait, resized, whole
from vivify.animate import Performer
from vivify.faces.topology import EYES

EXTREMES = [(60.0, 0.0, 0.0), (-60.0, 0.0, 0.0), (0.0, 40.0, 0.0), (0.0, -40.0, 0.0), (0.0, 0.0, 60.0), (60.0, 40.0, -60.0)]


def test_at_rest_the_frame_is_the_photo() -> None:
    """A track at rest reproduces the photo bit for bit, and the photo itself is never written to."""
    for photo, face in (whole(), portrait()):
        pixels, before = photo.pixels, photo.pixels.copy()
        performer = Performer(pixels, face)
        assert np.array_equal(drawn(performer, pixels, posed()), before)
        drawn(performer, pixels, posed((20.0, 0.0, 0.0)))
        assert np.array_equal(pixels, before)


@pytest.mark.parametrize("size", [160, 700, 1301])
def test_at_rest_the_frame_is_the_photo_at_any_size(size: int) -> None:
    """Bit for bit also where the map is drawn on a coarser grid than the photo, and on a small photo."""
    photo, face = resized(*portrait(), size / 256)
    assert np.array_equal(drawn(Performer(photo.pixels, face), photo.pixels, posed()), photo.pixels)


def test_at_rest_small_eyes_are_the_photos() -> None:
    """Bit for bit also where an eye is so small that its opening covers no pixel whole."""
    photo, face = resized(*whole(), 0.5)
    assert np.array_equal(drawn(Performer(photo.pixels, face), photo.pixels, posed()), photo.pixels)


@given(x=st.integers(0, 60), y=st.integers(0, 40), width=st.integers(150, 220), height=st.integers(170, 210))
@settings(max_examples=12, deadline=None)
def test_at_rest_the_frame_is_the_photo_however_it_is_cut(x: int, y: int, width: int, height: int) -> None:
    """Bit for bit also where the photo's border cuts hair, ears, chin or shoulders."""
    photo, face = cut(*portrait(), x, y, width, height)
    assert np.array_equal(drawn(Performer(photo.pixels, face), photo.pixels, posed()), photo.pixels)


@given(seed=st.integers(0, 1000))
@settings(max_examples=6, deadline=None)
def test_at_rest_noise_stays_noise(seed: int) -> None:
    """Bit for bit whatever the pixels are: splitting into person and plate loses nothing even of noise."""
    _, face = portrait()
    noise = np.random.default_rng(seed).integers(0, 256, (256, 256, 3), np.uint8)
    assert np.array_equal(drawn(Performer(noise, face), noise, posed()), noise)


@pytest.mark.parametrize("turn", EXTREMES)
def test_what_does_not_move_is_bit_identical(turn: tuple[float, float, float]) -> None:
    """At full turn, eyes shut and mouth open every pixel outside the performer's region is the photo's, as are the bottom
    rows, the corners and every pixel farther from the face than hair and neck reach.
    """
    photo, face = whole()
    pixels = photo.pixels
    performer = Performer(pixels, face)
    frame = drawn(performer, pixels, posed(turn, lids=1.0, jaw=0.2))
    changed = (frame != pixels).any(axis=2)
    assert changed.sum() > 2000
    region = performer.region
    outside = np.ones(changed.shape, bool)
    outside[region.y0 : region.y1, region.x0 : region.x1] = False
    assert outside.sum() > 100_000
    assert not changed[outside].any()
    middle, unit = face.landmarks[:, :2].mean(axis=0), face.eye_span
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
    photo, face = whole()
    pixels = photo.pixels
    performer = Performer(pixels, face)
    frame = drawn(performer, pixels, posed(turn))
    region = performer.region
    assert region.x0 > 0
    assert region.x1 < pixels.shape[1]
    assert region.y1 < pixels.shape[0]
    changed = (frame != pixels).any(axis=2)
    assert not changed[:, [region.x0, region.x1 - 1]].any()
    assert not changed[region.y1 - 1].any()


def test_gaze_moves_the_eyes_alone() -> None:
    """Looking aside changes pixels between the lids, on the side of the gaze, and nowhere else."""
    photo, face = portrait()
    pixels = photo.pixels
    frame = drawn(her_performer(), pixels, posed(gaze=(0.15, 0.0)))
    changed = (frame != pixels).any(axis=2)
    assert changed.any()
    allowed = np.zeros(changed.shape, np.uint8)
    for eye in EYES:
        cv2.fillPoly(allowed, [np.round(face.landmarks[list(eye.opening), :2]).astype(np.int32)], (1,))
    allowed = np.asarray(cv2.dilate(allowed, np.ones((9, 9), np.uint8)), np.uint8)
    assert not changed[allowed == 0].any()


def test_a_frame_does_not_depend_on_the_one_before() -> None:
    """Frames may be drawn in any order: each is a function of its place in the track."""
    pixels = portrait()[0].pixels
    track = her_performer().track(posed(*EXTREMES), MOUTH_WIDTH)
    forwards = [pixels.copy() for _ in EXTREMES]
    backwards = [pixels.copy() for _ in EXTREMES]
    for index in range(len(EXTREMES)):
        her_performer().draw(forwards[index], track, index)
    for index in reversed(range(len(EXTREMES))):
        her_performer().draw(backwards[index], track, index)
    assert all(np.array_equal(a, b) for a, b in zip(forwards, backwards, strict=True))


def test_grey_stays_grey() -> None:
    """A photo without colour gets none: red, green and blue stay equal in every pixel of every frame."""
    photo, face = portrait()
    pixels = photo.pixels
    grey = np.asarray(cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    performer = Performer(grey, face)
    track = performer.track(posed(*EXTREMES, lids=0.8, gaze=(0.1, 0.1), jaw=0.3), MOUTH_WIDTH)
    for index in range(len(track)):
        frame = grey.copy()
        performer.draw(frame, track, index)
        assert (frame != grey).any()
        assert (frame == frame[..., :1]).all()
