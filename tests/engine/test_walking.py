"""Drivers who walk: the body goes along as far as their head does, and nothing tears."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from tests.drawn import MOUTH_WIDTH, drawn, moved_landmarks
from tests.portrait import resized, whole
from vivify.animate import Performer
from vivify.arrays import Pixels
from vivify.faces import Face
from vivify.motion import Motion

AROUND = 200  # pixels of wall around her photo
FAR = 2.4  # eye distances
WAYS = [(1.8, 0.0), (-1.8, 0.0), (0.0, 1.8), (-1.2, 1.2)]


@cache
def _in_a_wide_room() -> tuple[Pixels, Face, Performer]:
    """The astronaut, small, with a wall all around her, and her performer, ready to walk."""
    photo, face = resized(*whole(), 0.5)
    pixels = np.asarray(cv2.copyMakeBorder(photo.pixels, *[AROUND] * 4, cv2.BORDER_REPLICATE), np.uint8)
    face = replace(face, landmarks=face.landmarks + np.array([AROUND, AROUND, 0], np.float32))
    return pixels, face, Performer(pixels, face, lean=FAR)


def _going(right: float, down: float) -> Motion:
    return replace(Motion.still(2), translation=np.array([[0, 0, 0], [right, down, 0]], np.float32))


@pytest.mark.parametrize("way", WAYS)
def test_the_head_goes_where_the_drivers_went(way: tuple[float, float]) -> None:
    """Nearly two eye distances aside or down: every landmark goes as far, to a tenth."""
    _, face, performer = _in_a_wide_room()
    landmarks = moved_landmarks(performer, performer.track(_going(*way), MOUTH_WIDTH), 1)
    shift = (landmarks - face.landmarks[:468])[:, :2] / face.eye_span
    assert np.abs(shift - way).max() < 0.1


@pytest.mark.parametrize("way", WAYS)
def test_the_body_goes_along(way: tuple[float, float]) -> None:
    """Two eye distances below the chin she goes more than half as far, nothing is torn or folded; at rest nothing moves."""
    pixels, face, performer = _in_a_wide_room()
    assert np.array_equal(drawn(performer, pixels, _going(*way), 0), pixels)
    surface = performer._surface
    moved = performer._vertices(performer.track(_going(*way), MOUTH_WIDTH), 1)
    corner = np.array([performer.region.x0, performer.region.y0])
    chest = face.landmarks[152, :2] - corner + np.array([0, 2 * face.eye_span])
    nearest = np.argmin(np.linalg.norm(surface.vertices[:, :2] - chest, axis=1))
    assert np.linalg.norm((moved - surface.vertices)[nearest, :2]) > 0.5 * np.hypot(*way) * face.eye_span
    around = surface.triangles[: surface.base]
    a, b, c = (moved[around[:, corner], :2] for corner in range(3))
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert (area * np.sign(surface.front[: surface.base]) > 0).mean() > 0.99


@pytest.mark.parametrize("way", WAYS)
def test_where_walking_ends_is_no_seam(way: tuple[float, float]) -> None:
    """Beyond the performer's region, and along its border inside the photo, every pixel is the photo's."""
    pixels, _, performer = _in_a_wide_room()
    changed = (drawn(performer, pixels, _going(*way), 1) != pixels).any(axis=2)
    region = performer.region
    assert region.x0 > 0 < region.y0
    assert region.x1 < pixels.shape[1]
    inside = np.zeros_like(changed)
    inside[region.y0 + 1 : region.y1 - 1, region.x0 + 1 : region.x1 - 1] = True
    assert changed[inside].sum() > 2000
    assert not changed[~inside].any()


def test_nobody_walks_into_a_neighbour() -> None:
    """Beside another face the head goes one eye distance at most, whatever its driver does."""
    pixels, face, _ = _in_a_wide_room()
    other = replace(face, landmarks=face.landmarks + np.array([5 * face.eye_span, 0, 0], np.float32))
    performer = Performer(pixels, face, [other], lean=FAR)
    assert performer.track(_going(1.8, 0.0), MOUTH_WIDTH).translation.max() <= 1.0
    assert performer.region == Performer(pixels, face, [other]).region
