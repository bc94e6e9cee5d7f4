"""The faces room's arithmetic: squares, views, anchors, pose, crop and the JSON form, without a photo."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivify.faces import Face, Pose, Verdict, head_and_shoulders, mean_face, mirror_index, resized, rotation
from vivify.faces.anchors import FULL_ANCHORS, SHORT_ANCHORS, Detections, decode, merge
from vivify.faces.geometry import Pyramid, Square, apply, invert, turned
from vivify.faces.mesh import square_of
from vivify.faces.pose import angles, head_fit, head_pose, rigid_fit

angle = st.floats(-170.0, 170.0)
tilt = st.floats(-60.0, 60.0)


def head(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0, scale: float = 20.0) -> Face:
    """The mean face posed in a photo, centred at (200, 150); its irises lie at the eyes' outer corners."""
    pose = Pose(yaw, pitch, roll)
    points = scale * mean_face() @ rotation(pose).T + [200.0, 150.0, 0.0]
    irises = np.concatenate([np.repeat(points[[33]], 5, axis=0), np.repeat(points[[263]], 5, axis=0)])
    return Face(np.concatenate([points, irises]).astype(np.float32), 1.0, pose)


@given(roll=st.integers(-179, 180), turns=st.integers(-3, 3))
def test_an_angle_is_folded_into_one_turn(roll: int, turns: int) -> None:
    """However often it goes round, it is the same angle above -180 and up to 180 degrees."""
    assert turned(roll + 360.0 * turns) == roll


@given(yaw=tilt, pitch=tilt, roll=angle)
def test_pose_is_read_back(yaw: float, pitch: float, roll: float) -> None:
    """A head posed by known angles is read with the same angles."""
    found = head_pose(head(yaw, pitch, roll).landmarks)
    assert (found.yaw, found.pitch, found.roll) == pytest.approx((yaw, pitch, roll), abs=0.05)


def test_pose_signs() -> None:
    """Yaw > 0 brings the nose to the viewer's left, pitch > 0 up, roll > 0 turns the crown to the viewer's right."""
    straight = head().landmarks[4, :2] - head().landmarks[[33, 263], :2].mean(axis=0)
    looking_left = head(yaw=20).landmarks
    looking_up = head(pitch=20).landmarks
    tilted = head(roll=20).landmarks
    assert looking_left[4, 0] < looking_left[[33, 263], 0].mean() - 10
    assert (looking_up[4, 1] - looking_up[[33, 263], 1].mean()) < straight[1] - 10
    assert tilted[10, 0] > tilted[152, 0] + 10


@given(yaw=tilt, pitch=tilt, roll=angle)
def test_mirror_negates_yaw_and_roll(yaw: float, pitch: float, roll: float) -> None:
    """The mirrored head has the negated yaw and roll and the same pitch."""
    landmarks = head(yaw, pitch, roll).landmarks[mirror_index()] * np.array([-1, 1, 1], np.float32)
    found = head_pose(landmarks)
    assert (found.yaw, found.pitch, found.roll) == pytest.approx((-yaw, pitch, -roll), abs=0.05)


def test_mirror_index_is_its_own_inverse() -> None:
    """Mirroring twice is nothing, the midline stays, and the eyes and irises change sides."""
    mirror = mirror_index()
    assert (mirror[mirror] == np.arange(478)).all()
    assert mirror[[1, 152, 33, 133, 468, 61]].tolist() == [1, 152, 263, 362, 473, 291]


@given(yaw=tilt, pitch=tilt, roll=angle)
def test_rotation_is_proper(yaw: float, pitch: float, roll: float) -> None:
    """A pose's matrix is a rotation, and ``angles`` inverts it."""
    turn = rotation(Pose(yaw, pitch, roll))
    assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.linalg.det(turn) == pytest.approx(1.0)
    back = angles(turn)
    assert (back.yaw, back.pitch, back.roll) == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_a_head_is_never_fitted_inside_out() -> None:
    """Of points that are mirrored the fit is the turn that comes nearest, and no reflection."""
    source = np.random.default_rng(2).normal(size=(30, 3))
    for target in (source, source * [-1, 1, 1]):
        fit = rigid_fit(source, target)
        assert np.linalg.det(fit.rotation) == pytest.approx(1)
        assert fit.rotation @ fit.rotation.T == pytest.approx(np.eye(3))


def test_head_fit_scale_is_pixels_per_centimetre() -> None:
    """A head drawn at 20 pixels a centimetre is measured so."""
    assert head_fit(head(25, -10, 40).landmarks).scale == pytest.approx(20.0, rel=1e-3)


@given(yaw=tilt, pitch=tilt, roll=angle)
def test_a_fit_can_be_undone(yaw: float, pitch: float, roll: float) -> None:
    """What a head's fit brings into the photo its inverse brings back, and one after the other is nothing at all."""
    fit, face = head_fit(head(yaw, pitch, roll).landmarks), mean_face()
    assert fit.inverse().apply(fit.apply(face)) == pytest.approx(face, abs=1e-9)
    nothing = fit.inverse().after(fit)
    assert (nothing.scale, nothing.rotation, nothing.shift) == (
        pytest.approx(1.0),
        pytest.approx(np.eye(3), abs=1e-9),
        pytest.approx(np.zeros(3), abs=1e-9),
    )


@given(x=st.floats(-500, 500), y=st.floats(-500, 500), side=st.floats(5, 2000), roll=angle)
def test_square_view_round_trip(x: float, y: float, side: float, roll: float) -> None:
    """A square's centre is shown in the middle of its view, and the inverse matrix brings every point back."""
    matrix = Square(x, y, side, roll).to_view(192)
    assert apply(matrix, np.array([[x, y]]))[0] == pytest.approx([96.0, 96.0], abs=1e-6)
    points = np.array([[0.0, 0.0, 3.0], [191.0, 7.0, -5.0]])
    assert apply(matrix, apply(invert(matrix), points)) == pytest.approx(points, abs=1e-6)


@given(roll=angle)
def test_square_of_follows_the_roll(roll: float) -> None:
    """The square around a head turns with the head and keeps its size."""
    still, moved = square_of(head().landmarks.astype(float)), square_of(head(roll=roll).landmarks.astype(float))
    assert turned(moved.roll - still.roll - roll) == pytest.approx(0.0, abs=0.01)
    assert moved.side == pytest.approx(still.side, rel=1e-4)


def test_pyramid_levels_do_not_drift() -> None:
    """A gradient sampled 8 times smaller reads what it reads at full size: no level shifts the picture, neither way."""
    ramp = np.broadcast_to(np.arange(0, 256, 2, np.uint8)[None, :, None], (128, 128, 3))
    zoom = np.array([[0.125, 0, 0], [0, 0.125, 0]])
    across = Pyramid(np.ascontiguousarray(ramp)).view(zoom, (16, 16))[8, 2:14, 0]
    along = Pyramid(np.ascontiguousarray(ramp.transpose(1, 0, 2))).view(zoom, (16, 16))[2:14, 8, 0]
    for seen in (across, along):
        assert seen.astype(float) == pytest.approx(np.arange(2, 14) * 16.0, abs=0.5)


@pytest.mark.parametrize(("zoom", "contrast"), [(1.0, (255, 255)), (0.9, (150, 255)), (0.45, (0, 40)), (0.2, (0, 5))])
def test_a_view_is_as_sharp_as_it_can_be(zoom: float, contrast: tuple[int, int]) -> None:
    """Stripes a pixel wide are seen as long as the view has nearly as many pixels, and are plain grey where it has not: they
    never come out as stripes of another width.
    """
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::2] = 255
    seen = Pyramid(stripes).view(np.array([[zoom, 0, 0], [0, zoom, 0]]), (20, 20))[2:-2, 2:-2]
    assert contrast[0] <= int(seen.max()) - int(seen.min()) <= contrast[1]


def test_anchor_counts() -> None:
    """The grids are those of the networks: 896 and 2304 anchors, centred in their cells."""
    assert (len(SHORT_ANCHORS), len(FULL_ANCHORS)) == (896, 2304)
    assert SHORT_ANCHORS[0].tolist() == [4.0, 4.0]
    assert FULL_ANCHORS[-1].tolist() == [190.0, 190.0]


def test_decode_reads_boxes_relative_to_anchors() -> None:
    """A box's centre and keypoints are offsets from the anchor in input pixels; weak scores are dropped."""
    values = np.zeros((2, 16), np.float32)
    values[:, 2:4] = 20.0
    found = decode(values, np.array([3, -3], np.float32), np.array([[50, 60], [0, 0]], np.float32), 0.5)
    assert found.boxes.tolist() == [[40.0, 50.0, 60.0, 70.0]]
    assert found.keypoints[0, 3].tolist() == [50.0, 60.0]


def _proposal(x: float, score: float, flipped: bool = False) -> Detections:
    eyes = np.array([[x + 3, 3], [x + 7, 3]], np.float32)
    eyes = eyes[::-1] if flipped else eyes
    points = np.concatenate([eyes, np.zeros((4, 2), np.float32)])
    return Detections(np.array([[x, 0, x + 10, 10]], np.float32), points[None], np.array([score], np.float32))


def test_merge_joins_one_face_and_keeps_two() -> None:
    """Overlapping proposals become one, weighted by score; a distant one, and one upside down, stay."""
    merged = merge(Detections.join([_proposal(0, 0.9), _proposal(2, 0.3), _proposal(50, 0.8), _proposal(0, 0.6, True)]), 0.3)
    assert merged.scores.tolist() == pytest.approx([0.9, 0.8, 0.6])
    assert merged.boxes[0, 0] == pytest.approx(0.5)


@given(roll=angle)
def test_head_and_shoulders_are_in_the_portrait(roll: float) -> None:
    """At any roll the box holds what lies 3 eye distances beside the face, 2.7 above and 3.5 below it, and little more."""
    face = head(roll=roll)
    x0, y0, x1, y1 = head_and_shoulders(face, (2000, 2000))
    down = np.array([-np.sin(np.radians(roll)), np.cos(np.radians(roll))])
    right = np.array([down[1], -down[0]])
    middle = face.landmarks[:, :2].mean(axis=0)
    reach = np.array([middle + (u * right + v * down) * face.eye_span for u in (-3, 3) for v in (-2.7, 3.5)])
    low, high = np.maximum(reach.min(axis=0), 0), reach.max(axis=0)
    assert (low >= (x0, y0)).all()
    assert (high <= (x1, y1)).all()
    assert (high - low + 0.9 * face.eye_span >= (x1 - x0, y1 - y0)).all()


@given(roll=angle)
def test_a_portrait_ends_where_the_photo_does(roll: float) -> None:
    """The box is a slice of the photo, however much of the person lies beyond its border."""
    x0, y0, x1, y1 = head_and_shoulders(head(roll=roll), (300, 400))
    assert 0 <= x0 < x1 <= 400
    assert 0 <= y0 < y1 <= 300


@pytest.mark.parametrize("size", [100, 200, 800])
def test_landmarks_go_along_when_a_photo_is_resized(size: int) -> None:
    """A light at the tip of the nose is where the landmark says in a photo made smaller or larger, within 0.05 pixels."""
    face = head()
    x, y, z = face.landmarks[4]
    rows, columns = np.mgrid[:300, :400]
    light = 200 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 12**2))
    pixels, (moved,) = resized(np.repeat(np.rint(light).astype(np.uint8)[..., None], 3, axis=2), [face], size)
    assert pixels.shape == (size * 3 // 4 // 2 * 2, size, 3)
    weight = pixels[..., 0].astype(float)
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    seen = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
    assert moved.landmarks[4, :2] == pytest.approx(seen, abs=0.05)
    assert moved.landmarks[4, 2] == pytest.approx(z * size / 400, rel=1e-3)


def test_face_survives_json() -> None:
    """as_dict through JSON and back gives the same face to a thousandth of a pixel."""
    face = head(12, -7, 31)
    face = Face(face.landmarks, 0.75, face.pose, Verdict("profile_view", "Turn around."))
    back = Face.from_dict(json.loads(json.dumps(face.as_dict())))
    assert back.landmarks == pytest.approx(face.landmarks, abs=1e-3)
    assert (back.score, back.pose, back.verdict) == (0.75, face.pose, face.verdict)


def test_face_measures() -> None:
    """Box, size and eye distance are those of the landmarks, in pixels."""
    face = head(scale=10.0)
    across, down = face.landmarks[:, 0], face.landmarks[:, 1]
    assert face.box == pytest.approx((across.min(), down.min(), across.max(), down.max()))
    assert face.size == pytest.approx(max(np.ptp(across), np.ptp(down)))
    assert face.eye_span == pytest.approx(10 * np.abs(mean_face()[[33, 133], 0].mean() * 2), rel=1e-4)


def test_face_from_dict_refuses_other_shapes() -> None:
    """A dictionary with a wrong number of landmarks is refused."""
    data = head().as_dict()
    data["landmarks"] = data["landmarks"][:468]
    with pytest.raises(ValueError, match="468"):
        Face.from_dict(data)
