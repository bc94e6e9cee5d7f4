"""Eyes that look elsewhere or open wider: what goes along, and what stays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.portrait import whole
from vivify.animate.eyes.eyeball import PaintedEye
from vivify.animate.eyes.gaze import Gaze
from vivify.arrays import Float
from vivify.faces.topology import EYES, Eye
from vivify.motion.measure import Measured, to_motion

LOOKS = [(0.15, 0.0), (-0.15, 0.0), (0.0, 0.08), (0.0, -0.08), (0.15, 0.06), (-0.15, -0.06)]


def _eye(eye: Eye) -> tuple[Float, float]:
    """The astronaut's landmarks, and how wide ``eye`` is in pixels."""
    points = whole()[1].landmarks
    return points, float(np.linalg.norm(points[eye.outer, :2] - points[eye.inner, :2]))


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("eye", EYES)
def test_the_iris_goes_and_corners_stay(eye: Eye, look: tuple[float, float]) -> None:
    """Its middle goes by the gaze, in eye widths; the corners of the eye stay within 1% of its width."""
    points, width = _eye(eye)
    flat = points[:, :2].astype(np.float64)
    gaze = np.array(look, np.float32)
    along = (flat[eye.inner] - flat[eye.outer]) * (1 if eye is EYES[0] else -1)
    step = look[0] * along + look[1] * np.array([-along[1], along[0]])
    there = np.stack([flat[eye.iris[0]] + step, flat[eye.outer], flat[eye.inner]])
    gone = Gaze(eye, points).gone(there[None], flat, gaze)[0][0]
    assert gone[0] == pytest.approx(step, abs=0.01 * width)
    assert np.abs(gone[1:]).max() < 0.01 * width


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("eye", EYES)
def test_an_eye_that_looks_elsewhere_shows_no_lid(eye: Eye, look: tuple[float, float]) -> None:
    """Whatever is seen between the lids was between them in the photo, within 3% of the eye's width."""
    points, width = _eye(eye)
    opening = points[list(eye.opening), :2].astype(np.float32)
    y, x = np.mgrid[opening[:, 1].min() : opening[:, 1].max() : 0.5, opening[:, 0].min() : opening[:, 0].max() : 0.5]
    there = np.stack([x, y], axis=-1).reshape(-1, 2)
    inside = [cv2.pointPolygonTest(opening, (float(a), float(b)), measureDist=True) >= 0 for a, b in there]
    there = there[inside][None]
    seen = there - Gaze(eye, points).gone(there, points[:, :2].astype(np.float64), np.array(look, np.float32))[0]
    away = [cv2.pointPolygonTest(opening, (float(a), float(b)), measureDist=True) for a, b in seen[0]]
    assert len(away) > 100
    assert min(away) > -0.03 * width


@pytest.mark.parametrize("white", [(180, 140, 140), (150, 150, 150)])
def test_a_glance_bares_lighter_white(white: tuple[int, int, int]) -> None:
    """White that the iris hid is a quarter lighter and less red than what is shown, grey if that is; none is at rest."""
    eye = EYES[0]
    points, width = _eye(eye)
    iris = points[list(eye.iris), :2]
    region = np.full((512, 512, 3), white, np.uint8)
    cv2.circle(region, np.round(iris[0]).astype(int).tolist(), round(0.18 * width), (60, 40, 30), cv2.FILLED)
    painted = PaintedEye(eye, region, points)

    def seen(gaze: float) -> Float:
        (patch,) = painted.patches(points, np.array([gaze, 0], np.float32))
        column, row = np.round(iris[0] - patch.window.corner).astype(int)
        return np.asarray(patch.colour[row, column], np.float32)

    bared, shown = seen(0.3), np.array(white, np.float32)
    assert seen(0.0) == pytest.approx([60, 40, 30], abs=2)
    assert bared.mean() > 1.25 * shown.mean()
    assert np.ptp(bared) < 0.8 * np.ptp(shown) + 1


def test_bright_white_does_not_shine() -> None:
    """White that a photo shows nearly as light as paper is not made lighter by a glance."""
    eye = EYES[0]
    points, width = _eye(eye)
    iris = points[list(eye.iris), :2]
    region = np.full((512, 512, 3), 215, np.uint8)
    cv2.circle(region, np.round(iris[0]).astype(int).tolist(), round(0.18 * width), (60, 40, 30), cv2.FILLED)
    (patch,) = PaintedEye(eye, region, points).patches(points, np.array([0.3, 0], np.float32))
    column, row = np.round(iris[0] - patch.window.corner).astype(int)
    assert patch.colour[row, column] == pytest.approx([215, 215, 215], abs=4)  # cubic lookups overshoot


def test_lashes_rise_with_the_lid() -> None:
    """An eye opened wider than in the photo shows no line where its upper lid was."""
    eye = EYES[0]
    points, width = _eye(eye)
    upper, lower = list(eye.upper[0]), list(eye.lower[0])
    region = np.full((512, 512, 3), 220, np.uint8)
    cv2.polylines(region, [np.round(points[upper, :2]).astype(np.int32)], False, (20, 20, 20), 2)
    vertices = points.copy()
    vertices[upper] += 0.4 * (points[upper] - points[lower])
    (patch,) = PaintedEye(eye, region, points).patches(vertices, np.zeros(2, np.float32))
    middle = np.round((points[upper[2:5], :2] + 0.12 * width * np.array([0, 0.3])) - patch.window.corner).astype(int)
    assert patch.colour[middle[:, 1], middle[:, 0]].min() > 180


@pytest.mark.parametrize(("left_open", "told"), [(1.0, 0.0), (0.65, 0.35), (0.5, 0.5), (0.2, 1.0), (1.2, -0.2)])
def test_lids_are_told_as_far_as_they_go(left_open: float, told: float) -> None:
    """Lids that leave a share of the opening are told to be closed by the rest of it, to 5%; nearly shut ones to be shut."""
    shape = np.repeat(whole()[1].landmarks[None], 20, axis=0).astype(np.float32)
    for eye in EYES:
        upper, lower = list(eye.upper[0]), list(eye.lower[0])
        shape[10:, upper] = shape[10:, lower] + left_open * (shape[10:, upper] - shape[10:, lower])
    motion = to_motion(Measured(shape, np.zeros((20, 3), np.float32), np.zeros((20, 3), np.float32), 25.0))
    assert motion.lids[-1] == pytest.approx(np.full(2, told), abs=0.05)


@pytest.mark.parametrize(("right", "left", "told"), [(0.3, 0.05, (1, 1)), (1.0, 0.05, (0, 1)), (0.7, 0.05, (0.3, 1))])
def test_nobody_blinks_with_one_eye_and_a_half(right: float, left: float, told: tuple[float, float]) -> None:
    """Lids that both leave less than half of their opening are told to be alike; a wink, and a squint beside it, stay."""
    shape = np.repeat(whole()[1].landmarks[None], 20, axis=0).astype(np.float32)
    for eye, open_ in zip(EYES, (right, left), strict=True):
        upper, lower = list(eye.upper[0]), list(eye.lower[0])
        shape[10:, upper] = shape[10:, lower] + open_ * (shape[10:, upper] - shape[10:, lower])
    motion = to_motion(Measured(shape, np.zeros((20, 3), np.float32), np.zeros((20, 3), np.float32), 25.0))
    assert motion.lids[-1] == pytest.approx(told, abs=0.05)
