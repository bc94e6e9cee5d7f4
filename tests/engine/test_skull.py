"""Where a head went: texture tells it where landmarks are mistaken, and landmarks where texture is not sure."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.portrait import portrait
from vivify.faces.pose import RigidFit, angles, rotation
from vivify.faces.types import Pose
from vivify.motion.skull import Skull, believed

Array = NDArray[np.float64]

HERE = RigidFit(1.0, np.eye(3), np.zeros(3))
AHEAD = Pose(0, 0, 0)
MIDDLE = np.array([0.0, 0.0, 0.0])
SIDE = 512


def _turned(points: NDArray[np.float32], pose: Pose) -> Array:
    """The landmarks as if the head had turned about its middle."""
    middle = points.mean(axis=0)
    return (points - middle) @ rotation(pose).T + middle


def _turn(fit: RigidFit | None) -> Array:
    assert fit is not None
    pose = angles(fit.rotation)
    return np.array([pose.yaw, pose.pitch, pose.roll])


@pytest.mark.parametrize("mistaken", [Pose(3, 0, 0), Pose(0, -3, 0), Pose(0, 0, 3), Pose(-2, 2, 2)])
def test_landmarks_that_turn_alone_turn_no_head(mistaken: Pose) -> None:
    """The same frame, its landmarks mistaken by 3 degrees: the head has not turned, to a third of a degree, nor moved."""
    photo, face = portrait()
    found = Skull(photo.pixels, face.landmarks).found(photo.pixels, _turned(face.landmarks, mistaken))
    assert np.abs(_turn(found)).max() < 1 / 3
    assert found is not None
    middle = face.landmarks.mean(axis=0).astype(np.float64)
    assert np.linalg.norm((found.apply(middle) - middle)[:2]) < 0.01 * face.eye_span


def test_a_head_that_moves_in_the_picture_is_found_there() -> None:
    """The frame turned by 4 degrees, made 5% larger and shifted, told the old landmarks: all three come back."""
    photo, face = portrait()
    middle = face.landmarks[:, :2].mean(axis=0)
    matrix = cv2.getRotationMatrix2D(tuple(middle.tolist()), -4.0, 1.05)
    matrix[:, 2] += [3.0, -2.0]
    size = photo.pixels.shape[1], photo.pixels.shape[0]
    moved = np.asarray(cv2.warpAffine(photo.pixels, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    found = Skull(photo.pixels, face.landmarks).found(moved, face.landmarks)
    assert np.allclose(_turn(found), [0.0, 0.0, 4.0], atol=0.5)
    assert found is not None
    assert found.scale == pytest.approx(1.05, abs=0.01)
    assert np.allclose(found.apply(face.landmarks.mean(axis=0).astype(np.float64))[:2] - middle, [3.0, -2.0], atol=0.5)


def test_where_texture_is_gone_nothing_is_told() -> None:
    """Neither a frame of another picture nor one without any texture is taken for the head."""
    photo, face = portrait()
    skull = Skull(photo.pixels, face.landmarks)
    assert skull.found(photo.pixels[::-1].copy(), face.landmarks) is None
    grey = np.full_like(photo.pixels, 127)
    assert skull.found(grey, face.landmarks) is None
    assert Skull(grey, face.landmarks).found(grey, face.landmarks) is None


def _told(turn: Pose, unit: float = 100.0) -> RigidFit:
    """A head with so many pixels between the eyes, as its landmarks have it."""
    return RigidFit(unit, rotation(turn), np.zeros(3))


def test_who_errs_less_is_believed() -> None:
    """Told to turn by 3 degrees where texture finds none, the head hardly turns; against a found 20 the told 16 hold. Of a
    head that is seen small, or takes little of the picture, the told 3 count for more.
    """
    small, little, large = (
        abs(_turn(believed([_told(AHEAD, unit), _told(Pose(3, 0, 0), unit)], [HERE, HERE], MIDDLE, side)[1])[0])
        for unit, side in ((20, SIDE), (100, 7 * SIDE), (100, SIDE))
    )
    assert large < 0.1
    assert 0.3 < small < 1
    assert 0.3 < little < 1
    found = RigidFit(1.0, rotation(Pose(20, 0, 0)), np.zeros(3))
    assert 16 <= _turn(believed([_told(AHEAD), _told(Pose(16, 0, 0))], [HERE, found], MIDDLE, SIDE)[1])[0] < 17


def test_frames_without_texture_are_bridged() -> None:
    """Between frames whose 2 degrees were a mistake another is mistaken too; without any texture all is as told."""
    told = [_told(AHEAD), *[_told(Pose(0, 2, 0))] * 3]
    bridged = believed(told, [HERE, HERE, None, HERE], MIDDLE, SIDE)
    assert all(abs(_turn(fit)[1]) < 0.1 for fit in bridged)
    assert believed(told, [None] * 4, MIDDLE, SIDE) == told
