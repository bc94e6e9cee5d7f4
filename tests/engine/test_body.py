"""How far a body goes along with its head is seen in the driver, and done likewise."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.drawn import drawn, posed
from tests.portrait import portrait, whole
from vivify.animate import Performer
from vivify.arrays import Float, Pixels
from vivify.faces.topology import CHIN, MOUTH_CORNERS
from vivify.motion.body import Body, by_itself, share
from vivify.photos import Photo


def _filmed(photo: Photo, way: Float) -> list[Pixels]:
    """The photo as a camera shows it that goes ``way`` (T, 2) the other way."""
    size = (photo.width, photo.height)
    return [cv2.warpAffine(photo.pixels, np.array([[1, 0, x], [0, 1, y]]), size, borderMode=1) for x, y in way]


def test_where_the_camera_moves_all_goes() -> None:
    """A camera held by hand moves chest and head alike: the share is 1. One that stands still by a head that moves: 0."""
    photo, face = whole()
    unit = 50.0
    way = np.stack([8 * np.sin(np.arange(12) / 2), 4 * np.sin(np.arange(12) / 3)], axis=1).astype(np.float32)
    neck = np.column_stack([way / unit, np.full(12, np.log(unit))]).astype(np.float32)
    body = Body(photo.pixels, face.landmarks)
    moved, stayed = ([body.went(frame) for frame in _filmed(photo, there)] for there in (way, 0 * way))
    assert np.allclose(np.stack(moved), way, atol=0.2)  # type: ignore[arg-type]
    assert share(neck, moved) == pytest.approx(1, abs=0.03)
    assert share(neck, stayed) == pytest.approx(0, abs=0.03)
    assert np.abs(by_itself(neck, moved, 1.0)).max() < 0.005  # type: ignore[arg-type]
    alone = by_itself(neck[:1].repeat(12, axis=0), moved, None)  # with a head that stays
    assert np.allclose(alone, 0.2 * np.tanh(way / unit / 0.2), atol=0.005)  # type: ignore[arg-type]


def test_what_is_not_seen_is_not_told() -> None:
    """No share where a picture ends below the chin, where most frames show another picture, and where the head stays."""
    photo, face = whole()
    chin = int(face.landmarks[CHIN, 1])
    assert Body(photo.pixels[: chin + 4], face.landmarks).went(photo.pixels[: chin + 4]) is None
    noise = np.random.default_rng(1).integers(0, 256, photo.pixels.shape, np.uint8)
    body = Body(photo.pixels, face.landmarks)
    assert body.went(noise) is None
    neck = np.column_stack([np.arange(9) / 9, np.zeros(9), np.full(9, 4)]).astype(np.float32)
    here = np.zeros(2, np.float32)
    assert share(neck, [here] * 3 + [None] * 6) is None
    assert by_itself(neck, [here] * 3 + [None] * 6, None) is None
    assert share(neck * np.float32(0.001), [here] * 9) is None


def test_a_chest_sinks_and_leaves_no_gap() -> None:
    """By two pixels, at the border that cuts her off as above it; her face and what is behind her stay, bit for bit."""
    photo, face = portrait()
    performer = Performer(photo.pixels, face)
    sunk = np.array([[0, 2 / performer._head.unit]], np.float32)
    frame = drawn(performer, photo.pixels, replace(posed((0.0, 0.0, 0.0)), chest=sunk))
    chest = np.s_[photo.height - 12 :, 110:150]
    assert np.abs(frame[chest].astype(int) - np.roll(photo.pixels, 2, axis=0)[chest]).mean() < 1
    mouth = int(face.landmarks[list(MOUTH_CORNERS), 1].max())
    assert np.array_equal(frame[:mouth], photo.pixels[:mouth])
    behind = ~performer._layers.person.any(axis=2)
    far = cv2.erode(behind.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert np.array_equal(performer.region.of(frame)[far], performer.region.of(photo.pixels)[far])


def test_a_body_goes_as_far_as_it_is_told() -> None:
    """At a share of 0 her collar stays, bit for bit; at 1 it goes as far as her head, at the usual share less."""
    photo, face = portrait()
    collar = slice(photo.height - 24, photo.height - 8), slice(80, 150)
    shift = replace(posed((0.0, 0.0, 0.0)), translation=np.array([[0.1, 0, 0]], np.float32))
    moved = [
        float(
            np.abs(
                drawn(Performer(photo.pixels, face, body=body), photo.pixels, shift)[collar].astype(int)
                - photo.pixels[collar]
            ).mean()
        )
        for body in (0.0, None, 1.0)
    ]
    assert moved[0] == 0
    assert 0 < moved[1] < moved[2]
