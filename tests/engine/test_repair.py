"""Repair of old photos: it leaves undamaged photos alone, bit for bit, and mends scratches, dust and fading."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.gallery import faces_in, rows
from tests.portrait import portrait, resized
from vivify import engine
from vivify.arrays import Pixels
from vivify.engine import Options
from vivify.errors import PhotoDamaged, PhotoUnreadable
from vivify.faces import Face, Verdict, find_faces
from vivify.faces.repair import assess, repair
from vivify.faces.topology import EYES, OUTER_LIPS, OVAL
from vivify.photos import Photo, decode
from vivify.video import read_frames

Mask = NDArray[np.bool_]

DAMAGED = ("old_w_scratch_a.png", "old_w_scratch_d.png")


@cache
def _portrait() -> tuple[Photo, list[Face]]:
    """The astronaut's head and shoulders, 512 x 512, 84 pixels from eye to eye, and her face."""
    photo, _ = resized(*portrait(), 2)
    return photo, find_faces(photo)


def _polygon(face: Face, points: tuple[int, ...]) -> Mask:
    mask = np.zeros((512, 512), np.uint8)
    cv2.fillPoly(mask, [cv2.convexHull(np.rint(face.landmarks[list(points), :2]).astype(np.int32))], 1)
    return mask > 0


def _aged(lines: int, specks: int, light: float, seed: int) -> tuple[Photo, Mask]:
    """Her portrait with scratches and dust all over, a share ``light`` of them white, others black; and where they are."""
    rng = np.random.default_rng(seed)
    pixels, mask = _portrait()[0].pixels.copy(), np.zeros((512, 512), np.uint8)

    def tone() -> int:
        return int(rng.uniform(225, 250) if rng.random() < light else rng.uniform(5, 30))

    for _ in range(lines):
        start, angle, length = rng.uniform(0, 512, 2), rng.uniform(0, np.pi), rng.uniform(40, 200)
        end = start + length * np.array([np.cos(angle), np.sin(angle)])
        path = np.rint([start, (start + end) / 2 + rng.normal(0, 4, 2), end]).astype(np.int32)
        cv2.polylines(pixels, [path], False, (tone(),) * 3, 2, cv2.LINE_AA)
        cv2.polylines(mask, [path], False, 255, 2, cv2.LINE_AA)
    for _ in range(specks):
        x, y = rng.integers(0, 512, 2).tolist()
        cv2.circle(pixels, (x, y), 2, (tone(),) * 3, -1, cv2.LINE_AA)
        cv2.circle(mask, (x, y), 2, 255, -1, cv2.LINE_AA)
    return Photo(pixels, "png"), mask > 0


def _psnr(one: Pixels, other: Pixels, where: Mask) -> float:
    return float(10 * np.log10(255**2 / np.mean((one[where].astype(float) - other[where]) ** 2)))


def test_undamaged_photo_is_the_same_object() -> None:
    """Nothing is done to a good photo, not even a copy is made, and nothing is held against its faces."""
    photo, faces = _portrait()
    result = repair(photo, faces)
    assert result.photo is photo
    assert assess(photo, faces) == faces
    assert result.repaired == [False]


@pytest.mark.parametrize("seed", range(3))
def test_light_scratches_come_off(seed: int) -> None:
    """On the skin the repaired photo is nearer to the original, by 5 dB at least, where scratches and dust were, and no
    eye or lip is touched; farther from the head nothing is.
    """
    original, (face,) = _portrait()
    aged, marks = _aged(60, 150, 1.0, seed)
    before = aged.pixels.copy()
    result = repair(aged, [face])
    assert result.repaired == [True]
    assert np.array_equal(aged.pixels, before)
    features = np.logical_or.reduce([_polygon(face, points) for points in (*(eye.opening for eye in EYES), OUTER_LIPS)])
    near_features = cv2.dilate(features.astype(np.uint8), np.ones((25, 25))) > 0
    skin = _polygon(face, OVAL) & ~near_features
    gain = _psnr(original.pixels, result.photo.pixels, skin & marks) - _psnr(original.pixels, before, skin & marks)
    assert gain > 5.0
    changed = (result.photo.pixels != before).any(axis=2)
    assert not (changed & features).any()
    rows, columns = np.mgrid[:512, :512]
    middle = face.landmarks[:, :2].mean(axis=0)
    assert not changed[np.hypot(columns - middle[0], rows - middle[1]) > 4.2 * face.eye_span].any()


def test_beside_scratches_the_photo_stays() -> None:
    """Away from the scratches hardly a pixel changes: less than one in a hundred."""
    _, (face,) = _portrait()
    aged, marks = _aged(60, 150, 1.0, 0)
    changed = (repair(aged, [face]).photo.pixels != aged.pixels).any(axis=2)
    beside = cv2.dilate(marks.astype(np.uint8), np.ones((15, 15))) == 0
    assert beside.mean() > 0.2
    assert changed[beside].mean() < 0.01


def test_repair_is_told_and_can_be_switched_off(tmp_path: Path) -> None:
    """The report says which faces were repaired; --repair off leaves them as they are."""
    _, faces = _portrait()
    aged, _ = _aged(60, 150, 1.0, 0)
    options = Options(motions=("blink",), seconds=0.2, fps=10.0)
    assert engine.animate(aged, faces, tmp_path / "on.mp4", options).faces[0]["repaired"] is True
    off = replace(options, repair="off")
    assert engine.animate(aged, faces, tmp_path / "off.mp4", off).faces[0]["repaired"] is False


def test_rejected_faces_are_not_repaired() -> None:
    """A face that cannot be animated anyway gives no reason to touch the photo."""
    _, (face,) = _portrait()
    aged, _ = _aged(60, 150, 1.0, 0)
    assert repair(aged, []).photo is aged
    assert repair(aged, [replace(face, verdict=Verdict("profile_view", "Turned away."))]).photo is aged


def _faded(tint: tuple[float, float, float]) -> Photo:
    """Her portrait in black and white on tinted paper, with only 90 of 255 tones left."""
    gray = cv2.cvtColor(_portrait()[0].pixels, cv2.COLOR_RGB2GRAY)[..., None] / 255.0
    return Photo(np.rint((85 + 90 * gray) * np.array(tint)).astype(np.uint8), "png")


def test_faded_tones_are_drawn_apart_around_the_head() -> None:
    """A faded face gains contrast, a sepia tint stays, and the corner of the photo is not touched."""
    _, faces = _portrait()
    photo = _faded((1.1, 1.0, 0.8))
    result = repair(photo, faces)
    assert result.repaired == [True]
    skin = _polygon(faces[0], OVAL)
    before, after = (cv2.cvtColor(p, cv2.COLOR_RGB2LAB)[skin].astype(float) for p in (photo.pixels, result.photo.pixels))
    assert 1.3 < after[:, 0].std() / before[:, 0].std() < 1.8
    assert np.abs(after[:, 1:].mean(axis=0) - before[:, 1:].mean(axis=0)).max() < 2.5
    x, y = faces[0].landmarks[:, :2].mean(axis=0)
    rows, columns = np.mgrid[:512, :512]
    far = np.hypot(columns - x, rows - y) > 3.5 * faces[0].eye_span
    assert far.any()
    assert np.array_equal(result.photo.pixels[far], photo.pixels[far])


def test_restored_tones_end_without_an_edge() -> None:
    """The restoration blends out: neighbouring pixels differ in what was added by at most 3 tones on an even ground."""
    _, faces = _portrait()
    photo = Photo(np.full((512, 512, 3), 120, np.uint8), "png")
    photo.pixels[:, :60], photo.pixels[:, 450:] = 80, 170
    added = repair(photo, faces).photo.pixels.astype(int) - photo.pixels
    inner = added[:, 70:440, 0]
    assert np.abs(added).max() > 8
    assert max(np.abs(np.diff(inner, axis=0)).max(), np.abs(np.diff(inner, axis=1)).max()) <= 3


def test_too_little_left_is_photo_damaged() -> None:
    """A face that would be more filling than face gets the verdict photo_damaged, with what to do."""
    _, faces = _portrait()
    aged, _ = _aged(170, 170, 1.0, 1)
    verdict = assess(aged, faces)[0].verdict
    assert verdict is not None
    assert verdict.code == PhotoDamaged.code
    assert "restored first" in verdict.message


def test_too_little_left_is_told_where_faces_are_found() -> None:
    """Whoever asks for the faces of such a photo is told: nothing is queued for it, ``inspect`` says it."""
    aged, _ = _aged(110, 110, 1.0, 1)
    assert [face.verdict.code for face in find_faces(aged) if face.verdict] == [PhotoDamaged.code]


def test_gallery_is_left_alone_but_for_the_scratched(gallery: Path) -> None:
    """Of the gallery's portraits, groups, paintings, beards, glasses and old prints only the scratched are changed."""
    changed = set()
    for path in (gallery / row["file"] for row in rows(gallery)):
        if path.parent.name in ("weird", "nonface", "tiny"):
            continue
        with contextlib.suppress(PhotoUnreadable):
            faces, photo = list(faces_in(path)), decode(path.read_bytes())
            if repair(photo, faces).photo is not photo:
                changed.add(path.name.split("__")[-1])
    assert changed == set(DAMAGED)


@pytest.mark.parametrize("name", DAMAGED)
def test_scratched_photos_keep_their_features(gallery: Path, name: str) -> None:
    """On a scratched photo fine light detail leaves the face, no eye or lip changes, and the landmarks stay within 2%; it
    takes less than a second of a core.
    """
    path = gallery / "photos" / "damaged" / f"Bringing-Old-Photos-Back-to-Life__{name}"
    photo, faces = decode(path.read_bytes()), list(faces_in(path))
    began = time.process_time()
    result = repair(photo, faces)
    assert time.process_time() - began < 1.0
    changed = (result.photo.pixels != photo.pixels).any(axis=2)
    for face, again, done in zip(faces, find_faces(result.photo), result.repaired, strict=True):
        assert done
        features = np.zeros(changed.shape, np.uint8)
        for group in (EYES[0].opening, EYES[1].opening, OUTER_LIPS):
            cv2.fillPoly(features, [np.rint(face.landmarks[list(group), :2]).astype(np.int32)], 1)
        assert not changed[features > 0].any()
        moved = np.linalg.norm(again.landmarks[:, :2] - face.landmarks[:, :2], axis=1).mean() / face.eye_span
        assert moved < 0.02


def test_frames_of_real_video_are_never_repaired(gallery: Path) -> None:
    """Healthy footage in any light, dark or pale, comes back as it is: no first frame of a driving clip is touched."""
    for clip in sorted((gallery / "driving").glob("*.mp4")):
        photo = Photo(np.array(next(read_frames(clip, max_side=640))), "png")
        assert not any(repair(photo, find_faces(photo)).repaired), clip.name
