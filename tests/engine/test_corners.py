"""Corners of a sulking mouth are where the line between its lips ends."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.engine.test_seam import UNIT, _face
from vivify.animate.mouth import at_corners
from vivify.arrays import Float, Pixels
from vivify.depth.head import HeadFrame
from vivify.faces import Face, Pose
from vivify.faces.topology import EYES, MOUTH_CORNERS, OUTER_LIPS


def _seen(points: Float, *ends: tuple[float, float]) -> Pixels:
    """Skin and lips, and dark lines from the right and the left corner to so far out and down, in eye distances."""
    picture = np.full((480, 480, 3), (205, 160, 140), np.uint8)
    cv2.fillPoly(picture, [np.round(points[list(OUTER_LIPS), :2]).astype(int)], (180, 90, 95))
    for corner, side, end in zip(MOUTH_CORNERS, (-1, 1), ends, strict=True):
        unit = HeadFrame.of(Face(points, 1.0, Pose(0.0, 0.0, 0.0))).unit
        path = points[corner, :2] + np.array([(0, 0), (side * end[0] * unit, end[1] * unit)])
        cv2.line(picture, *np.round(path).astype(int).tolist(), (40, 20, 20), 4, cv2.LINE_AA)
    return picture


def _gone(*ends: tuple[float, float], gap: float = 0.0) -> Float:
    """(2, 2): how far right and down the right and the left corner are set, in eye distances."""
    points = _face(gap)
    head = HeadFrame.of(Face(points, 1.0, Pose(0.0, 0.0, 0.0)))
    moved = at_corners(_seen(points, *ends), points, head)
    return np.asarray((moved - points)[list(MOUTH_CORNERS), :2] / head.unit, np.float32)


def test_corners_go_to_the_ends_of_an_arch() -> None:
    """Lines that go on downwards from both corners end the mouth, each where it ends, within .03 eye distances."""
    found = _gone((0.14, 0.11), (0.12, 0.13))
    assert found[0] == pytest.approx([-0.14, 0.11], abs=0.03)
    assert found[1] == pytest.approx([0.12, 0.13], abs=0.03)


@pytest.mark.parametrize("ends", [((0.14, 0.0), (0.14, 0.0)), ((0.14, 0.11), (0.0, 0.0)), ((0.0, 0.0), (0.0, 0.0))])
def test_other_mouths_stay(ends: tuple[tuple[float, float], ...]) -> None:
    """Lines that go on level, a fold on one side, and none leave the landmarks as they are."""
    assert not _gone(*ends).any()


def test_open_mouths_stay() -> None:
    """Lips apart end where they are seen to."""
    assert not _gone((0.14, 0.11), (0.14, 0.11), gap=0.1 * UNIT).any()


def test_eyes_and_the_middle_of_the_lips_hardly_move() -> None:
    """What goes along with the corners is around them."""
    points = _face()
    head = HeadFrame.of(Face(points, 1.0, Pose(0.0, 0.0, 0.0)))
    gone = np.abs(at_corners(_seen(points, (0.14, 0.11), (0.14, 0.11)), points, head) - points)[:, :2] / head.unit
    assert gone[[point for eye in EYES for point in eye.opening]].max() < 0.001
    assert gone[[0, 13, 14, 17]].max() < 0.03
