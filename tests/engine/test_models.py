"""The networks answer as MediaPipe does.

``references/mediapipe.npz`` holds what MediaPipe 0.10.21 itself answered (layers/models/maker/references.py
describes its arrays). One photo is in the repository; the rest of the gallery lies beside it, or its tests
skip.
"""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from vivify import errors, models

REFERENCES = Path(__file__).parent / "references" / "mediapipe.npz"
ASTRONAUT = "portrait/scikit-image__data_astronaut.png"
NETWORKS = (
    "face_landmarks",
    "face_detection_short",
    "face_detection_full",
    "selfie_segmentation",
    "palm_detection",
    "hand_landmarks",
)
# The network, its input's side and darkest value, the least score, then for each grid of anchors: cells on a side, anchors
# in a cell.
DETECTORS = {
    "short": ("face_detection_short", 128, -1, 0.5, ((16, 2), (8, 6))),
    "full": ("face_detection_full", 192, -1, 0.6, ((48, 1),)),
    "palm": ("palm_detection", 192, 0, 0.5, ((24, 2), (12, 6))),
}

with np.load(REFERENCES) as stored:
    REFERENCE = {key: stored[key] for key in stored.files}
GROUPS = {key.split("|")[1]: value for key, value in REFERENCE.items() if key.startswith("group|")}


def photos_with(what: str) -> list[str]:
    """The photos for which MediaPipe gave this answer."""
    keys = (key.split("|") for key in REFERENCE)
    return [name for name, kind in keys if kind == what and len(REFERENCE[f"{name}|{kind}"])]


@pytest.fixture
def photo(request: pytest.FixtureRequest) -> tuple[str, np.ndarray]:
    """A referenced photo: its name, and (H, W, 3) uint8 RGB."""
    name: str = request.param
    if name == ASTRONAUT:
        path = request.getfixturevalue("astronaut")
    else:
        path = request.getfixturevalue("gallery") / "photos" / name
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert pixels is not None, f"{name} is not where the gallery's manifest says"
    height, width = pixels.shape[:2]
    assert (width, height) == tuple(REFERENCE[f"{name}|size"])
    return name, pixels[..., ::-1].copy()


def each(what: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("photo", photos_with(what), indirect=True, ids=lambda n: Path(n).stem[-24:])


def to_crop(corners: np.ndarray, side: int) -> np.ndarray:
    """The (3, 3) transform of photo pixels to a square crop: corners bottom left, top left, top right."""
    target = np.array([[0, side], [0, 0], [side, 0]], np.float32)
    return np.vstack([cv2.getAffineTransform(corners.astype(np.float32), target), [0, 0, 1]])


def cut(rgb: np.ndarray, matrix: np.ndarray, side: int, border: int) -> np.ndarray:
    """The crop as float32 0..1, (1, side, side, 3)."""
    crop = cv2.warpPerspective(rgb, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border)
    return crop[None].astype(np.float32) / 255


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes (..., 4): x, y, width, height."""
    low, high = (
        np.maximum(a[..., :2], b[..., :2]),
        np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:]),
    )
    shared = np.prod(np.maximum(high - low, 0), axis=-1)
    return np.asarray(shared / (np.prod(a[..., 2:], axis=-1) + np.prod(b[..., 2:], axis=-1) - shared))


@each("landmarks")
def test_landmarks_are_mediapipes(photo: tuple[str, np.ndarray]) -> None:
    """On MediaPipe's own crop of each photo, landmarks lie within 1% of the inter-ocular distance of
    MediaPipe's on average, and within 2% in the worst group (lips, an iris, ...); depth too; and a face is
    reported.
    """
    name, rgb = photo
    found, presence = read(rgb, "face_landmarks", 192, REFERENCE[f"{name}|rect"])
    expected = REFERENCE[f"{name}|landmarks"] * (rgb.shape[1], rgb.shape[0], rgb.shape[1])

    eyes = np.linalg.norm(expected[468, :2] - expected[473, :2])
    off = np.linalg.norm((found - expected)[:, :2], axis=1) / eyes
    assert presence > 0.5
    assert off.mean() < 0.01
    assert max(off[group].mean() for group in GROUPS.values()) < 0.02
    assert np.abs((found - expected)[:, 2] / eyes).mean() < 0.01


@each("hand")
def test_hands_are_mediapipes(photo: tuple[str, np.ndarray]) -> None:
    """On MediaPipe's own crop of each hand, landmarks lie within 1% of the palm's length of MediaPipe's on average, depth
    too, and a hand is reported.
    """
    name, rgb = photo
    found, presence = read(rgb, "hand_landmarks", 224, REFERENCE[f"{name}|hand_rect"])
    expected = REFERENCE[f"{name}|hand"] * (rgb.shape[1], rgb.shape[0], rgb.shape[1])

    palm = np.linalg.norm(expected[9] - expected[0])
    assert presence > 0.5
    assert np.linalg.norm(found - expected, axis=1).mean() < 0.01 * palm


@each("palm")
def test_palms_are_mediapipes(photo: tuple[str, np.ndarray]) -> None:
    """The surest palm is MediaPipe's: box with IoU of 0.95 or more, keypoints within 3% of the box, score within 0.02."""
    name, rgb = photo
    assert_same_detection(detect(rgb, "palm"), REFERENCE[f"{name}|palm"][0])


def read(rgb: np.ndarray, network: str, side: int, rect: np.ndarray) -> tuple[np.ndarray, float]:
    """What a network reads in MediaPipe's crop, as in the references: landmarks (N, 3) in the photo's pixels; presence."""
    height, width = rgb.shape[:2]
    x, y, w, h, angle = rect.astype(np.float64) * (width, height, width, height, 1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-w, h], [-w, -h], [w, -h]]) / 2 @ turn.T + (x, y)
    matrix = to_crop(corners, side)
    outputs = models.load(network, threads=2).run(None, {"image": cut(rgb, matrix, side, cv2.BORDER_REPLICATE)})
    landmarks, presence = np.asarray(outputs[0], np.float64)[0], np.asarray(outputs[1])
    place = cv2.perspectiveTransform(landmarks[None, :, :2], np.linalg.inv(matrix))[0]
    return np.column_stack([place, landmarks[:, 2] * w / side]), float(presence[0])


@pytest.mark.parametrize("kind", ["short", "full"])
@pytest.mark.parametrize("photo", photos_with("mask"), indirect=True, ids=lambda n: Path(n).stem[-24:])
def test_detections_are_mediapipes(photo: tuple[str, np.ndarray], kind: str) -> None:
    """Each detector finds the faces that MediaPipe finds with it, no more and no fewer: boxes with IoU of
    0.95 or more, keypoints within 3% of the box, scores within 0.02.
    """
    name, rgb = photo
    expected = REFERENCE[f"{name}|{kind}"]
    found = detect(rgb, kind)
    assert len(found) == len(expected)
    for row in expected:
        assert_same_detection(found, row)


def assert_same_detection(found: np.ndarray, row: np.ndarray) -> None:
    best = found[np.argmax(iou(found[:, 1:5], row[1:5]))]
    assert iou(best[1:5], row[1:5]) >= 0.95
    assert np.abs((best[5:] - row[5:]).reshape(-1, 2) / row[3:5]).max() < 0.03
    assert best[0] == pytest.approx(row[0], abs=0.02)


def detect(rgb: np.ndarray, kind: str) -> np.ndarray:
    """Faces or palms as in the references, (n, 17 or 19): letterbox, network, anchors, and overlapping boxes blended."""
    network, side, darkest, least, grids = DETECTORS[kind]
    height, width = rgb.shape[:2]
    size = max(height, width)
    left, top = (width - size) / 2, (height - size) / 2
    matrix = to_crop(np.array([[left, top + size], [left, top], [left + size, top]]), side)
    image = cut(rgb, matrix, side, cv2.BORDER_CONSTANT) * (1 - darkest) + darkest
    boxes, logits = models.load(network, threads=2).run(None, {"image": image})
    anchors = []
    for cells, count in grids:
        y, x = np.divmod(np.arange(cells * cells).repeat(count), cells)
        anchors.append((np.stack([x, y], axis=1) + 0.5) / cells)
    score = 1 / (1 + np.exp(-np.clip(np.asarray(logits, np.float64)[0, :, 0], -100, 100)))
    points = np.asarray(boxes, np.float64)[0].reshape(len(score), -1, 2) / side
    places = [k for k in range(points.shape[1]) if k != 1]  # all but the sizes
    points[:, places] += np.concatenate(anchors)[:, None]
    points[:, 0] -= points[:, 1] / 2  # centre to corner
    rows = np.column_stack([score, points.reshape(len(score), -1)])[score >= least]
    faces = []
    while len(rows):
        best = rows[np.argmax(rows[:, 0])]
        near = iou(rows[:, 1:5], best[1:5]) > 0.3
        blended = np.average(rows[near], axis=0, weights=rows[near, 0])
        faces.append(np.concatenate([best[:1], blended[1:]]))
        rows = rows[~near]
    made = np.array(faces).reshape(len(faces), rows.shape[1])
    seen = made[:, 1:].reshape(len(made), points.shape[1], 2)  # of the letterboxed square; from here on, of the photo
    seen *= size
    seen[:, places] += (left, top)
    seen /= (width, height)
    return made


@each("mask")
def test_segmentation_is_mediapipes(photo: tuple[str, np.ndarray]) -> None:
    """At 256 x 256 the person's mask overlaps MediaPipe's with an IoU of 0.99 or more."""
    name, rgb = photo
    height, width = rgb.shape[:2]
    matrix = to_crop(np.array([[0, height], [0, 0], [width, 0]]), 256)
    (mask,) = models.load("selfie_segmentation", threads=2).run(None, {"image": cut(rgb, matrix, 256, cv2.BORDER_CONSTANT)})
    found = np.asarray(mask)[0] > 0.5
    expected = np.unpackbits(REFERENCE[f"{name}|mask"]).reshape(256, 256).astype(bool)
    assert (found & expected).sum() >= 0.99 * (found | expected).sum()


@pytest.mark.parametrize("name", NETWORKS)
def test_models_toml_states_the_shapes(name: str) -> None:
    """A network's inputs and outputs have the names and shapes that models.toml states, for any batch."""
    entry = models.catalogue(models.directory())[name]
    session = models.load(name, threads=2)
    (image,) = entry["inputs"].items()
    assert [i.name for i in session.get_inputs()] == [image[0]]
    outputs = session.run(None, {image[0]: np.zeros([3, *image[1]["shape"][1:]], np.float32)})
    for info, output in zip(session.get_outputs(), outputs, strict=True):
        assert list(np.asarray(output).shape) == [3, *entry["outputs"][info.name]["shape"][1:]]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_batch_answers_as_its_members(name: str) -> None:
    """A picture's answer does not depend on what else is in the batch."""
    session = models.load(name, threads=2)
    shape = models.catalogue(models.directory())[name]["inputs"]["image"]["shape"]
    images = np.random.default_rng(0).random([2, *shape[1:]], np.float32)
    together = session.run(None, {"image": images})
    alone = [session.run(None, {"image": images[i : i + 1]}) for i in range(2)]
    for k, output in enumerate(together):
        separate = np.concatenate([np.asarray(a[k]) for a in alone])
        assert np.asarray(output) == pytest.approx(separate, abs=1e-3)


def test_a_blank_crop_is_no_face() -> None:
    """Presence is a probability, and low where there is no face."""
    outputs = models.load("face_landmarks", threads=2).run(None, {"image": np.full((1, 192, 192, 3), 0.5, np.float32)})
    assert 0 <= np.asarray(outputs[1])[0] < 0.1


def test_the_mean_face_is_symmetric_and_in_centimetres() -> None:
    """468 vertices, 898 triangles that face the camera, left the mirror of right, eyes 8 to 10 cm apart."""
    face = models.face_model()
    v, t = face.vertices.astype(np.float64), face.triangles
    assert (v.shape, t.shape) == ((468, 3), (898, 3))
    assert set(t.ravel().tolist()) == set(range(468))
    mirrored = np.linalg.norm(v[:, None] * (-1, 1, 1) - v[None], axis=2).min(axis=1)
    assert mirrored.max() < 1e-4
    assert 8 < v[263, 0] - v[33, 0] < 10
    assert v[10, 1] > v[152, 1] and v[1, 2] > v[234, 2]  # forehead over chin, nose before ear
    towards = np.cross(v[t[:, 1]] - v[t[:, 0]], v[t[:, 2]] - v[t[:, 0]])[:, 2]
    assert (towards > 0).mean() > 0.99
    assert not face.vertices.flags.writeable


def test_an_installed_package_has_every_model(root: Path) -> None:
    """The wheel carries models.toml and each file it lists."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    files = {"models.toml", *(entry["file"] for entry in models.catalogue(models.directory()).values())}
    assert carried == {f"layers/models/{file}": f"vivify/weights/{file}" for file in files}


def test_one_session_for_one_question() -> None:
    """Loading twice opens the file once."""
    assert models.load("face_landmarks", threads=1) is models.load("face_landmarks", "cpu", 1)


@pytest.mark.parametrize("name", [*NETWORKS, "face_model"])
def test_a_changed_byte_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A weight file that is not the one in models.toml is never opened; the error names it, and no path."""
    file = models.catalogue(models.directory())[name]["file"]
    for each_file in ("models.toml", file):
        shutil.copy(models.directory() / each_file, tmp_path)
    data = bytearray((tmp_path / file).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / file).write_bytes(data)
    monkeypatch.setenv("VIVIFY_MODELS", str(tmp_path))
    with pytest.raises(errors.ModelCorrupt, match=file) as caught:
        models.face_model() if name == "face_model" else models.load(name)
    assert str(tmp_path) not in str(caught.value.as_dict())


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder, no file, no such model: each says which model is missing."""
    monkeypatch.setenv("VIVIFY_MODELS", str(tmp_path))
    with pytest.raises(errors.ModelMissing, match=r"models\.toml"):
        models.load("face_landmarks")
    monkeypatch.delenv("VIVIFY_MODELS")
    with pytest.raises(errors.ModelMissing, match="mind_reader"):
        models.load("mind_reader")
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(models.directory() / "models.toml", other)
    monkeypatch.setenv("VIVIFY_MODELS", str(other))
    with pytest.raises(errors.ModelMissing, match=r"face_landmarks\.onnx"):
        models.load("face_landmarks")


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="this host has CUDA")
def test_an_absent_gpu_is_an_error() -> None:
    """Asked for CUDA where there is none, load refuses: it never runs on the CPU in silence."""
    with pytest.raises(errors.GpuUnavailable):
        models.load("face_landmarks", "cuda")
