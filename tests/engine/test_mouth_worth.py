"""What the photo shows between lips and is no teeth to go on with: dim, red, of one row alone, hanging from no lip."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.mouths import LUMA, enlarged, opening, patches, smiling
from vivify.animate import Performer
from vivify.depth.head import HeadFrame
from vivify.faces.topology import INNER_LIPS, LOWER_INNER_LIP, OUTER_LIPS, UPPER_INNER_LIP
from vivify.motion import Motion
from vivify.motion.limits import LOOSE_TEETH


def test_teeth_too_dim_to_go_on_with_give_way_to_made_ones() -> None:
    """Between lips 4.5 mm apart teeth are as dim as the lips: while these are near they stay to a few levels, opened wide
    they are replaced by ones a third brighter.
    """
    pixels, face = enlarged(*smiling(), 3)
    ring = np.round(face.landmarks[list(INNER_LIPS), :2]).astype(int)
    mouth = cv2.fillPoly(np.zeros(pixels.shape[:2], np.uint8), [ring], (1,)).astype(bool)
    pixels[mouth] = (pixels[mouth] * 0.6).astype(np.uint8)
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    face.landmarks[lower] = face.landmarks[upper] + (face.landmarks[lower] - face.landmarks[upper]) * 0.45
    performer = Performer(pixels, face)
    shown = performer._mouth._shown
    assert shown is not None
    assert shown.worth.front < 0.05
    y, x = np.nonzero(shown.upper)
    own = shown.window.of(performer._pixels)[y, x] @ LUMA
    assert np.median(shown.near[y, x]) > 0.9
    (patch,) = patches(performer, performer.track(opening(0.2), 0.8), 0)
    made = patch.colour[y + shown.window.y0 - patch.window.y0, x + shown.window.x0 - patch.window.x0] @ LUMA
    assert np.percentile(made, 90) > 1.33 * np.percentile(own, 90)


@pytest.mark.parametrize(("red", "kept"), [(1.0, True), (1.7, False)])
def test_teeth_redder_than_flesh_give_way_to_made_ones(red: float, *, kept: bool) -> None:
    """Teeth over which a lip's red is blurred are none to go on with, however bright."""
    pixels, face = enlarged(*smiling(), 3)
    ring = np.round(face.landmarks[list(INNER_LIPS), :2]).astype(int)
    mouth = cv2.fillPoly(np.zeros(pixels.shape[:2], np.uint8), [ring], (1,)).astype(bool)
    dim = pixels * 0.55
    dim[mouth, 0] *= red
    shown = Performer(dim.astype(np.uint8), face)._mouth._shown
    assert shown is not None
    assert shown.worth.front > 0.9 if kept else shown.worth.front < 0.05


@pytest.mark.parametrize("side", [-1, 1])
def test_a_row_has_no_gap_where_the_photo_shows_none_of_its_teeth(side: int) -> None:
    """Where one side of an open mouth is dark and the rest shows teeth, a lip that rises uncovers teeth on both sides."""
    pixels, face = enlarged(*smiling(), 3)
    ring = np.round(face.landmarks[list(INNER_LIPS), :2]).astype(int)
    mouth = cv2.fillPoly(np.zeros(pixels.shape[:2], np.uint8), [ring], (1,)).astype(bool)
    middle, millimetre = face.landmarks[13, 0], HeadFrame.of(face).unit / 63
    pixels[mouth & ((np.arange(pixels.shape[1]) - middle) * side > 3 * millimetre)] = (50, 20, 20)
    performer = Performer(pixels, face)
    motion = Motion.still(5)
    motion.displacement[:, [*UPPER_INNER_LIP, *OUTER_LIPS[1:10]], 1] = -0.07
    (patch,) = patches(performer, performer.track(motion, 0.8), 2)
    row = round(float(performer._landmarks[13, 1]) - 1.5 * millimetre) - patch.window.y0
    for at in (-7, 7):
        column = round(middle + at * millimetre) - patch.window.x0
        part = patch.colour[row, round(column - 2 * millimetre) : round(column + 2 * millimetre)] @ LUMA
        assert np.median(part) > 100  # the dark has 29


def test_a_lower_row_alone_is_the_jaws() -> None:
    """Teeth below the dark of an open mouth go down with the jaw, as bright as they are; lips part all the way."""
    pixels, face = enlarged(*smiling(), 3)
    ring = np.round(face.landmarks[list(INNER_LIPS), :2]).astype(int)
    mouth = cv2.fillPoly(np.zeros(pixels.shape[:2], np.uint8), [ring], (1,)).astype(bool)
    upper, lower = (face.landmarks[list(row), :2] for row in (UPPER_INNER_LIP, LOWER_INNER_LIP))
    dark = np.interp(np.arange(pixels.shape[1]), upper[:, 0], (0.4 * upper + 0.6 * lower)[:, 1])
    pixels[mouth & (np.arange(len(pixels))[:, None] < dark)] //= 5
    performer = Performer(pixels, face)
    assert LOOSE_TEETH not in performer.limits.reasons
    (patch,) = patches(performer, performer.track(opening(0.12), 0.8), 0)
    below = np.round(performer._landmarks[14, :2] + (0, 0.12 * performer._head.unit)).astype(int)
    reach = round(3 * performer._head.unit / 63)
    x, y = below - (patch.window.x0, patch.window.y0)
    seen = patch.colour[y - 2 * reach : y - reach // 2, x - reach : x + reach] @ LUMA
    assert np.percentile(seen, 80) > 160


def test_a_pale_lower_lip_is_no_row_of_teeth() -> None:
    """What lies below the dark of an open mouth, a tenth brighter than the lower lip, is that lip; the upper may be dark."""
    pixels, face = enlarged(*smiling(), 3)
    ring, outer = (np.round(face.landmarks[list(points), :2]).astype(int) for points in (INNER_LIPS, OUTER_LIPS))
    upper, lower = (face.landmarks[list(row), :2] for row in (UPPER_INNER_LIP, LOWER_INNER_LIP))
    dark = np.round(np.concatenate([upper, (0.4 * upper + 0.6 * lower)[::-1]])).astype(int)
    cv2.fillPoly(pixels, [outer], (170, 110, 110))
    cv2.fillPoly(pixels, [np.concatenate([outer[:11], ring[10::-1]])], (80, 50, 50))
    cv2.fillPoly(pixels, [ring], (187, 121, 121))
    assert Performer(cv2.fillPoly(pixels, [dark], (40, 20, 20)), face)._mouth._shown is None


@pytest.mark.parametrize("seen", [1.0, 1.4])
def test_a_slit_whose_teeth_lie_in_the_lips_shade_shows_teeth_in_a_smile(seen: float) -> None:
    """Where a millimetre or so of teeth is ``seen`` and a tongue below, a lip that rises uncovers teeth: no tongue goes
    on up there.
    """
    pixels, face = enlarged(*smiling(), 3)
    upper, lower = (list(row) for row in (UPPER_INNER_LIP, LOWER_INNER_LIP))
    points = face.landmarks
    points[lower] = points[upper] + (points[lower] - points[upper]) * 0.6
    ring = np.round(points[list(INNER_LIPS), :2]).astype(int)
    mouth = cv2.fillPoly(np.zeros(pixels.shape[:2], np.uint8), [ring], (1,)).astype(bool)
    millimetre = HeadFrame.of(face).unit / 63
    below = np.interp(np.arange(pixels.shape[1]), points[upper, 0], points[upper, 1]) + seen * millimetre
    pixels[mouth & (np.arange(len(pixels))[:, None] > below)] = (120, 60, 70)
    performer = Performer(pixels, face)
    motion = Motion.still(5)
    motion.displacement[:, [*UPPER_INNER_LIP, *OUTER_LIPS[1:10]], 1] = -0.06
    (patch,) = patches(performer, performer.track(motion, 0.8), 2)
    x, y = np.round(performer._landmarks[13, :2] - (patch.window.x0, patch.window.y0)).astype(int)
    side, rise = round(5 * millimetre), round(1.5 * millimetre)
    uncovered = patch.colour[y - rise : y, x - side : x + side].reshape(-1, 3)
    assert (uncovered[:, 0] / uncovered[:, 1]).mean() < 1.3  # the tongue's is 2
    assert (uncovered @ LUMA).mean() > 110  # the tongue's is 79


def test_what_hangs_from_no_lip_goes_along_with_both() -> None:
    """Where a photo shows a tongue that hangs from no lip, lips part a quarter as far, which the report tells, and nothing
    is made between them.
    """
    pixels, face = enlarged(*smiling(), 3)
    ring = np.round(face.landmarks[list(INNER_LIPS), :2]).astype(int)
    mouth = cv2.fillPoly(np.zeros(pixels.shape[:2], np.uint8), [ring], (1,)).astype(bool)
    upper, lower = (face.landmarks[list(row), :2] for row in (UPPER_INNER_LIP, LOWER_INNER_LIP))
    top = np.interp(np.arange(pixels.shape[1]), upper[:, 0], (0.7 * upper + 0.3 * lower)[:, 1])
    pixels[mouth] = (200, 150, 150)
    pixels[mouth & (np.arange(len(pixels))[:, None] < top)] = (40, 15, 15)
    performer = Performer(pixels, face)
    assert LOOSE_TEETH in performer.limits.reasons
    track = performer.track(opening(0.12), 0.8)
    assert not patches(performer, track, 0)
    assert track.displacement[0, 14, 1] - track.displacement[0, 13, 1] < 0.035


def test_a_grin_that_landmarks_tell_shut_stays_as_it_is() -> None:
    """Hardly anybody grins as wide with lips shut: where a network took teeth for a lip no second row comes above them.

    Lips as shut that do not grin part as far as they are told to.
    """
    pixels, face = smiling()
    points = face.landmarks.copy()
    points[list(LOWER_INNER_LIP)] = points[list(UPPER_INNER_LIP)]
    grin = Performer(pixels, replace(face, landmarks=points))
    assert LOOSE_TEETH in grin.limits.reasons
    assert not patches(grin, grin.track(opening(0.12), 0.8), 0)
    lips = [*INNER_LIPS, *OUTER_LIPS]
    points[lips, 0] = points[lips, 0].mean() + 0.8 * (points[lips, 0] - points[lips, 0].mean())
    assert LOOSE_TEETH not in Performer(pixels, replace(face, landmarks=points)).limits.reasons


def test_lips_as_red_as_flesh_are_no_teeth_however_they_grin() -> None:
    """Who smiles broadly with lips shut, and so red next to their line, smiles with teeth when asked to; in black and white
    nothing tells such lips from teeth.
    """
    pixels, face = smiling()
    points = face.landmarks.copy()
    points[list(LOWER_INNER_LIP)] = points[list(UPPER_INNER_LIP)]
    red = cv2.fillPoly(pixels.copy(), [np.round(points[list(OUTER_LIPS), :2]).astype(int)], (190, 90, 90))
    grey = cv2.cvtColor(cv2.cvtColor(red, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    told = [Performer(np.asarray(each, np.uint8), replace(face, landmarks=points)).limits.reasons for each in (red, grey)]
    assert [LOOSE_TEETH in reasons for reasons in told] == [False, True]
