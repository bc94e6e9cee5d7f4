"""The mesh of a person: what of the picture goes along with the head."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.drawn import Float
from tests.portrait import portrait
from vivify.animate.person.surface import Surface, build_surface
from vivify.animate.person.territory import Territory
from vivify.depth.head import HeadFrame

POST = (10, 90, 40, 200)  # x0, y0, x1, y1 beside the head


def _surface(matte: Float) -> Surface:
    face = portrait()[1]
    return build_surface(face.landmarks, Territory(HeadFrame.of(face)), matte, np.zeros_like(matte))


def _person() -> Float:
    """Head, neck and shoulders as plain shapes where hers are."""
    matte = np.zeros((256, 256), np.float32)
    x, y = portrait()[1].landmarks[:, :2].mean(axis=0)
    cv2.ellipse(matte, (round(x), round(y) - 12), (62, 80), 0, 0, 360, 1.0, -1)
    cv2.rectangle(matte, (round(x) - 20, round(y) + 50), (round(x) + 20, 256), 1.0, -1)
    cv2.rectangle(matte, (0, 225), (256, 256), 1.0, -1)
    return matte


@pytest.mark.parametrize("dense", [1.0, 0.4])
def test_what_is_held_beside_the_head_stays(dense: float) -> None:
    """A post, also one of glass, that a hand could hold up there neither turns nor leans with the head, and the head moves
    as without it.
    """
    alone, matte = _surface(_person()), _person()
    x0, y0, x1, y1 = POST
    matte[y0:, x0:x1] = dense
    beside = _surface(matte)
    x, y = beside.vertices[:, 0], beside.vertices[:, 1]
    held = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    assert held.sum() > 10
    assert beside.follow[held].max() < 0.02
    assert beside.lean[held].max() < 0.02
    assert alone.follow[held].max() > 0.5
    head = (x > 70) & (y < 200)
    assert np.array_equal(beside.follow[head], alone.follow[head])


def test_a_lock_of_hair_goes_along() -> None:
    """What is small stays the head's, though the matte has cut it off."""
    alone, matte = _surface(_person()), _person()
    matte[90:100, 50:60] = 1
    assert np.array_equal(_surface(matte).follow, alone.follow)
