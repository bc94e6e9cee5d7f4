"""Finding faces in the repository's own photo, whole and changed: the same face must be found the same way."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from vivify.arrays import Pixels
from vivify.faces import Face, Landmarker, find_faces
from vivify.faces.geometry import turned
from vivify.photos import Photo, decode

ASTRONAUT = Path(__file__).resolve().parents[1] / "fixtures" / "astronaut.png"


@cache
def pixels() -> Pixels:
    return np.ascontiguousarray(cv2.imread(str(ASTRONAUT), cv2.IMREAD_COLOR)[:, :, ::-1])


@cache
def original() -> Face:
    (face,) = find_faces(Photo(pixels(), "png"))
    return face


def found(photo: ArrayLike) -> Face:
    faces = find_faces(Photo(np.ascontiguousarray(photo, np.uint8), "png"))
    assert len(faces) == 1
    assert faces[0].verdict is None
    return faces[0]


def error(face: Face, back: ArrayLike, before: Face | None = None) -> float:
    """Mean distance of the landmarks from those ``before``, the original's, in percent of the inter-ocular distance.

    ``back``: (2, 3), from the changed photo's pixels to the original's.
    """
    matrix, before = np.asarray(back, np.float64), before or original()
    points = face.landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    distance = np.linalg.norm(points - before.landmarks[:, :2], axis=1).mean()
    return float(100 * distance / before.eye_span)


# Landmarks around what is covered: nose, mouth and chin to below the eyes; and the eyes to above the brows.
MASK = (132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 280, 197, 50, 234, 93)
BAND = (127, 71, 105, 107, 336, 334, 301, 356, 454, 280, 197, 50, 234)


@pytest.mark.parametrize("colour", [(150, 190, 215), (25, 25, 28)], ids=["blue", "black"])
@pytest.mark.parametrize("covered", [MASK, BAND], ids=["mask", "band"])
def test_half_a_face_is_no_animals(covered: tuple[int, ...], colour: tuple[int, int, int]) -> None:
    """A mask over nose and mouth, or a band over the eyes, makes an obscured face of a person's and no animal's."""
    photo = pixels().copy()
    cv2.fillPoly(photo, [np.round(original().landmarks[list(covered), :2]).astype(np.int32)], colour, cv2.LINE_AA)
    (face,) = find_faces(Photo(photo, "png"))
    assert face.verdict is not None
    assert face.verdict.code == "face_obscured"


def test_astronaut() -> None:
    """The portrait holds one face, upright, facing the camera, its irises between its lids."""
    face = original()
    assert face.verdict is None
    assert 90 < face.size < 130
    assert face.score > 0.9
    assert abs(face.pose.yaw) < 15
    assert abs(face.pose.roll) < 15
    for iris, upper, lower in ((468, 159, 145), (473, 386, 374)):
        assert face.landmarks[upper, 1] < face.landmarks[iris, 1] < face.landmarks[lower, 1]


def test_same_photo_same_faces() -> None:
    """Nothing is left to chance: two runs give the same numbers."""
    assert np.array_equal(found(pixels()).landmarks, original().landmarks)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(dx=st.integers(-40, 40), dy=st.integers(-40, 40))
def test_shifted(dx: int, dy: int) -> None:
    """Shifting the photo shifts the landmarks: within 2% of the inter-ocular distance."""
    matrix = np.array([[1.0, 0, dx], [0, 1, dy]])
    moved = cv2.warpAffine(pixels(), matrix, (512, 512), borderMode=cv2.BORDER_REFLECT)
    assert error(found(moved), np.array([[1.0, 0, -dx], [0, 1, -dy]])) < 2


@settings(max_examples=6, deadline=None, derandomize=True)
@given(scale=st.floats(0.5, 2.0))
def test_scaled(scale: float) -> None:
    """From half to double size the landmarks agree within 2%."""
    side = round(512 * scale)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    moved = cv2.resize(pixels(), (side, side), interpolation=method)
    back = 512 / side
    assert error(found(moved), np.array([[back, 0, back / 2 - 0.5], [0, back, back / 2 - 0.5]])) < 2


@pytest.mark.parametrize("degrees", range(15, 360, 15))
def test_rotated(degrees: int) -> None:
    """At every roll the face is found, its landmarks agree within 2%, and the pose's roll tells the turn."""
    matrix = cv2.getRotationMatrix2D((255.5, 255.5), -degrees, 1.0)  # cv2 counts anticlockwise
    matrix[:, 2] += 106
    moved = cv2.warpAffine(pixels(), matrix, (724, 724), flags=cv2.INTER_CUBIC)
    face = found(moved)
    assert error(face, cv2.invertAffineTransform(matrix)) < 2
    assert turned(face.pose.roll - original().pose.roll - degrees) == pytest.approx(0, abs=1.5)
    assert face.pose.yaw == pytest.approx(original().pose.yaw, abs=2)


@pytest.mark.parametrize("quality", [30, 60, 90])
def test_recompressed(quality: int) -> None:
    """JPEG at any usable quality moves the landmarks by less than 2%."""
    _, data = cv2.imencode(".jpg", pixels()[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    moved = cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1]
    assert error(found(moved), np.array([[1.0, 0, 0], [0, 1, 0]])) < 2


@pytest.mark.parametrize("name", ["LivePortrait__source_s9", "hallo__reference_images_5", "face-api.js__images_sad"])
def test_other_faces_are_as_stable(gallery: Path, name: str) -> None:
    """Landmarks of Mona Lisa, a bust and a sad man agree within 2% as well: turned, half and double the size, as JPEG."""
    (path,) = (gallery / "photos" / "portrait").glob(f"{name}.*")
    photo = decode(path.read_bytes()).pixels
    photo = np.asarray(cv2.resize(photo, None, fx=(zoom := 600 / max(photo.shape)), fy=zoom), np.uint8)
    before, (height, width) = found(photo), photo.shape[:2]
    for degrees in (45, 150, 285):
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
        matrix[:, 2] += (860 - width) / 2, (860 - height) / 2
        moved = cv2.warpAffine(photo, matrix, (860, 860), flags=cv2.INTER_CUBIC)
        assert error(found(moved), cv2.invertAffineTransform(matrix), before) < 2
    for scale in (0.5, 2.0):
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        moved = cv2.resize(photo, (round(width * scale), round(height * scale)), interpolation=method)
        x, y = width / moved.shape[1], height / moved.shape[0]
        assert error(found(moved), np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5]]), before) < 2
    _, data = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 30])
    assert error(found(cv2.imdecode(data, cv2.IMREAD_COLOR)), np.array([[1.0, 0, 0], [0, 1, 0]]), before) < 2


def test_mirrored() -> None:
    """The mirrored photo shows the negated yaw and roll and the same pitch."""
    face, pose = found(pixels()[:, ::-1]), original().pose
    assert (face.pose.yaw, face.pose.pitch, face.pose.roll) == pytest.approx((-pose.yaw, pose.pitch, -pose.roll), abs=1.5)


def test_two_faces_in_one_photo() -> None:
    """Two people side by side, one lying, are both found; the larger comes first."""
    large = cv2.resize(pixels(), (700, 700), interpolation=cv2.INTER_CUBIC)
    photo = np.zeros((700, 1212, 3), np.uint8)
    photo[:, :700], photo[:512, 700:] = large, np.rot90(pixels())
    first, second = find_faces(Photo(photo, "png"))
    assert first.size > second.size
    assert first.verdict is second.verdict is None
    assert turned(second.pose.roll - first.pose.roll + 90) == pytest.approx(0, abs=2)


def test_small_face_in_a_large_photo() -> None:
    """A face of 55 pixels in a photo of 3000 is found by the tiles."""
    photo = np.full((2000, 3000, 3), 90, np.uint8)
    photo[1500:1756, 2300:2556] = cv2.resize(pixels(), (256, 256), interpolation=cv2.INTER_AREA)
    face = found(photo)
    assert 48 < face.size < 65
    assert face.box[0] > 2300
    assert face.box[1] > 1500


def test_face_too_small() -> None:
    """A face of about 30 pixels is found and told that it is too small."""
    photo = np.full((600, 800, 3), 90, np.uint8)
    photo[100:240, 300:440] = cv2.resize(pixels(), (140, 140), interpolation=cv2.INTER_AREA)
    (face,) = find_faces(Photo(photo, "png"))
    assert face.verdict is not None
    assert face.verdict.code == "face_too_small"
    assert f"{face.size:.0f} pixels" in face.verdict.message


def test_blurred_face() -> None:
    """A face blurred with a sigma of 4% of its size is told so, not animated."""
    (face,) = find_faces(Photo(np.asarray(cv2.GaussianBlur(pixels(), (0, 0), 4.5), np.uint8), "png"))
    assert face.verdict is not None
    assert face.verdict.code == "too_blurry"


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png"])
def test_a_cat_and_a_cup_are_not_people(name: str) -> None:
    """In the repository's cat and cup of coffee there is nothing to animate, however they lie."""
    photo = np.ascontiguousarray(cv2.imread(str(ASTRONAUT.with_name(name)), cv2.IMREAD_COLOR)[:, :, ::-1])
    for turn in range(4):
        faces = find_faces(Photo(np.ascontiguousarray(np.rot90(photo, turn)), "png"))
        assert [face for face in faces if face.verdict is None] == []


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (700, 3), (64, 64), (640, 480)])
def test_nothing_there(size: tuple[int, int]) -> None:
    """Plain, noisy, tiny and thin pictures hold no face, and none of them fails."""
    noise = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    assert find_faces(Photo(noise, "png")) == []
    assert find_faces(Photo(np.full_like(noise, 200), "png")) == []


def test_landmarker_follows() -> None:
    """A face that drifts and turns is followed to within 2%; a frame without it gives None, and it is found again."""
    landmarker = Landmarker()
    for step in range(6):
        matrix = cv2.getRotationMatrix2D((220, 120), -4.0 * step, 1 + 0.03 * step)
        matrix[:, 2] += [5 * step, 3 * step]
        frame = cv2.warpAffine(pixels(), matrix, (512, 512), borderMode=cv2.BORDER_REFLECT)
        points = landmarker.track(np.asarray(frame, np.uint8))
        assert points is not None
        assert points.shape == (478, 3)
        assert error(Face(points, 1.0, original().pose), cv2.invertAffineTransform(matrix)) < 2
    assert landmarker.track(np.zeros((512, 512, 3), np.uint8)) is None
    assert landmarker.track(pixels()) is not None
