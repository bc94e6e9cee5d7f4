"""Lips open where the photo has them meet, not where the network thinks they do."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vivify.animate.mouth import on_seam
from vivify.arrays import Float, Pixels
from vivify.depth.head import HeadFrame
from vivify.faces import Face, Pose, mean_face
from vivify.faces.topology import LOWER_INNER_LIP, MOUTH_CORNER_ROWS, OUTER_LIPS, UPPER_INNER_LIP

UNIT = 120.0  # pixels between the eyes


def _face(gap: float = 0.0) -> Float:
    """The mean face in a picture of 480 pixels, its lips ``gap`` pixels apart; (478, 3)."""
    mesh = mean_face()
    shape = np.concatenate([mesh, np.zeros((10, 3))]) * UNIT / np.ptp(mesh[[33, 263], 0]) * 1.4
    shape[:, :2] += 240 - shape[:468, :2].mean(axis=0)
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    middle = (shape[upper, 1] + shape[lower, 1]) / 2
    shape[upper, 1], shape[lower, 1] = middle - gap / 2, middle + gap / 2
    return shape.astype(np.float32)


def _seen(points: Float, line: float, thick: int) -> Pixels:
    """Skin and lips with a dark line ``line`` pixels below where the landmarks have it."""
    picture = np.full((480, 480, 3), (205, 160, 140), np.uint8)
    cv2.fillPoly(picture, [np.round(points[list(OUTER_LIPS), :2]).astype(int)], (180, 90, 95))
    path = np.round((points[list(UPPER_INNER_LIP), :2] + [0, line]) * 16).astype(int)
    cv2.polylines(picture, [path], False, (30, 12, 14), thick, cv2.LINE_AA, 4)
    return picture


def _on_seam(picture: Pixels, points: Float) -> Float:
    return on_seam(picture, points, HeadFrame.of(Face(points, 1.0, Pose(0.0, 0.0, 0.0))))


@pytest.mark.parametrize("line", [-4.0, 3.0])
def test_shut_lips_meet_on_the_dark_line(line: float) -> None:
    """Both inner lips go to the line, to a pixel, and stay together; the lips' outer edge stays."""
    points = _face()
    moved = _on_seam(_seen(points, line, 2), points)
    upper, lower, outer = (list(rows) for rows in (UPPER_INNER_LIP, LOWER_INNER_LIP, OUTER_LIPS))
    assert np.abs(moved[upper, 1] - points[upper, 1] - line).max() < 1.0
    assert np.allclose(moved[upper, 1], moved[lower, 1], atol=0.01)
    assert np.array_equal(moved[outer], points[outer])


def test_lips_slightly_apart_lie_on_either_side_of_the_dark() -> None:
    """A black gap of ten pixels between lips that were read as shut puts them that far apart."""
    points = _face()
    moved = _on_seam(_seen(points, 0.0, 10), points)
    gap = moved[list(LOWER_INNER_LIP), 1] - moved[list(UPPER_INNER_LIP), 1]
    assert np.abs(gap - 10).max() < 2.5


@pytest.mark.parametrize(("gap", "line"), [(0.0, None), (20.0, -4.0)])
def test_without_a_line_landmarks_are_believed(gap: float, line: float | None) -> None:
    """Lips in whose middle nothing is dark, and lips clearly apart, stay where they were read."""
    points = _face(gap)
    picture = _seen(points, line or 0.0, 2) if line is not None else np.full((480, 480, 3), 150, np.uint8)
    assert np.array_equal(_on_seam(picture, points), points)


def test_a_mouth_opens_up_to_the_corners_of_its_line() -> None:
    """The inner lips' ends go three quarters of the way to the outer ones, so that no dark stays beside an open mouth."""
    points = _face()
    moved = _on_seam(_seen(points, 0.0, 2), points)
    for inside, *_, outside in MOUTH_CORNER_ROWS:
        away, before = (np.linalg.norm(p[inside, :2] - p[outside, :2]) for p in (moved, points))
        assert away < 0.3 * before
