"""The bench's own measuring: what it says of pictures and curves whose truth is known."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from vivify import engine
from vivify.faces.topology import EYES
from vivify.photos import Photo, decode

from . import depth, gpu, outside, patches, reenactment, sharpness, speed, stage, steadiness
from .mesh_warp import MeshWarp
from .pictures import CAP, cut, face_box, psnr, ssim


@pytest.fixture(scope="module")
def photo(astronaut: Path) -> Photo:
    return decode(astronaut.read_bytes())


@pytest.fixture(scope="module")
def landmarks(photo: Photo) -> np.ndarray:
    return engine.analyse(photo)[0].landmarks


def test_psnr_and_ssim_of_known_pictures(photo: Photo) -> None:
    """Identical pictures score the cap and 1; a change of 16 levels everywhere scores 20 log10(255 / 16)."""
    grey = np.full((40, 40, 3), 100, np.uint8)
    assert psnr(photo.pixels, photo.pixels) == CAP
    assert ssim(photo.pixels, photo.pixels) == pytest.approx(1)
    assert psnr(grey, grey + np.uint8(16)) == pytest.approx(20 * np.log10(255 / 16))
    bright = grey.copy()
    bright[:, 20:] = 200
    left = np.zeros((40, 40), bool)
    left[:, :20] = True
    assert psnr(grey, bright) < psnr(grey, bright, left) == CAP
    assert ssim(photo.pixels, 255 - photo.pixels) < 0


def test_the_face_box_stays_within_the_picture(photo: Photo, landmarks: np.ndarray) -> None:
    """The box holds every landmark, and is cut to the picture when the face reaches out of it."""
    x0, y0, x1, y1 = face_box(landmarks, photo.pixels.shape)
    assert (landmarks[:468, :2] >= [x0, y0]).all()
    assert (landmarks[:468, :2] <= [x1, y1]).all()
    far = face_box(landmarks + np.float32(400), photo.pixels.shape)
    assert far[2:] == (512, 512)
    assert cut(photo.pixels, (10, 20, 40, 80)).shape == (60, 30, 3)


def test_the_mesh_warp_at_rest_is_the_photo(photo: Photo, landmarks: np.ndarray) -> None:
    """With no landmark moved, every pixel of the 2-D warp is the photo's."""
    assert np.array_equal(MeshWarp(photo.pixels, landmarks).moved(np.zeros((468, 2), np.float32)), photo.pixels)


def test_the_mesh_warp_takes_the_face_along(photo: Photo, landmarks: np.ndarray) -> None:
    """All landmarks moved by 5 pixels: the outside pass finds the face 5 pixels on, and the picture's border stays."""
    moved = MeshWarp(photo.pixels, landmarks).moved(np.full((468, 2), 5, np.float32))
    before, after = (outside.read_all([picture], landmarks)[0] for picture in (photo.pixels, moved))
    assert np.median((after - before)[:468, :2], axis=0) == pytest.approx([5, 5], abs=0.5)
    assert np.array_equal(moved[0], photo.pixels[0])


def test_the_outside_pass_reads_what_is_there(photo: Photo, landmarks: np.ndarray) -> None:
    """Searching for itself it lands within 3% of the eye distance of the engine's landmarks; an empty picture has none."""
    unit = outside.eye_span(landmarks)
    found = outside.read_all([photo.pixels])
    assert outside.landmark_error(found, landmarks[None], unit)[0] < 3
    assert np.isnan(outside.read_all([np.full((256, 256, 3), 90, np.uint8)])).all()


def test_alignment_takes_out_where_the_face_is(landmarks: np.ndarray) -> None:
    """A face turned, grown and moved in the picture is aligned with itself; one that has changed is not."""
    other = landmarks.copy()
    x, y = landmarks[:, 0], landmarks[:, 1]
    other[:, 0], other[:, 1] = 1.1 * (0.8 * x - 0.6 * y) + 30, 1.1 * (0.6 * x + 0.8 * y) - 7
    wide = landmarks * np.array([1.1, 1, 1], np.float32)
    pair, true = np.stack([other, wide]), np.stack([landmarks, landmarks])
    same, changed = outside.landmark_error(outside.aligned(pair, true), true, outside.eye_span(landmarks))
    assert same < 0.01
    assert changed > 1


def test_a_still_video_has_no_motion(photo: Photo, landmarks: np.ndarray) -> None:
    """Landmarks of one picture read over and over settle and stay; shaken squares make them noisy."""
    calm = steadiness._scatter(outside.read_all([photo.pixels] * 8, landmarks)[4:, :468, :2])
    shaken = steadiness._scatter(outside.read_all([photo.pixels] * 8, landmarks, jitter=1.0)[:, :468, :2])
    assert calm < 0.02
    assert shaken > 5 * calm


def test_correlation_and_gain() -> None:
    """A half-strength, shifted copy correlates by 1 with a gain of one half; frames not seen do not count."""
    driven = np.sin(np.linspace(0, 6, 50)).astype(np.float32)
    shown = 0.5 * driven + 3
    shown[7] = np.nan
    assert outside.correlation(driven, shown) == pytest.approx((1, 0.5), abs=1e-5)
    assert outside.correlation(driven, np.full(50, 2, np.float32)) == (0, 0)


def test_signals_of_a_face(landmarks: np.ndarray) -> None:
    """Lids brought together close the eye and nothing else; a frame without a face has no signals."""
    shut = landmarks.copy()
    for eye in EYES:
        shut[list(eye.upper[0])] = shut[list(eye.lower[0])]
    curves = outside.signals(np.stack([landmarks, shut, np.full_like(landmarks, np.nan)]))
    assert curves["eyes"][0] > 0.15
    assert curves["eyes"][1] == 0
    for name in ("mouth", "smile", "yaw", "pitch"):
        assert curves[name][0] == curves[name][1]
    assert all(np.isnan(curve[2]) for curve in curves.values())


def test_second_over_first_difference() -> None:
    """A steady glide has no second difference; a point thrown to and fro has twice its first."""
    glide = np.ones((20, 3, 2), np.float32)
    shake = glide * np.where(np.arange(20) % 2, 1, -1)[:, None, None]
    assert steadiness._jerk(glide) == 0
    assert steadiness._jerk(shake) == pytest.approx(2)


def test_points_are_carried_by_the_mesh(landmarks: np.ndarray) -> None:
    """Landmarks go where the mesh's own vertices go, what lies between goes between, what is beside the face is left out."""
    before = landmarks[:468, :2]
    after = before * np.float32(1.1) + np.float32(3)
    points = np.concatenate([before[[1, 4, 50, 280]], before[[1, 50]].mean(axis=0, keepdims=True), [[-50, -50]]])
    carried = steadiness._carried(points.astype(np.float32), np.stack([before, after]))
    assert np.allclose(carried, np.stack([points[:5], points[:5] * 1.1 + 3]), atol=0.01)


def test_how_smoothly_a_photo_glides_is_read_truly(photo: Photo) -> None:
    """Of a photo that glides to and fro a second over first difference within 3% of the truth is read; of one that trembles
    by a twentieth of a pixel on the way a fifth more at least.
    """
    time = np.arange(50) / 25
    glide = np.stack([4 * np.sin(6 * time), 2 * np.sin(5 * time)], axis=1)
    tremble = glide + 0.05 * np.sin(9 * glide)
    height, width = photo.pixels.shape[:2]

    def filmed(way: np.ndarray) -> list[np.ndarray]:
        moves = [np.array([[1, 0, x], [0, 1, y]]) for x, y in way]
        return [cv2.warpAffine(photo.pixels, move, (width, height), flags=cv2.INTER_LANCZOS4) for move in moves]

    corners = cv2.goodFeaturesToTrack(cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY), 60, 0.05, 10)[:, 0]
    at = (corners + glide[:, None]).astype(np.float32)
    truth = steadiness._jerk(np.diff(at, axis=0))
    smooth, trembling = (steadiness._jerk(steadiness._flow(filmed(way), at)) / truth for way in (glide, tremble))
    assert smooth == pytest.approx(1, abs=0.03)
    assert trembling > 1.2


def test_behind_names_the_measures_that_lost() -> None:
    """Equal is not ahead; for landmarks less is better."""
    still = {"psnr": 20.0, "ssim": 0.7, "landmarks": 5.0}
    assert reenactment._behind({"still": still, "vivify": still}) == ["psnr", "ssim", "landmarks"]
    assert reenactment._behind({"still": still, "vivify": {"psnr": 21, "ssim": 0.8, "landmarks": 6}}) == ["landmarks"]


def test_a_recording_is_the_clip_before_encoding(photo: Photo) -> None:
    """All frames are kept, the first is the photo, and no file is written."""
    clip = stage.record(photo, None, engine.Options(seconds=0.2))
    assert len(clip.frames) == len(clip.tracks[0]) == 5
    assert np.array_equal(clip.frames[0], photo.pixels)
    assert np.allclose(clip.vertices(0), clip.faces[0].landmarks[:468], atol=1e-3)
    assert not Path("unused.mp4").exists()


def test_a_speed_row_holds_every_stage(astronaut: Path, root: Path) -> None:
    """Each stage of a frame is timed, and none twice: together with what is left they are all the drawing."""
    drawing = speed._row(astronaut, 256, 1.0, root)["stages_cpu_ms"]
    stages = {"mesh and map", "folds", "eyes", "lids", "mouth", "warp and compose", "patches"}
    assert set(drawing) == stages | {"all drawing", "other"}
    assert all(drawing[name] > 0 for name in drawing)
    assert sum(drawing[name] for name in stages) + drawing["other"] == pytest.approx(drawing["all drawing"])


def test_the_graph_makes_a_whole_clip(astronaut: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a GPU would be measured by runs through on the CPU, lids, threads and encoder included: arithmetic is part of
    painting and of the clip, and what travels is counted. In seconds of a core, which no other work on the machine changes.
    """
    monkeypatch.setattr(gpu, "time", SimpleNamespace(perf_counter=time.process_time))
    monkeypatch.setattr(gpu, "SIZES", {"cpu": (96,), "cuda": (96,)})
    monkeypatch.setattr(gpu, "SECONDS", 3.0)  # until somebody blinks
    (row,) = gpu.run(astronaut)["rows"]
    assert row["batch"] == 32
    assert 0 < row["painting_ms"] < 2 * row["paint_ms"]
    assert 0 < row["lids_ms"] < row["sketch_ms"]
    assert row["not_arithmetic"] < 1
    assert 0 < row["returned_kb"] < row["sent_kb"]


def test_sharpness_tells_the_blurred_from_the_sharp(astronaut: Path) -> None:
    """A clip of a photo is at rest as sharp as the photo within 10%, and 8-bit YUV alone costs less than that; what is
    read blurred is told as less, before encoding and after.
    """
    (row,) = sharpness.run([astronaut])
    assert row["size"] == (512, 512)
    assert row["rest"] == pytest.approx(1, abs=0.1)
    assert row["as_video"] == pytest.approx(1, abs=0.02)
    assert row["turn"] < row["turn_drawn"] < 0.9


def test_depth_agrees_with_the_mesh(astronaut: Path) -> None:
    """Of the astronaut it does, and every pixel has a depth; a photo without a face is passed over."""
    row, none = depth.run([astronaut, astronaut.with_name("coffee.png")])
    assert row["correlation"] >= depth.AGREES
    assert row["whole"]
    assert "correlation" not in none


def test_lids_are_compared_with_the_skin_below(landmarks: np.ndarray) -> None:
    """Grain twice as strong on a lid as on the skin reads 2, wherever else it is; the same grain reads 1."""
    grain = np.random.default_rng(0).normal(0, 10, (2048, 2048))
    points, lid = 4 * landmarks[:, :2], np.zeros((2048, 2048), np.uint8)
    for eye in EYES:
        cv2.fillPoly(lid, [np.round(points[list(eye.opening)]).astype(np.int32)], (1,))
    for strength in (1, 2):
        grey = np.clip(128 + grain * np.where(lid > 0, strength, 1), 0, 255).astype(np.uint8)
        picture = np.dstack([grey] * 3)
        assert patches.liveliness(picture, points, EYES[0]) == pytest.approx(strength, rel=0.1)


def test_flicker_of_known_frames() -> None:
    """What brightens steadily does not flicker, what goes to and fro does by 2; of what stands still nothing is said."""

    def frames(*levels: int) -> list[np.ndarray]:
        return [np.full((8, 8, 3), level, np.uint8) for level in levels]

    assert patches._trembling(frames(10, 20, 30, 40)) == 0
    assert patches._trembling(frames(10, 20, 10, 20)) == pytest.approx(2)
    assert patches._over([(frames(10, 20, 10, 20), frames(9, 9, 9, 9))]) is None
