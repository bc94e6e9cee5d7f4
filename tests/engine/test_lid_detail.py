"""What is finer than the network tells of a shut lid: grain, single lashes and colour are those of the photo's own skin."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.bench.eyes import liveliness
from tests.bench.patches import ALIKE
from tests.lids import blinking, enlarged, the_face
from vivify.animate.eyes import eye_patch
from vivify.animate.eyes.detail import SkinDetail
from vivify.faces.topology import RIGHT_EYE


def test_lids_are_as_sharp_as_the_skin_around() -> None:
    """On a face of 1200 pixels with pores, the Laplacian's energy on shut lids is within 25% of that of the skin below."""
    zoom = 1200 / the_face()[1].size
    pixels, face = enlarged(zoom)
    low, high = (face.landmarks[:, :2].min(axis=0), face.landmarks[:, :2].max(axis=0))
    x0, y0 = (low + (high - low) * np.array([0, 0.1])).astype(int)
    x1, y1 = (low + (high - low) * np.array([1, 0.65])).astype(int)  # the eyes and what is around them
    face = replace(face, landmarks=face.landmarks - np.array([x0, y0, 0], np.float32))
    pores = np.random.default_rng(0).normal(0, 12, (y1 - y0, x1 - x0, 1)).astype(np.float32)
    photo = np.clip(pixels[y0:y1, x0:x1] + cv2.GaussianBlur(pores, (0, 0), 0.9)[..., None], 0, 255).astype(np.uint8)
    (shut,) = blinking(photo, face, 1.0)
    assert liveliness(shut, face.landmarks, RIGHT_EYE) == pytest.approx(1, abs=ALIKE)


def test_lashes_are_single_where_the_photo_shows_them_so() -> None:
    """Below a shut lid's edge a fine picture varies from lash to lash; a blurred one of the same size has one soft bar."""
    pixels, face = enlarged(8.0)
    lines = pixels.copy()
    rest = eye_patch.Resting.of(RIGHT_EYE, pixels, face.landmarks)
    where = cv2.warpAffine(rest.lashes, eye_patch.inverse(eye_patch.placing(RIGHT_EYE, face.landmarks)), pixels.shape[1::-1])
    lines[:, ::5][where[:, ::5] > 0] //= 3  # an eye full of fine lines
    varies = []
    for photo in (lines, pixels):
        (shut,) = blinking(photo, face, 1.0)
        lower = face.landmarks[list(RIGHT_EYE.lower[0][2:-2]), :2]
        (x0, y0), (x1, y1) = np.round([lower.min(axis=0), lower.max(axis=0) + np.float32(12)]).astype(int)
        grey = cv2.cvtColor(shut, cv2.COLOR_RGB2GRAY)[y0:y1, x0:x1].astype(np.float32)
        varies.append(float(np.abs(grey - cv2.blur(grey, (15, 1))).mean()))
    fine, blurred = varies
    assert fine > 2 * blurred


def test_grain_is_fainter_in_the_shade() -> None:
    """A plain lid is lent all of the skin's grain but for what rounding to whole levels will add again (its Laplacian is
    0.69), one a quarter as bright as the skin half as much.
    """
    pixels, face = enlarged(2.0)
    eye = eye_patch.Resting.of(RIGHT_EYE, pixels, face.landmarks)
    place = eye_patch.placing(RIGHT_EYE, face.landmarks)
    detail = SkinDetail.of(pixels, place, eye.lashes)
    assert detail is not None
    lids = (np.full((64, 96, 3), share * detail.tone, np.float32) for share in (1.0, 0.25))
    (_, lent), (_, less) = (detail.matched(lid, eye_patch.zoomed(place), np.zeros((64, 96), np.float32)) for lid in lids)
    grain = np.sqrt(1 - (0.69 / detail.energy) ** 2)
    assert np.allclose(lent, grain, atol=0.01)
    assert np.allclose(less, grain / 2, atol=0.01)


def test_lids_are_of_the_skins_colour() -> None:
    """However a photo is tinted, shut lids are: red and blue over green differ from plain skin's by less than 12%."""
    pixels, face = enlarged(2.0)
    for tint in ((1.0, 1.0, 1.0), (1.0, 0.8, 0.35), (0.6, 0.9, 1.0)):
        photo = np.round(pixels * np.array(tint)).astype(np.uint8)
        (shut,) = blinking(photo, face, 1.0)
        rest = eye_patch.Resting.of(RIGHT_EYE, photo, face.landmarks)
        lid = eye_patch.sampled(shut, eye_patch.placing(RIGHT_EYE, face.landmarks))[rest.opening > 0].mean(axis=0)
        skin = rest.skin[rest.opening > 0].mean(axis=0)
        assert np.abs((lid / lid[1]) / (skin / skin[1]) - 1).max() < 0.12


def test_smooth_skin_stays_smooth() -> None:
    """Lids of a photo without any detail have none above their lashes: a level on average of what is finer than 2 pixels."""
    pixels, face = enlarged(4.0)
    (shut,) = blinking(np.asarray(cv2.GaussianBlur(pixels, (0, 0), 6.0), np.uint8), face, 1.0)
    opening = face.landmarks[list(RIGHT_EYE.opening), :2]
    lid = np.zeros(shut.shape[:2], np.uint8)
    cv2.fillPoly(lid, [np.round(opening).astype(np.int32)], (1,))
    lid[int(opening[:, 1].mean()) :] = 0
    fine = shut.astype(np.float32) - cv2.GaussianBlur(shut.astype(np.float32), (0, 0), 2.0)
    assert np.abs(fine[lid > 0]).mean() < 1
