"""Where along the mouth lips part: told by what is seen between them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.portrait import whole
from vivify.arrays import Float, Pixels
from vivify.faces.topology import INNER_LIPS, LOWER_INNER_LIP, LOWER_LIP_ROWS, OUTER_LIPS, UPPER_INNER_LIP, UPPER_LIP_ROWS
from vivify.motion.parting import narrowed, seen_apart, shares

FRAMES, FPS = 25, 25.0
SKIN, LIPS, TEETH = (205, 165, 145), (175, 90, 95), (225, 220, 205)


def _mouth(gap: float) -> Float:
    """(478, 3): the astronaut's landmarks, four times as large, lips ``gap`` mouth widths apart in the middle."""
    points = 4 * whole()[1].landmarks
    width = float(np.linalg.norm(points[INNER_LIPS[0], :2] - points[INNER_LIPS[10], :2]))
    bow = np.sin(np.linspace(0, np.pi, 11)[1:-1]).astype(np.float32)
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    middle = (points[upper] + points[lower]) / 2
    for rows, side in (((upper, *UPPER_LIP_ROWS, OUTER_LIPS[1:10]), -1), ((lower, *LOWER_LIP_ROWS, OUTER_LIPS[:10:-1]), 1)):
        for number, row in enumerate(rows):
            points[list(row)] = middle
            points[list(row), 1] += side * bow * np.float32((gap / 2 + 0.05 * number) * width)
    return points


def _frame(points: Float, begin: int, end: int) -> Pixels:
    """Skin, lips, and teeth between them from column ``begin`` to ``end`` of the nine."""
    frame = np.full((2048, 2048, 3), SKIN, np.uint8)
    cv2.fillPoly(frame, [np.round(points[list(OUTER_LIPS), :2]).astype(np.int32)], LIPS)
    shown = [*UPPER_INNER_LIP[begin:end], *LOWER_INNER_LIP[begin:end][::-1]]
    cv2.fillPoly(frame, [np.round(points[shown, :2]).astype(np.int32)], TEETH)
    return frame


def _share(gap: float, begin: int, end: int) -> Float:
    """(9,): what is believed in the middle of a clip of one such frame."""
    points = _mouth(gap)
    apart = np.repeat(seen_apart(_frame(points, begin, end), points)[None], FRAMES, axis=0)
    return np.asarray(shares(apart, FPS)[FRAMES // 2])


@pytest.mark.parametrize(("begin", "end"), [(0, 5), (4, 9)])
def test_a_smile_to_one_side_opens_there(begin: int, end: int) -> None:
    """Where teeth are seen lips part as far as landmarks tell; on the other side of the mouth they stay shut."""
    share = _share(0.15, begin, end)
    there = np.arange(9)[begin + 1 : end - 1]
    elsewhere = np.setdiff1d(np.arange(9), np.arange(begin - 1, end + 1))
    assert share[there] == pytest.approx(1)
    assert share[elsewhere] == pytest.approx(0)


@pytest.mark.parametrize("gap", [0.06, 0.15, 0.5])
def test_a_mouth_open_all_along_is_believed(gap: float) -> None:
    """Teeth from corner to corner: lips part everywhere as far as landmarks tell."""
    assert _share(gap, 0, 9) == pytest.approx(1)


def test_a_dropped_jaw_is_believed() -> None:
    """Lips half a mouth apart are parted all along, whatever is seen between them."""
    assert _share(0.5, 4, 9) == pytest.approx(1)


def test_lips_hardly_apart_are_believed() -> None:
    """Of lips told to be less than 0.04 of the mouth's width apart nothing is known, whatever is seen between them."""
    assert _share(0.03, 4, 9) == pytest.approx(1)


def test_where_nothing_tells_lips_from_what_is_between_landmarks_are_believed() -> None:
    """Lips of no colour of their own, a black frame and a mouth outside the frame leave everything as it is told."""
    points = _mouth(0.15)
    beyond = points + np.array([5000, 0, 0], np.float32)
    plain = np.full((2048, 2048, 3), LIPS, np.uint8)
    for frame, seen in ((plain, points), (np.zeros((64, 64, 3), np.uint8), points), (_frame(points, 0, 9), beyond)):
        apart = np.repeat(seen_apart(frame, seen)[None], FRAMES, axis=0)
        assert shares(apart, FPS) == pytest.approx(1)


def test_of_a_small_mouth_landmarks_are_believed() -> None:
    """Where a mouth is 45 pixels wide nothing is seen of where it parts, and all of it where it is 65: teeth on one side."""
    points = _mouth(0.15)
    width = float(np.linalg.norm(points[INNER_LIPS[0], :2] - points[INNER_LIPS[10], :2]))
    frame = _frame(points, 4, 9)
    for pixels, known in ((45, False), (65, True)):
        zoom = pixels / width
        small = np.asarray(cv2.resize(frame, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), np.uint8)
        seen, told = seen_apart(small, points * np.float32(zoom))
        assert bool(np.abs(seen - told).max() > 0.05) is known


def test_lips_meet_halfway() -> None:
    """Lips that are not to part at all meet in the middle of what landmarks told; at a share of 1 nothing moves."""
    shape = _mouth(0.15)[None]
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    shut = narrowed(shape, np.zeros((1, 9), np.float32))
    assert shut[:, upper] == pytest.approx(shut[:, lower], abs=1e-3)
    assert shut[:, upper] == pytest.approx((shape[:, upper] + shape[:, lower]) / 2, abs=1e-3)
    assert np.array_equal(narrowed(shape, np.ones((1, 9), np.float32)), shape)
