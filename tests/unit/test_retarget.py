"""A measured motion fitted to another face: eyes of any size close, lips never cross, heads turn within bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.other_faces import FRONTAL, fitted, shape_of
from vivify.arrays import Float
from vivify.faces import Pose
from vivify.faces.pose import rotation
from vivify.faces.topology import CHIN, EYE_CORNERS, EYES, FOREHEAD, MESH, NECK, Eye
from vivify.motion import FaceTrack, Limits, Motion, Room, retarget, template

_moderate = st.floats(0.4, 2.5)


def _with_lids(*closures: float) -> Motion:
    motion = Motion.still(len(closures))
    motion.lids[:] = np.array(closures, np.float32)[:, None]
    return motion


def _gap(eye: Eye, shape: Float, track: FaceTrack, frame: int) -> float:
    """The largest distance between facing points of the two lids."""
    moved = shape[:MESH] + track.displacement[frame]
    return float(np.linalg.norm(moved[list(eye.upper[0])] - moved[list(eye.lower[0])], axis=1).max())


@given(openness=_moderate, size=_moderate)
@settings(max_examples=40, deadline=None)
def test_eyes_of_any_size_close_fully(openness: float, size: float) -> None:
    """At closure 1 facing points of both lids coincide; half way the eye is half open; at 0 it is the photo's."""
    shape = shape_of(openness, size)
    track = fitted(_with_lids(0.0, 0.5, 1.0), shape, 0.8)
    still = fitted(_with_lids(0.0), shape, 0.8)
    for eye in EYES:
        open_gap = _gap(eye, shape, still, 0)
        assert open_gap > 0.01
        assert _gap(eye, shape, track, 0) == pytest.approx(open_gap)
        assert _gap(eye, shape, track, 1) == pytest.approx(open_gap / 2, rel=1e-3)
        assert _gap(eye, shape, track, 2) < 1e-5
    assert not track.displacement[0].any()


@given(closure=st.floats(1.0, 6.0))
@settings(max_examples=20, deadline=None)
def test_lids_that_were_asked_for_more_still_only_meet(closure: float) -> None:
    """Two blinks at once, or one at triple strength, shut the eye; the lids never pass through one another."""
    shape = shape_of()
    track = fitted(_with_lids(closure), shape, 0.8)
    assert max(_gap(eye, shape, track, 0) for eye in EYES) < 1e-5


@pytest.mark.parametrize("closure", [0.0, 0.4])
def test_an_eye_goes_along_with_the_face_around_it(closure: float) -> None:
    """Where a driver's eyes are seen to go with his cheeks and brows, lids and corners go so far as one, open as they are.
    Where brows and cheeks alone move, they stay.
    """
    shape, moved, gone = shape_of(), _with_lids(closure), np.array([0.02, -0.03, 0.01], np.float32)
    moved.displacement[:] = gone
    stayed = fitted(_with_lids(closure), shape, 0.8).displacement[0]
    along = fitted(moved, shape, 0.8).displacement[0]
    moved.displacement[:, EYE_CORNERS] = 0
    left = fitted(moved, shape, 0.8).displacement[0]
    for eye in EYES:
        edges = [eye.outer, eye.inner, *eye.upper[0], *eye.lower[0]]
        whole = [*edges, *eye.upper[1], *eye.upper[2], *eye.lower[1], *eye.lower[2]]
        assert along[whole] - stayed[whole] == pytest.approx(np.broadcast_to(gone, (len(whole), 3)), abs=1e-5)
        assert np.abs(left[[eye.outer, eye.inner]]).max() < 1e-6


def test_lids_close_downwards() -> None:
    """The upper lid travels down most of the way, from the eye's middle inwards the lower a little up; towards the outer
    corner the upper one comes down over the lower, whose skin is pressed down less. The corners of the eye stay.
    """
    shape = shape_of()
    move = fitted(_with_lids(1.0), shape, 0.8).displacement[0]
    for eye in EYES:
        upper, lower = move[list(eye.upper[0]), 1], move[list(eye.lower[0]), 1]
        assert upper.mean() > 3 * -lower[3:].mean() > 0
        assert lower[0] > 0.1 * (shape[eye.lower[0][3], 1] - shape[eye.upper[0][3], 1])
        assert 0 < move[eye.lower[1][0], 1] < 0.7 * lower[0]
        assert not move[[eye.outer, eye.inner]].any()


@given(closure=st.floats(-0.3, 1.0))
@settings(max_examples=20, deadline=None)
def test_a_shut_eye_stays_shut(closure: float) -> None:
    """An eye that is shut in the photo neither opens nor twitches, whatever the motion's lids do."""
    track = fitted(_with_lids(closure), shape_of(openness=0.1), 0.8)
    for eye in EYES:
        for row in (*eye.upper, *eye.lower):
            assert not track.displacement[0, list(row)].any()


def test_each_eye_follows_its_own_lid() -> None:
    """The first lid curve is the person's right eye, the second the left: a wink shuts one."""
    motion = Motion.still(1)
    motion.lids[0] = [1.0, 0.0]
    shape = shape_of()
    track = fitted(motion, shape, 0.8)
    right, left = (_gap(eye, shape, track, 0) for eye in EYES)
    assert right < 1e-5
    assert left > 0.05
    assert shape[EYES[0].outer, 0] < 0  # the person's right is the viewer's left


def test_a_motion_is_not_changed_by_fitting_it() -> None:
    """Fitting leaves the motion as it was: one motion serves every face of a photo."""
    motion = template("gentle-smile").motion
    before = motion.displacement.copy()
    fitted(motion, shape_of(), 0.8)
    assert np.array_equal(before, motion.displacement)


def test_rest_stays_rest() -> None:
    """A motion at rest moves nothing on any face, not even by rounding."""
    for shape in (shape_of(), shape_of(openness=2.0), shape_of(lips=0.15), shape_of(openness=0.05, lips=-0.01)):
        track = retarget(Motion.still(2), shape, Limits.of(shape, Pose(30.0, 10.0, 90.0)), 0.8)
        assert not track.displacement.any()
        assert not track.rotation.any()
        assert not track.translation.any()


@pytest.mark.parametrize("eye", EYES, ids=["right", "left"])
def test_a_cheek_that_rises_pushes_the_lower_lid_up(eye: Eye) -> None:
    """By nearly its way in the lid's middle, at most 0.4 of the opening; the upper lid and a shut eye stay as they are."""
    shape, motion = shape_of(), Motion.still(3)
    gap = float((shape[list(eye.lower[0])] - shape[list(eye.upper[0])])[3, 1])
    motion.displacement[:, list(eye.lower[2]), 1] = np.array([-0.1, -0.1, -3], np.float32)[:, None] * gap
    motion.lids[1] = 1.0
    track, shut = fitted(motion, shape, 0.8), fitted(_with_lids(0.0, 1.0), shape, 0.8)
    np.testing.assert_allclose(track.displacement[[0, 2], eye.lower[0][3], 1] / gap, [-0.098, -0.4], atol=1e-3)
    np.testing.assert_allclose(track.displacement[0, list(eye.upper[0])], 0, atol=1e-6)
    np.testing.assert_allclose(
        track.displacement[1, list(eye.lower[0])], shut.displacement[1, list(eye.lower[0])], atol=1e-6
    )


@pytest.mark.parametrize("eye", EYES, ids=["right", "left"])
def test_an_eye_that_smiles_is_narrowed_from_below(eye: Eye) -> None:
    """A cheek that narrows an eye by more than was measured leaves its upper lid alone; else that one comes down by what is
    left of the measured over three quarters of the cheek's part.
    """
    shape, motion = shape_of(), Motion.still(3)
    gap = float((shape[list(eye.lower[0])] - shape[list(eye.upper[0])])[3, 1])
    motion.displacement[1:, list(eye.lower[2]), 1] = -gap / 3
    motion.lids[1], motion.lids[2] = 0.1, 0.5
    track = fitted(motion, shape, 0.8)
    moved = shape[:MESH] + track.displacement
    open_by = moved[:, eye.lower[0][3], 1] - moved[:, eye.upper[0][3], 1]
    np.testing.assert_allclose(open_by / gap, [1.0, 1 - 0.9 * 0.273, 0.466], atol=0.02)
    np.testing.assert_allclose(track.displacement[1, list(eye.upper[0])], 0, atol=1e-6)
    np.testing.assert_allclose(track.lids[:, EYES.index(eye)], [0.0, 0.0, 0.398], atol=1e-3)


def test_a_head_held_back_looks_on() -> None:
    """Eyes that stay on the viewer while the head turns look back by as much less as it is held back; others as they did."""
    motion = Motion.still(3)
    motion.rotation[:, 0] = [10, 60, 60]
    motion.gaze[:, 0] = [0.08, 0.48, -0.1]
    shape = shape_of()
    track = retarget(motion, shape, Limits.of(shape, Pose(0.0, 0.0, 0.0)), 0.8)
    assert track.rotation[1, 0] < 25
    assert track.gaze[:2, 0] == pytest.approx(0.008 * track.rotation[:2, 0], abs=1e-4)
    assert track.gaze[2, 0] == pytest.approx(-0.1)


def test_a_head_cut_off_above_nods_about_the_border() -> None:
    """Where the border cuts its hair off, less than a third is left of the way that a nod takes a forehead down, and the
    chin hardly leaves its place; turned as far. A nod back, and one of half a degree, move it as ever.
    """
    shape = shape_of()
    motion = Motion.still(4)
    motion.rotation[:, 1] = [0, -10, 5, -0.5]
    whole, cut = (retarget(motion, shape, Limits.of(shape, FRONTAL, Room(cut_above=share)), 0.8) for share in (0.0, 1.0))

    def down(track: FaceTrack, point: int) -> Float:
        ways = [rotation(Pose(*angles)) @ (shape[point] - NECK) for angles in track.rotation.tolist()]
        return np.array(ways)[:, 1] + track.translation[:, 1] - (shape[point] - NECK)[1]

    assert np.array_equal(cut.rotation, whole.rotation)
    sinks, held = down(whole, FOREHEAD), down(cut, FOREHEAD)
    assert sinks[1] > 0.25
    assert 0 < held[1] < sinks[1] / 3
    assert abs(down(cut, CHIN)[1]) < sinks[1] / 3
    assert held[[0, 2]] == pytest.approx(sinks[[0, 2]])
    assert held[3] == pytest.approx(sinks[3], abs=0.005)
