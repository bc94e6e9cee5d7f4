"""A mouth that something covers is not opened on top of it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.drawn import MOUTH_WIDTH, posed
from tests.gallery import faces_in
from vivify.animate import Performer
from vivify.animate.mouth import in_sight
from vivify.arrays import Float, Pixels
from vivify.depth.head import HeadFrame
from vivify.faces import Face, Pose, mean_face
from vivify.faces.topology import MOUTH_CORNERS, OUTER_LIPS, UPPER_INNER_LIP
from vivify.motion.limits import MOUTH_HIDDEN
from vivify.photos import decode

SIDE, UNIT = 480, 120.0
SKIN, LIPS, KNUCKLES, CLOTH = (205, 160, 140), (180, 90, 95), (235, 200, 185), (160, 195, 215)


def _face() -> Float:
    """The mean face, its lips shut; (478, 3)."""
    mesh = mean_face()
    shape = np.concatenate([mesh, np.zeros((10, 3))]) * UNIT / np.ptp(mesh[[33, 263], 0]) * 1.4
    shape[:, :2] += SIDE / 2 - shape[:468, :2].mean(axis=0)
    return shape.astype(np.float32)


def _picture(lips: tuple[int, int, int] = SKIN, lower: tuple[int, int, int] = SKIN, *, line: bool) -> Pixels:
    """A face of skin whose lower half is of another colour; lips, and the dark line between them, or none."""
    points = _face()
    picture = np.full((SIDE, SIDE, 3), SKIN, np.uint8)
    picture[int(points[1, 1]) :] = lower  # from the tip of the nose down
    cv2.fillPoly(picture, [np.round(points[list(OUTER_LIPS), :2]).astype(int)], lips)
    if line:
        path = np.round(points[list(UPPER_INNER_LIP), :2] * 16).astype(int)
        cv2.polylines(picture, [path], False, (70, 60, 60), 2, cv2.LINE_AA, 4)
    return picture


def _in_sight(picture: Pixels, points: Float) -> bool:
    return in_sight(picture, points, HeadFrame.of(Face(points, 1.0, Pose(0.0, 0.0, 0.0))))


@pytest.mark.parametrize(
    ("picture", "seen"),
    [
        (_picture(LIPS, line=True), True),
        (_picture(LIPS, line=False), True),
        (_picture(line=True), True),
        (_picture(line=False), False),
        (_picture(KNUCKLES, line=False), False),
        (_picture(CLOTH, CLOTH, line=False), False),
        (_picture(CLOTH, CLOTH, line=True), False),
        (_picture(LIPS, (90, 60, 45), line=True), True),
    ],
    ids=[
        "lips",
        "lips without a line",
        "a line without lips",
        "a hand",
        "knuckles",
        "a mask",
        "a pleated mask",
        "lips in a beard",
    ],
)
def test_a_mouth_is_lips_or_the_line_between_them(picture: Pixels, *, seen: bool) -> None:
    """Shut lips are told by their colour, or by their line where all around is skin; a mask's pleats are no such line.

    The same in black and white, but for the mask told by its colour alone.
    """
    assert _in_sight(picture, _face()) is seen
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    pleated = np.array_equal(picture, _picture(CLOTH, CLOTH, line=True))
    assert _in_sight(np.asarray(grey, np.uint8), _face()) is (seen or pleated)


def test_lips_apart_are_seen() -> None:
    """Whatever the colours: the network never sees the mouth behind a mask open."""
    points = _face()
    points[list(OUTER_LIPS[1:10]), 1] -= 10
    points[list(UPPER_INNER_LIP), 1] -= 10
    assert _in_sight(_picture(CLOTH, CLOTH, line=False), points)


def test_a_masked_mouth_stays(gallery: Path) -> None:
    """Someone in a face mask, asked for a wide open mouth: the report says why it stays, eyes and head move all the same."""
    photo = gallery / "photos/occluded/insightface__bulk_mask2.jpg"
    performer = Performer(decode(photo.read_bytes()).pixels, faces_in(photo)[0])
    assert MOUTH_HIDDEN in performer.limits.reasons
    track = performer.track(posed((12, 0, 0), lids=1.0, jaw=0.3), MOUTH_WIDTH)
    assert np.abs(track.displacement[0, list(OUTER_LIPS)]).max() < 1e-4
    assert np.abs(track.displacement[0, list(MOUTH_CORNERS)]).max() < 1e-4
    assert track.lids[0].min() == 1
    assert track.rotation[0, 0] > 10


@pytest.mark.parametrize(
    "name",
    [
        "photos/occluded/opencv4nodejs__imgs_negan1.jpg",
        "photos/portrait/LivePortrait__source_s6.jpg",
        "photos/damaged/LivePortrait__source_s12.jpg",
        "photos/weird/Pillow__images_hopper_gray.jpg",
        "photos/weird/Pillow__images_hopper_orientation_8.webp",
    ],
    ids=["beard", "terracotta", "moustache", "grey and tiny", "tiny and compressed"],
)
def test_mouths_hard_to_see_are_seen(gallery: Path, name: str) -> None:
    """Beards, stone lips and faces of 21 pixels keep their mouths."""
    photo = gallery / name
    face = faces_in(photo)[0]
    assert in_sight(decode(photo.read_bytes()).pixels, face.landmarks, HeadFrame.of(face))
