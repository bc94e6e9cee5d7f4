"""The inside of the mouth: made where lips part on what the photo never held; steady, grey and rigid where it must be."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from tests.mouths import LUMA, closed, enlarged, lips_together, opening, patches, smiling
from vivify import engine
from vivify.animate import Performer
from vivify.animate.mouth import Mouth
from vivify.animate.mouth.arches import draw_row
from vivify.animate.mouth.tones import read_tones
from vivify.arrays import Float, Pixels
from vivify.faces.topology import EYES, INNER_LIPS, LOWER_INNER_LIP, MESH, MOUTH_CORNERS, OUTER_LIPS, OVAL, UPPER_INNER_LIP
from vivify.motion import FaceTrack, Motion, bite, template
from vivify.photos import Photo


def test_lips_that_stay_together_show_nothing() -> None:
    """A closed mouth, still or turned with the head, gets no patch; at rest the frame is the photo, bit for bit."""
    pixels, performer = closed()
    for yaw in (0.0, 15.0):
        assert patches(performer, performer.track(opening(0.0, yaw=yaw), 0.8), 0) == []
    frame = pixels.copy()
    performer.draw(frame, performer.track(opening(0.0), 0.8), 0)
    assert np.array_equal(frame, pixels)


def test_lips_that_stay_as_far_apart_show_nothing() -> None:
    """Lips that the photo shows a little apart, over red alone, get no patch while they stay so, and one once they part."""
    pixels, face = smiling()
    points = face.landmarks.copy()
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    middle, apart = (points[upper] + points[lower]) / 2, np.array([0, 0.025 * face.eye_span, 0], np.float32)
    points[upper], points[lower] = middle - apart, middle + apart
    plain = pixels.copy()
    cv2.fillPoly(plain, [np.round(points[list(OUTER_LIPS), :2]).astype(np.int32)], (150, 85, 85))
    performer = Performer(plain, replace(face, landmarks=points))
    assert performer._mouth._shown is None
    track = performer.track(opening(0.0, 0.3, 0.3, 0.3), 0.8)
    assert patches(performer, track, 0) == []
    assert len(patches(performer, track, 2)) == 1


def test_lips_that_part_show_teeth_before_a_dark_throat() -> None:
    """In the upper lip's shade there are teeth 0.7 to 1.1 as bright as the skin; below them it is much darker."""
    _, performer = closed()
    (patch,) = patches(performer, performer.track(opening(0.0, 0.3, 0.3, 0.3), 0.8), 2)
    light = (patch.colour @ LUMA)[patch.alpha > 0.9]
    skin = performer._mouth._tones.skin
    assert 0.7 * skin < np.percentile(light, 97) < 1.1 * skin
    assert np.percentile(light, 25) < 0.5 * skin


def dark_between_lips(apart: float) -> tuple[Performer, float]:
    """A portrait whose lips are ``apart``, eye distances, over nothing but dark; pixels per eye distance."""
    pixels, face = smiling()
    points = lips_together(face.landmarks)
    unit = Performer(pixels, face)._head.unit
    points[list(LOWER_INNER_LIP), 1] += apart * unit
    ring = np.round(points[list(INNER_LIPS), :2]).astype(int)
    dark = cv2.fillPoly(pixels.copy(), [ring], (20, 10, 10))
    return Performer(dark, replace(face, landmarks=points)), unit


def test_a_dark_slit_of_two_millimetres_does_not_tell_that_teeth_are_hidden() -> None:
    """Behind a slit of 1.9 mm they end where a bite tells, 3.2 mm below the lip; behind one of 3.8 mm at its edge."""
    ends = {apart: dark_between_lips(apart)[0]._mouth._upper_edge(0.05, 0.0) for apart in (0.03, 0.06)}
    assert ends == {0.03: 0.05, 0.06: 0.0}


def test_behind_lips_shown_apart_over_the_dark_stand_low_teeth() -> None:
    """Where the photo shows nothing but dark between its lips, a jaw that opens 5 mm more uncovers 4 mm of teeth at most."""
    performer, unit = dark_between_lips(0.06)
    (patch,) = patches(performer, performer.track(opening(*[0.08] * 5), 0.8), 2)
    bright = (patch.alpha > 0.5) & (patch.colour @ LUMA > 0.6 * performer._mouth._tones.skin)
    bright &= patch.colour[..., 1] > 0.85 * patch.colour[..., 0]  # flesh is redder
    middle = round(float(performer._landmarks[13, 0])) - patch.window.x0
    assert bright[:, middle].sum() * 63 / unit < 4


def test_upper_teeth_stay_with_the_skull() -> None:
    """A jaw that drops farther takes the lower row along and leaves the upper in place, to a hundredth of a millimetre."""
    _, performer = closed()
    rows = performer.track(opening(*[0.2] * 9), 0.8).bite[4], performer.track(opening(*[0.35] * 9), 0.8).bite[4]
    assert abs(rows[0][0] - rows[1][0]) * 63 < 0.01
    assert (rows[1][1] - rows[0][1]) * 63 > 5


def test_teeth_go_where_the_nose_goes() -> None:
    """A face whose measured expression shifts all of it by 5 mm has its teeth behind its lips as before."""
    shape = np.zeros((MESH, 3), np.float32)
    still = np.zeros((9, MESH, 3), np.float32)
    shifted = still + np.array([3, 4, 0], np.float32) / 63
    assert np.allclose(bite(shape, shifted), bite(shape, still), atol=1e-5)
    _, performer = closed()
    track = performer.track(opening(*[0.3] * 3), 0.8)
    vertices, turn = performer._vertices(track, 1), performer._turn(track, 1)
    (before,) = performer._mouth.patches(vertices, turn, track.bite[1])
    (after,) = performer._mouth.patches(vertices + np.array([4, 3, 0], np.float32), turn, track.bite[1])
    assert (after.window.x0 - before.window.x0, after.window.y0 - before.window.y0) == (4, 3)
    assert np.abs(after.alpha - before.alpha).max() < 0.02


def test_lips_open_only_where_they_part() -> None:
    """Lips that part in their middle third stay shut beside it: no dark line runs on to the corners."""
    _, performer = closed()
    motion = Motion.still(3)
    motion.displacement[:, list(LOWER_INNER_LIP[3:6]), 1] = 0.15
    track = performer.track(motion, 0.8)
    (patch,) = patches(performer, track, 1)
    lips = performer._vertices(track, 1)
    columns = np.arange(patch.window.x0, patch.window.x1)
    for side in (LOWER_INNER_LIP[0], LOWER_INNER_LIP[8]):
        beside = np.abs(columns - lips[side, 0]) < 2
        assert patch.alpha[:, beside].max() < 0.1
    assert patch.alpha.max() > 0.9


def test_wide_mouths_have_larger_teeth() -> None:
    """Between a mouth of 40 mm and one of 56 teeth grow by an eighth; one of 51 mm has them as large as people's are."""
    _, performer = closed()
    head, sizes = performer._head, []
    for millimetres in (40, 51, 56):
        points = performer._landmarks.copy()
        right, left = list(MOUTH_CORNERS)
        middle, half = (points[right] + points[left]) / 2, (points[left] - points[right]) / 2
        half *= millimetres / 63 * head.unit / (2 * np.linalg.norm(half[:2]))
        points[right], points[left] = middle - half, middle + half
        sizes.append(Mouth(performer._pixels, points, head, milk=False)._size)
    assert sizes == pytest.approx([0.92, 1, 1.033], abs=0.01)


def test_small_children_have_milk_teeth() -> None:
    """Five teeth to a side instead of seven, with crowns 6.0 mm long between eyes 48 mm apart, not 10.6 between 63."""
    adult, child = (draw_row(upper=True, milk=milk, scale=4, rng=np.random.default_rng(1)) for milk in (False, True))
    assert [len(side) for side in (*adult.crowns, *child.crowns)] == [7, 7, 5, 5]
    middle = slice(round(child.column(np.float32(3))), round(child.column(np.float32(6))))  # within the first tooth
    adults, childs = ((row.tooth[:, middle] > 0.5).sum(axis=0).mean() / row.scale for row in (adult, child))
    assert childs == pytest.approx(6.0 * 63 / 48, abs=0.8)
    assert adults > childs + 1.5


def test_a_grey_photo_opens_on_greys() -> None:
    """In a black-and-white photo nothing of the mouth has any colour, though somebody drew a red line over the face."""
    pixels, _ = closed(grey=True)
    face = smiling()[1]
    for marked in (False, True):
        if marked:
            across = np.round(face.landmarks[[54, 284], :2]).astype(int).tolist()
            cv2.line(pixels, across[0], across[1], (220, 20, 30), 2)
        performer = Performer(pixels, replace(face, landmarks=lips_together(face.landmarks)))
        (patch,) = patches(performer, performer.track(opening(0.3), 0.8), 0)
        assert np.ptp(patch.colour, axis=2).max() < 1.0


def test_the_inside_has_the_photos_grain() -> None:
    """Noise of 6 levels over the photo is noise of 3 to 7 levels inside the mouth; without it there is less than 2."""
    pixels, performer = closed()
    soft = cv2.GaussianBlur(pixels, (0, 0), 1.0)
    noise = np.random.default_rng(0).normal(0, 6, pixels.shape)
    noisy = np.clip(soft + noise, 0, 255).astype(np.uint8)
    grain, none = (read_tones(photo, performer._landmarks, performer._head.unit).grain for photo in (noisy, soft))
    assert 3 < grain.std() < 7
    assert abs(grain.mean()) < 0.5
    assert none.std() < 2


@pytest.mark.parametrize(("sigma", "least", "most"), [(0, 0.8, 1.1), (3, 2, 3), (8, 5, 8)])
def test_the_inside_is_as_blurred_as_the_photo(sigma: float, least: float, most: float) -> None:
    """In a face 126 pixels from eye to eye a blur of 3 pixels is told as one of 2 to 3, one of 8 as one of 5 to 8."""
    pixels, face = enlarged(*smiling(), 3)
    blurred = cv2.GaussianBlur(pixels, (0, 0), sigma) if sigma else pixels
    assert least <= read_tones(blurred, face.landmarks, 126.0).blur <= most


def test_teeth_are_yellow_where_all_light_is() -> None:
    """Through a filter that leaves .3 of the blue, e to the -1.2, teeth are yellower by .9 or more in log of red against
    blue; by half of that at most, where it leaves out the eyes.
    """
    pixels, performer = closed()
    dimmed = pixels // 2
    filtered = dimmed.copy()
    filtered[..., 2] = dimmed[..., 2] * 0.3
    eyes = [np.round(performer._landmarks[list(eye.opening), :2]).astype(np.int32) for eye in EYES]
    left_out = cv2.fillPoly(np.zeros(pixels.shape[:2], np.uint8), eyes, (1,))[..., None]
    without_eyes = np.where(left_out == 1, dimmed, filtered)
    plain, yellow, less = (
        np.log(tones.tooth[0] / tones.tooth[2])
        for tones in (
            read_tones(photo, performer._landmarks, performer._head.unit) for photo in (dimmed, filtered, without_eyes)
        )
    )
    assert yellow - plain > 0.9
    assert less - plain < 0.45


def test_teeth_are_as_yellow_as_lights_in_varnish_alone() -> None:
    """Where all has the same .3 of its blue, teeth are by .1 yellower, in log of red against blue, than in the same face
    with a grey wall beside it: that is no varnish.
    """
    pixels, performer = closed()
    varnished = (pixels // 2 * np.array([1, 1, 0.3])).astype(np.uint8)
    beside = varnished.copy()
    beside[:, : int(performer._landmarks[list(OVAL), 0].min())] = 200
    yellow, less = (
        np.log(tones.tooth[0] / tones.tooth[2])
        for tones in (read_tones(photo, performer._landmarks, performer._head.unit) for photo in (varnished, beside))
    )
    assert yellow - less == pytest.approx(0.1, abs=0.02)


def test_one_calibration_serves_the_whole_clip() -> None:
    """The same opening is as bright however the head is turned: nothing is fitted to a frame."""
    _, performer = closed()
    levels = []
    for yaw in (-12.0, 0.0, 12.0):
        (patch,) = patches(performer, performer.track(opening(0.3, yaw=yaw), 0.8), 0)
        levels.append(float((patch.colour @ LUMA)[patch.alpha > 0.9].mean()))
    assert max(levels) < 1.08 * min(levels)


def test_a_laugh_does_not_flicker() -> None:
    """Second against first differences over the mouth, through a laugh, are at most a tenth above the bare warp's.

    On a portrait of 512 pixels.
    """
    pixels, face = enlarged(*smiling(), 2)
    performer = Performer(pixels, replace(face, landmarks=lips_together(face.landmarks)))
    found = template("laugh")
    track = performer.track(found.motion, found.mouth_width)
    made = [_mouth_box(performer, pixels, track, i) for i in range(8, 60)]
    performer._mouth.patches = lambda *_: []  # type: ignore[method-assign]
    bare = [_mouth_box(performer, pixels, track, i) for i in range(8, 60)]
    del performer._mouth.patches
    assert _roughness(made) < 1.1 * _roughness(bare)


def _mouth_box(performer: Performer, pixels: Pixels, track: FaceTrack, index: int) -> Float:
    frame = pixels.copy()
    performer.draw(frame, track, index)
    corner = np.array([performer.region.x0, performer.region.y0])
    x, y = performer._landmarks[list(INNER_LIPS), :2].mean(axis=0) + corner
    r = round(0.5 * performer._head.unit)
    return frame[int(y) - r : int(y) + r, int(x) - r : int(x) + r].astype(np.float32)


def _roughness(frames: list[Float]) -> float:
    first, second = np.diff(frames, axis=0), np.diff(frames, n=2, axis=0)
    return float(np.abs(second).mean() / np.abs(first).mean())


def test_the_mouth_is_one_persons_own() -> None:
    """The same photo gives the same teeth again; another face gets others."""
    pixels, performer = closed()
    again = closed.__wrapped__()[1]
    assert np.array_equal(performer._mouth._upper.row.light, again._mouth._upper.row.light)
    turned = engine.analyse(Photo(np.ascontiguousarray(pixels[:, ::-1]), "png"))[0]
    other = Performer(np.ascontiguousarray(pixels[:, ::-1]), turned)
    assert not np.array_equal(performer._mouth._upper.row.light, other._mouth._upper.row.light)


def test_no_tooth_stands_out_brightly() -> None:
    """Of thirty mouths' six upper front teeth none is brighter than their median by more than an eighth."""
    for seed in range(30):
        row = draw_row(upper=True, milk=False, scale=4.0, rng=np.random.default_rng(seed))
        low, high = row.line(np.array([2.0, 7.0], np.float32)).astype(int)
        bright = []
        for side, crowns in zip((-1, 1), row.crowns, strict=True):
            starts = np.cumsum([0.0, *(crown.width for crown in crowns[:3])])
            for start, end in pairwise(starts):
                within = (row.along * side > start + 1) & (row.along * side < end - 1)
                bright.append(row.light[low:high, within].mean())
        assert max(bright) < 1.125 * np.median(bright)
