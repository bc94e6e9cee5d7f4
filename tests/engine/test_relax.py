"""Worried brows let go as a face smiles."""

from __future__ import annotations

import numpy as np
import pytest

from tests.portrait import whole
from vivify.arrays import Float
from vivify.depth.head import HeadFrame
from vivify.faces.topology import EYES, MESH, MOUTH_CORNERS
from vivify.motion.relax import relax, worry

INNER, OUTER = [107, 66, 55, 65, 336, 296, 285, 295], [70, 63, 46, 53, 300, 293, 276, 283]


def _shape(drawn_up: float) -> Float:
    """The astronaut's, the inner ends of the brows so far above the outer ones, in eye distances."""
    face = whole()[1]
    shape = HeadFrame.of(face).local(face.landmarks)
    shape[INNER, 1] += shape[OUTER, 1].mean() - shape[INNER, 1].mean() - drawn_up
    return np.asarray(shape, np.float32)


def _smiling(*sizes: float) -> Float:
    """(T, 468, 3): corners of the mouth that go up so far."""
    displacement = np.zeros((len(sizes), MESH, 3), np.float32)
    displacement[:, list(MOUTH_CORNERS), 1] = -np.array(sizes, np.float32)[:, None]
    return displacement


def _relaxed(drawn_up: float, displacement: Float, smile: Float) -> Float:
    """(T,): how far the inner ends of the brows come down besides."""
    moved = displacement.copy()
    relax(moved, _shape(drawn_up), smile)
    return np.asarray((moved - displacement)[:, INNER, 1].mean(axis=1), np.float32)


def test_most_brows_are_not_worried() -> None:
    """As high inside as nine tenths of people's are they tell nothing, and more the higher they are."""
    assert worry(_shape(0.058)) == 0
    assert worry(_shape(0.085)) == pytest.approx(0, abs=0.001)
    assert worry(_shape(0.108)) == pytest.approx(0.026, abs=0.002)


def test_worried_brows_come_down_with_the_smile() -> None:
    """As filmed people's: three hundredths of an eye distance, not at rest, and as far as it smiles."""
    smile = np.array([0, 0.5, 1], np.float32)
    down = _relaxed(0.108, _smiling(0, 0.1, 0.1), smile)
    assert down[0] == 0
    assert down[1] == pytest.approx(down[2] / 2)
    assert down[2] == pytest.approx(0.026, abs=0.002)


def test_wide_lips_alone_are_no_smile() -> None:
    """Lips that a word draws wide, their corners not going up, leave the brows where they are."""
    assert _relaxed(0.108, _smiling(0), np.ones(1, np.float32))[0] == 0


def test_what_a_motion_brings_down_counts() -> None:
    """Brows that the motion itself brings down so far come down no farther."""
    lowering = _smiling(0.1)
    lowering[:, INNER, 1] = 0.03
    assert _relaxed(0.108, lowering, np.ones(1, np.float32))[0] == 0


def test_eyes_and_mouth_stay() -> None:
    """Nothing from the corners of the eyes down is moved."""
    moved = _smiling(0.1)
    relax(moved, _shape(0.12), np.ones(1, np.float32))
    points = [point for eye in EYES for point in (eye.outer, eye.inner, *eye.lower[0], *eye.lower[2])]
    assert np.abs(moved[:, points]).max() < 0.002
    assert np.array_equal(moved[:, list(MOUTH_CORNERS)], _smiling(0.1)[:, list(MOUTH_CORNERS)])
