"""What the lids' network is shown of an eye: a patch tied to its corners, in which only lids have moved."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.lids import enlarged, the_face
from vivify.animate.eyes import eye_patch
from vivify.animate.eyes.plain import lidded, stubs
from vivify.faces import mirror_index
from vivify.faces.topology import EYES, LEFT_EYE, RIGHT_EYE, Eye


@pytest.mark.parametrize("eye", EYES)
def test_the_patch_is_tied_to_the_corners(eye: Eye) -> None:
    """Whatever the face's place, size and tilt, the eye's corners lie at the same two points of its patch, outer left."""
    _, face = the_face()
    for angle, scale in ((0.0, 1.0), (35.0, 0.3), (-100.0, 7.0)):
        cos, sin = scale * np.cos(np.radians(angle)), scale * np.sin(np.radians(angle))
        points = face.landmarks[:, :2] @ np.array([[cos, sin], [-sin, cos]], np.float32) + np.float32(40)
        corners = eye_patch.placed(points, eye_patch.placing(eye, points))[[eye.outer, eye.inner]]
        assert np.allclose(corners, [[20, 40], [76, 40]], atol=1e-2)


def test_either_eye_is_one_eye() -> None:
    """The left eye of a mirrored photo gives the very patch, masks and cover of the right eye of the photo."""
    pixels, face = the_face()
    mirrored = face.landmarks[mirror_index()].copy()
    mirrored[:, 0] = pixels.shape[1] - 1 - mirrored[:, 0]
    found = []
    for picture, points, eye in ((pixels, face.landmarks, RIGHT_EYE), (pixels[:, ::-1], mirrored, LEFT_EYE)):
        rest = eye_patch.Resting.of(eye, np.ascontiguousarray(picture), points)
        lids = eye_patch.Moved.of(rest, rest.points, 0.0)
        edges = lids.inputs(rest.picture)[8]
        found.append((rest.picture, rest.opening, edges, lids.cover() * 255))
    for one, other in zip(*found, strict=True):
        assert np.abs(one.astype(np.float32) - other).max() <= 8
        assert np.abs(one.astype(np.float32) - other).mean() < 0.3


def test_the_patch_is_the_same_at_any_size() -> None:
    """A photo four times as large gives the same patch: averaged, not picked out, so that detail cannot flicker in it."""
    patches = []
    for zoom in (1.5, 6.0):
        pixels, face = enlarged(zoom)
        patches.append(eye_patch.sampled(pixels, eye_patch.placing(RIGHT_EYE, face.landmarks)).astype(np.float32))
    assert np.abs(patches[0] - patches[1]).mean() < 2


def test_what_the_network_is_shown() -> None:
    """At rest it is shown the photo twice and one opening; shut, plain skin for the eye, no opening, and one line."""
    pixels, face = the_face()
    eye = eye_patch.Resting.of(RIGHT_EYE, pixels, face.landmarks)
    shut = eye.points.copy()
    shut[list(RIGHT_EYE.upper[0])] = shut[list(RIGHT_EYE.lower[0])]
    rest, closed = (
        eye_patch.Moved.of(eye, points, closure).inputs(eye.picture) for points, closure in ((eye.points, 0.0), (shut, 1.0))
    )
    assert np.array_equal(rest[0:3], rest[3:6])
    assert np.array_equal(rest[6], rest[7])
    assert not rest[9].any()
    assert (closed[9] == 255).all()
    assert (closed[6] > 127).sum() < 0.25 * (rest[6] > 127).sum()
    eyeball = cv2.erode(closed[7], np.ones((5, 5), np.uint8)) > 0
    assert np.array_equal(closed[3:6], rest[3:6])
    assert np.abs(closed[0:3, eyeball].astype(int) - eye.skin.transpose(2, 0, 1)[:, eyeball]).mean() < 1
    assert closed[0:3, eyeball].std() < 0.5 * rest[0:3, eyeball].std()


def test_lashes_come_down_with_their_lid_and_their_shade_does_not() -> None:
    """Two fifths of the way down the network is shown the photo's own line of lashes where the lid's edge now is, within a
    pixel, and above it plain skin, though there is a broad shade above the photo's eye: stretched over the lid, as the mesh
    has it, lashes and shade were grey paint.
    """
    pixels, face = the_face()
    points = eye_patch.Resting.of(RIGHT_EYE, pixels, face.landmarks).points
    corners = [RIGHT_EYE.outer, RIGHT_EYE.inner]
    upper, lower = ([corners[0], *row[0], corners[1]] for row in (RIGHT_EYE.upper, RIGHT_EYE.lower))
    photo = np.full((64, 96, 3), 180, np.uint8)
    line = np.round(points[upper]).astype(np.int32)
    shade = np.concatenate([line, (line - (0, 20))[::-1]])
    cv2.fillPoly(photo, [shade], (140, 140, 140))
    cv2.fillPoly(photo, [np.round(points[[*upper, *lower[::-1]]]).astype(np.int32)], (230, 230, 230))
    cv2.polylines(photo, [line - (0, 2)], False, (40, 40, 40), 3)
    eye = eye_patch.Resting.of(RIGHT_EYE, photo, points)

    moved = points.copy()
    moved[upper] += np.float32(0.4) * (points[lower] - points[upper])
    smeared = np.full((64, 96, 3), 200, np.uint8)
    shown = eye_patch.Moved.of(eye, moved, 0.4).inputs(smeared)[0]
    middle = np.arange(40, 57)
    edge = np.interp(middle, *moved[upper].T)
    darkest = shown[20:60, middle].argmin(axis=0) + 20
    assert np.abs(darkest - (edge - 2)).max() <= 1
    lid = np.round(edge).astype(int) - 7, middle
    assert np.abs(shown[lid].astype(int) - eye.skin[..., 0][lid]).max() <= 8


def test_a_dark_frame_is_no_skin() -> None:
    """Skin of a shut eye is the skin's, within 8 levels, where half of the eye's surroundings are a thick black frame."""
    skin = np.full((64, 96, 3), 160, np.uint8)
    skin += np.arange(-30, 30, 60 / 96).astype(np.int8).view(np.uint8)[:, None]  # lit from the right
    frame = skin.copy()
    frame[:30] = 70
    eye = np.zeros((64, 96), np.uint8)
    cv2.ellipse(eye, (48, 40), (30, 12), 0, 0, 360, (255,), -1)
    bare, framed = (lidded(picture, eye)[36:50, 30:66].astype(int) for picture in (skin, frame))
    assert np.abs(framed - bare).max() <= 8


def test_what_stands_out_of_plain_skin_and_ends_is_left_out_too() -> None:
    """Of six dark strokes beside a mask two are found, whole: the tip of a lash above it and the end of a fold at the outer
    corner. A crease along it, hair that goes on to the picture's side, a hair of the brow and one that stands alone are not.
    """
    picture, mask = np.full((64, 96, 3), 180, np.uint8), np.zeros((64, 96), np.uint8)
    cv2.ellipse(mask, (48, 40), (34, 14), 0, 0, 360, (255,), -1)
    cv2.rectangle(picture, (60, 0), (95, 16), (90, 90, 90), -1)  # the brow
    tips = (((40, 30), (37, 17)), ((18, 40), (8, 40)))
    others = (((48, 23), (70, 27)), ((24, 30), (0, 10)), ((66, 28), (66, 10)), ((48, 10), (50, 4)))
    for begin, end in (*tips, *others):
        cv2.line(picture, begin, end, (60, 60, 60), 2)
    found = stubs(picture, mask) > 0
    for (begin, end), there in [(tip, True) for tip in tips] + [(other, False) for other in others]:
        x, y = np.linspace(begin, end, 20).round().astype(int).T
        beyond = mask[y, x] == 0
        assert found[y, x][beyond].mean() == there


@pytest.mark.parametrize(("height", "pupil", "seen"), [(20, False, True), (9, False, False), (9, True, True)])
def test_an_eye_has_a_pupil_or_is_wide_open(height: int, *, pupil: bool, seen: bool) -> None:
    """Between landmarks a third of the eye's width apart there is an eye, be it a blank statue's; between those a sixth
    apart only if something is darker there than the skin: a laugh's bags are none.
    """
    pixels, face = the_face()
    points = eye_patch.Resting.of(RIGHT_EYE, pixels, face.landmarks).points
    points = np.hstack([points, np.zeros((len(points), 1), np.float32)])
    for row, side in ((RIGHT_EYE.upper[0], -0.5), (RIGHT_EYE.lower[0], 0.5)):
        points[list(row), 0] = np.linspace(26, 70, len(row))
        points[list(row), 1] = 40 + side * height
    photo = np.full((64, 96, 3), 150, np.uint8)
    cv2.rectangle(photo, (20, 40 - height // 2), (76, 40 + height // 2), (200, 200, 200), -1)
    if pupil:
        cv2.circle(photo, (48, 40), 5, (40, 40, 40), -1)
    assert eye_patch.Resting.of(RIGHT_EYE, photo, points).seen() == seen
