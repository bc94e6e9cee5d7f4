"""The depth map of a real portrait: what is nearer in life is nearer in the map, and its edge is the person's."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.gallery import faces_in
from tests.portrait import portrait
from vivify.arrays import Float
from vivify.depth import silhouette
from vivify.depth.estimate import DepthMap, estimate
from vivify.depth.head import HeadFrame
from vivify.depth.silhouette import _decided, _loose_hair, person_matte
from vivify.easing import smoothstep
from vivify.faces import Face, Pose, head_pose, mean_face, rotation
from vivify.faces.topology import CHIN, FOREHEAD, MESH, OVAL
from vivify.photos import decode

NOSE, CHEEKS, EARS = 1, (50, 280), (234, 454)


@cache
def _mapped() -> tuple[DepthMap, HeadFrame, Float]:
    photo, face = portrait()
    head = HeadFrame.of(face)
    matte = person_matte(photo.pixels, face.landmarks, head)
    return estimate(face.landmarks, head, matte), head, matte


def _at(values: Float, *points: NDArray[np.floating]) -> float:
    """The mean of ``values`` around the points."""
    blurred = cv2.blur(values, (5, 5))
    return float(np.mean([blurred[round(float(p[1])), round(float(p[0]))] for p in points]))


def _place(right: float, down: float, origin: int) -> NDArray[np.float64]:
    """A point so many eye distances to the right of and below a landmark, upright."""
    _, face = portrait()
    head = _mapped()[1]
    angle = np.radians(head.roll)
    step = np.array([np.cos(angle) * right - np.sin(angle) * down, np.sin(angle) * right + np.cos(angle) * down])
    return np.asarray(face.landmarks[origin, :2] + step * head.unit, np.float64)


def test_nose_before_cheeks_before_ears() -> None:
    """Within the face the nose is nearest, then the cheeks, then the ears, each by a tenth of an eye distance and more."""
    depth, head, _ = _mapped()
    points = portrait()[1].landmarks
    nose, cheeks, ears = (_at(depth.scene, *points[list(which), :2]) for which in ((NOSE,), CHEEKS, EARS))
    assert nose + 0.1 * head.unit < cheeks
    assert cheeks + 0.1 * head.unit < ears


def test_hair_and_neck_lie_behind_the_face_and_the_background_behind_all() -> None:
    """Hair over the forehead and the neck under the chin are farther than the face there; the background is farthest."""
    depth, head, matte = _mapped()
    points = portrait()[1].landmarks
    hair, neck = _at(depth.scene, _place(0.0, -0.5, FOREHEAD)), _at(depth.scene, _place(0.0, 0.35, CHIN))
    assert hair > _at(depth.scene, points[FOREHEAD, :2])
    assert neck > _at(depth.scene, points[CHIN, :2]) + 0.2 * head.unit
    assert hair > _at(depth.scene, points[NOSE, :2]) + 0.5 * head.unit
    background = depth.scene[matte < 0.02]
    assert len(background) > 1000
    assert background.min() > depth.scene[matte > 0.98].max() + head.unit


def test_a_head_falls_back_as_those_of_filmed_people_do() -> None:
    """0.42 eye distances outside the face, heads filmed turning are 0.2 to 0.5 farther than its outline above the forehead,
    and 0.35 to 0.8 farther beside it.
    """
    depth, head, _ = _mapped()
    points = portrait()[1].landmarks
    above = _at(depth.person, _place(0.0, -0.42, FOREHEAD)) - points[FOREHEAD, 2]
    assert 0.2 * head.unit < above < 0.5 * head.unit
    for side, ear in zip((-1, 1), EARS, strict=True):
        beside = _at(depth.person, _place(0.42 * side, 0.0, ear)) - points[ear, 2]
        assert 0.35 * head.unit < beside < 0.8 * head.unit


def test_the_map_agrees_with_the_mesh() -> None:
    """At the 468 landmarks the map correlates with the mesh's z by 0.95 or better."""
    depth, _, _ = _mapped()
    points = portrait()[1].landmarks[:MESH]
    seen = cv2.remap(depth.person, points[:, 0].copy(), points[:, 1].copy(), cv2.INTER_LINEAR).ravel()
    assert np.corrcoef(seen, points[:, 2])[0, 1] >= 0.95


@pytest.mark.parametrize("yaw", [-30, -15, 15, 30])
def test_a_far_cheek_is_as_far_as_the_mesh_has_it(yaw: float) -> None:
    """Of a head turned aside the far cheek stands out beyond the line of the face's outline: the map has it, like the near
    one, where the mesh does, within a tenth of an eye distance.
    """
    points = 12 * mean_face() @ rotation(Pose(yaw, 0.0, 0.0)).T + [150.0, 130.0, 0.0]
    irises = [np.repeat(points[[corner]], 5, axis=0) for corner in (33, 263)]
    head = HeadFrame.of(face := Face(np.concatenate([points, *irises]).astype(np.float32), 1.0, Pose(yaw, 0.0, 0.0)))
    depth = estimate(face.landmarks, head, np.ones((260, 300), np.float32))
    column, row, away = face.landmarks[list(CHEEKS)].T.copy()
    seen = cv2.remap(depth.person, column, row, cv2.INTER_LINEAR).ravel()
    assert seen == pytest.approx(away, abs=0.1 * head.unit)


def test_the_map_is_finite_everywhere() -> None:
    """Every pixel has a depth: no NaN and no infinity, in both surfaces, in the size of the picture."""
    depth, _, matte = _mapped()
    for surface in (depth.person, depth.scene):
        assert surface.shape == matte.shape == (256, 256)
        assert surface.dtype == np.float32
        assert np.isfinite(surface).all()


def test_the_edge_is_the_silhouettes() -> None:
    """The scene steps from person to background just where the matte passes one half; the person's surface never does."""
    depth, head, matte = _mapped()
    assert np.array_equal(depth.scene == depth.scene.max(), matte <= 0.5)
    steps = max(float(np.abs(np.diff(depth.person, axis=axis)).max()) for axis in (0, 1))
    assert steps < 0.25 * head.unit


def test_sixteen_bits_near_is_light() -> None:
    """As a picture the nearest is 65535 and the farthest 0, and the order of depths is kept to its last step."""
    depth, _, _ = _mapped()
    picture = depth.as_uint16()
    assert picture.dtype == np.uint16
    assert (picture.min(), picture.max()) == (0, 65535)
    assert picture[depth.scene == depth.scene.min()].min() == 65535
    assert not picture[depth.scene == depth.scene.max()].any()
    flat = DepthMap(np.zeros((4, 5), np.float32), np.zeros((4, 5), np.float32))
    assert not flat.as_uint16().any()


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_turned_gives_the_map_turned(quarters: int) -> None:
    """Depth does not depend on how the camera was held: nine tenths of the face agree within 0.05 eye distances."""
    _, face = portrait()
    upright, head, matte = _mapped()
    points = face.landmarks.copy()
    for _ in range(quarters):  # counter-clockwise, as np.rot90 turns
        points[:, 0], points[:, 1] = points[:, 1].copy(), 255 - points[:, 0]
    turned_face = replace(face, landmarks=points, pose=head_pose(points))
    turned_matte = np.ascontiguousarray(np.rot90(matte, quarters))
    turned = np.rot90(estimate(points, HeadFrame.of(turned_face), turned_matte).person, -quarters)
    inside = np.zeros((256, 256), np.uint8)
    cv2.fillPoly(inside, [np.round(face.landmarks[list(OVAL), :2]).astype(np.int32)], (1,))
    apart = np.abs(turned - upright.person)[inside > 0]
    assert np.percentile(apart, 90) < 0.05 * head.unit


def test_the_matte_holds_the_person() -> None:
    """The face is wholly the person, the far corners of the picture are not, and everything lies in 0..1."""
    _, face = portrait()
    matte = _mapped()[2]
    inside = np.zeros(matte.shape, np.uint8)
    cv2.fillPoly(inside, [np.round(face.landmarks[list(OVAL), :2]).astype(np.int32)], (1,))
    assert matte[inside > 0].mean() > 0.98
    assert matte[:20, -20:].max() < 0.1
    assert 0 <= matte.min() <= matte.max() <= 1


def test_the_matte_follows_when_the_photo_is_turned() -> None:
    """The silhouette of a photo turned by a quarter overlaps the turned silhouette by 95% and more."""
    photo, face = portrait()
    points = face.landmarks.copy()
    points[:, 0], points[:, 1] = points[:, 1].copy(), 255 - face.landmarks[:, 0]
    head = HeadFrame.of(replace(face, landmarks=points, pose=head_pose(points)))
    turned = np.rot90(person_matte(np.ascontiguousarray(np.rot90(photo.pixels)), points, head), -1) > 0.5
    upright = _mapped()[2] > 0.5
    assert (turned & upright).sum() / (turned | upright).sum() > 0.95


@pytest.mark.parametrize(
    ("photo", "across", "down", "least", "most"),
    [
        ("cognitive-services-sample-data-files__images_Family2-Lady1.jpg", (-1.9, -1.35), (-1.0, -0.2), 0.0, 0.05),
        ("Arc2Face__examples_hepburn.png", (1.1, 1.5), (0.6, 1.2), 0.8, 1.0),
        ("LivePortrait__source_s11.jpg", (-1.5, -1.15), (0.2, 0.7), 0.9, 1.0),
        ("hallo__reference_images_3.jpg", (-1.5, -1.0), (0.6, 1.2), 0.0, 0.05),
        ("SadTalker__source_image_art_20.png", (1.4, 1.7), (0.4, 1.0), 0.0, 0.05),
    ],
    ids=["railing beside dark hair", "dark locks before a dark curtain", "pigtails", "curtain beside a jaw", "golden wall"],
)
def test_hair_is_told_from_what_is_behind_it(
    gallery: Path, photo: str, across: tuple[float, float], down: tuple[float, float], least: float, most: float
) -> None:
    """What the network may take for a person is looked at twice and decided by colour: a railing, a curtain and a wall are
    not hers, locks and pigtails are.

    ``across``, ``down``: where, in eye distances from the middle of the face.
    """
    (found,) = gallery.glob(f"photos/*/{photo}")
    pixels = decode(found.read_bytes()).pixels
    y, x = np.indices(pixels.shape[:2], np.float32)
    face = faces_in(found)[0]
    head = HeadFrame.of(face)
    u, v = head.upright(x, y)
    there = (u > across[0]) & (u < across[1]) & (v > down[0]) & (v < down[1])
    assert least <= person_matte(pixels, face.landmarks, head)[there].mean() <= most


def test_the_heads_frame() -> None:
    """Eye distances, right and down: the viewer's right eye lies to the right, the chin below, at any roll."""
    _, face = portrait()
    head = HeadFrame.of(face)
    u, v = head.upright(face.landmarks[[33, 263, CHIN], 0], face.landmarks[[33, 263, CHIN], 1])
    assert u[1] - u[0] > 1.0
    assert v[2] > 0.8
    assert np.allclose(head.rotation, rotation(face.pose))
    neck = head.neck - head.origin
    assert neck[1] > head.unit
    assert neck[2] > 0.5 * head.unit
    assert replace(face, pose=Pose(0, 0, 0)).eye_span == face.eye_span


def test_a_head_is_no_smaller_for_being_turned() -> None:
    """The unit is the distance between the eyes in space: turning the head by 40 degrees leaves it as it was."""
    _, face = portrait()
    turned = (face.landmarks @ rotation(Pose(40, 0, 0)).T).astype(np.float32)
    assert HeadFrame.of(replace(face, landmarks=turned)).unit == pytest.approx(HeadFrame.of(face).unit, rel=1e-5)
    assert replace(face, landmarks=turned).eye_span < 0.85 * face.eye_span


def test_smoothstep() -> None:
    """0 up to 0, 1 from 1 on, half at the middle."""
    values = smoothstep(np.array([-1, 0, 0.5, 1, 2], np.float32))
    assert values.tolist() == [0, 0, 0.5, 1, 1]


def test_half_a_person_is_decided_by_colour() -> None:
    """Of what the network is half sure of, what has the person's colour is the person and what has the wall's is not; where
    hardly anything is known for sure, nothing is decided.
    """
    hair, wall = (40, 25, 20), (190, 200, 180)
    region = np.empty((200, 200, 3), np.uint8)
    region[:, :120], region[:, 120:] = hair, wall
    region = np.clip(region + np.random.default_rng(2).normal(0, 4, region.shape), 0, 255).astype(np.uint8)
    mask = np.zeros((200, 200), np.float32)
    mask[:, :80] = 1
    mask[60:140, 80:160] = 0.5
    decided = _decided(mask, region, 40.0)
    assert decided[70:130, 82:118].min() == 1
    assert decided[70:130, 122:158].max() == 0
    unsure = np.full((200, 200), 0.5, np.float32)
    assert np.array_equal(_decided(unsure, region, 40.0), unsure)


def test_the_matte_leaves_nothing_to_chance() -> None:
    """Whatever random numbers OpenCV was to draw next, the same photo gives the same matte, to the bit."""
    photo, face = portrait()
    mattes = []
    for seed in (1, 2):
        cv2.setRNGSeed(seed)
        mattes.append(person_matte(photo.pixels, face.landmarks, HeadFrame.of(face)))
    assert np.array_equal(*mattes)


def test_loose_hair_before_a_calm_wall_is_the_persons() -> None:
    """A lock two pixels wide before a wall with grain, where the network saw only a little, is the person's all along it, by
    nine tenths; nothing of the wall is, by more than a tenth; and before leaves nothing is, for there it cannot be told.
    """
    rng = np.random.default_rng(4)
    y, x = np.indices((240, 240), np.float32)
    lock = np.abs(x - 60 - 30 * np.sin(y / 60)) < 1.5
    mask = np.where(np.abs(x - 60 - 30 * np.sin(y / 60)) < 12, 0.3, 0).astype(np.float32)
    mask[:, 150:] = 1
    wall = rng.normal(160, 2, (240, 240, 3))
    leaves = cv2.GaussianBlur(rng.normal(160, 90, (240, 240, 3)), (0, 0), 1.5)
    found, lost = (
        _loose_hair(mask, np.clip(np.where(lock[..., None], 60, ground), 0, 255).astype(np.uint8), 60.0)
        for ground in (wall, leaves)
    )
    assert found[lock].mean() > 0.9
    assert found[~lock & (mask < 1)].mean() < 0.1
    assert lost[mask < 1].max() == 0


def test_loose_hair_is_somebodys_only_where_a_person_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs from a calm background is hers where the network saw her, half hers where it saw a sixteenth, and
    nobody's where it saw none.
    """
    photo, face = portrait()
    seen = np.zeros(photo.pixels.shape[:2], np.float32)
    seen[:, :200], seen[:, 200:230] = 1, 1 / 16
    monkeypatch.setattr(silhouette, "_seen", lambda *_: seen)
    monkeypatch.setattr(silhouette, "_loose_hair", lambda *_: np.ones_like(seen))
    matte = person_matte(photo.pixels, face.landmarks, HeadFrame.of(face))
    for columns, share in ((slice(200), 1), (slice(200, 230), 0.5), (slice(230, None), 0)):
        assert (matte[:, columns] == share).all()


def test_a_face_is_the_persons_whatever_the_network_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it sees nobody, as in lenses that mirror the sky, eyes, nose and mouth are hers all the same."""
    photo, face = portrait()
    monkeypatch.setattr(silhouette, "_seen", lambda *_: np.zeros(photo.pixels.shape[:2], np.float32))
    matte = person_matte(photo.pixels, face.landmarks, HeadFrame.of(face))
    assert min(_at(matte, face.landmarks[point]) for point in (NOSE, 13, 468, 473)) > 0.95
