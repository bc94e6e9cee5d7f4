"""Where the teeth that a photo shows end: found where they do, and nowhere where a lip merely shines."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vivify.animate.mouth.edge import Edge, find_edge
from vivify.arrays import Float

UNIT = 4.0  # pixels per millimetre
SKIN = 150.0
X, Y = np.meshgrid(np.arange(-24, 24, 1 / UNIT, dtype=np.float32), np.arange(-2, 20, 1 / UNIT, dtype=np.float32))
LIPS = (Y > 0.02 * X**2 - 1) & (Y < 14 - 0.02 * X**2)
"""An open mouth, 15 mm high in the middle."""


def _edge(luma: Float, inside: NDArray[np.bool_] = LIPS) -> Edge | None:
    return find_edge(luma.astype(np.float32), inside, X, Y, UNIT, SKIN)


@pytest.mark.parametrize(("end", "bend", "tilt"), [(5.0, 0.0, 0.0), (7.0, -0.012, 0.0), (6.0, -0.008, 0.1)])
def test_the_edge_of_teeth_is_found(end: float, bend: float, tilt: float) -> None:
    """Bright teeth over a dark mouth: their edge to half a millimetre, and how high the dark below it is, to one."""
    edge = _edge(np.where(end + tilt * X + bend * X**2 > Y, 180.0, 30.0))
    assert edge is not None
    across = np.linspace(-12, 12, 9, dtype=np.float32)
    assert np.abs(edge.at(across) - (end + tilt * across + bend * across**2)).max() < 0.5
    assert edge.sheer + edge.dark == pytest.approx(14 - end, abs=1.5)


def test_thin_teeth_over_a_tongue_end_where_they_do() -> None:
    """A slit 6 mm high shows 1.5 mm of a few teeth and below them a tongue, half as bright: the edge is theirs, to half a
    millimetre, though nothing dark lies under it.
    """
    slit = (Y > -0.5) & (Y < 6) & (np.abs(X) < 10)
    edge = _edge(np.where((Y < 1) & (np.abs(X) < 7), 180.0, 85.0), slit)
    assert edge is not None
    assert edge.hanging
    assert abs(float(edge.at(np.zeros(1, np.float32))[0]) - 1) < 0.5


def test_rows_that_are_shut_have_no_dark_between_them() -> None:
    """Lower teeth in the shade of the upper ones: the edge is where those end, with nothing to draw out below."""
    edge = _edge(np.where(Y < 6, 180.0, 110.0))
    assert edge is not None
    assert abs(float(edge.at(np.zeros(1, np.float32))[0]) - 6) < 0.5
    assert edge.dark == 0


def test_teeth_may_end_behind_the_lower_lip() -> None:
    """Teeth down to the lower lip, a little shaded there: the edge lies behind it."""
    edge = _edge(np.where(Y > 12, 160.0, 180.0))
    assert edge is not None
    assert float(edge.at(np.zeros(1, np.float32))[0]) > 13


@pytest.mark.parametrize(("between", "ends"), [(110.0, 10.6), (50.0, 8.0)])
def test_teeth_that_touch_the_lower_lip_end_where_crowns_do(between: float, ends: float) -> None:
    """Teeth seen for 8 mm, down to the lower lip, end 10.6 below the upper; with dark before the lip, where it begins."""
    lip = 9 - 0.02 * X**2
    edge = _edge(np.where(lip - 1 > Y, 180.0, np.where(lip + 0.5 > Y, between, 110.0)), LIPS & (lip > Y))
    assert edge is not None
    assert float(edge.at(np.zeros(1, np.float32))[0]) == pytest.approx(ends, abs=0.3)
    assert (edge.covered > 0) == (ends > 9)


def test_teeth_that_do_not_hang_from_the_upper_lip_are_not_taken_for_upper_ones() -> None:
    """Lower teeth alone below a dark mouth: nothing hangs from the upper lip, and all of it down to them is dark."""
    edge = _edge(np.where(Y > 12, 150.0, np.where(Y > 8, 180.0, 60.0)))
    assert edge is not None
    assert not edge.hanging
    assert edge.lower
    assert float(edge.at(np.zeros(1, np.float32))[0]) + edge.dark == pytest.approx(8, abs=0.75)


@pytest.mark.parametrize(
    "luma", [np.full(X.shape, 30.0), 30 + 9 * Y, np.where((Y > 5) & (Y < 5.4), 180.0, 30.0)], ids=["dark", "lip", "wet"]
)
def test_what_is_no_tooth_has_no_edge(luma: Float) -> None:
    """A dark mouth, a lower lip that is brighter the farther down, and a thin wet line show no teeth."""
    assert _edge(luma) is None


def test_a_mouth_outside_the_picture_has_no_edge() -> None:
    """Nothing between the lips is seen, and nothing breaks."""
    assert _edge(np.full(X.shape, 180.0), np.zeros(X.shape, bool)) is None
