"""Teeth that the photo shows: kept, matched by those that are made beside them, and rigid behind the lips."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.mouths import LUMA, enlarged, opening, patches, smiling
from tests.portrait import resized, whole
from vivify.animate import Performer
from vivify.animate.mouth import interior
from vivify.animate.mouth.edge import Edge
from vivify.animate.mouth.hidden import under_upper_lip
from vivify.animate.patch import Window
from vivify.arrays import Pixels
from vivify.depth.head import HeadFrame
from vivify.faces.topology import INNER_LIPS, LOWER_INNER_LIP, LOWER_LIP_ROWS, OUTER_LIPS, UPPER_INNER_LIP
from vivify.faces.types import Face
from vivify.motion import Motion


def test_teeth_that_the_photo_shows_are_kept() -> None:
    """A smiling mouth that opens farther keeps its own upper teeth.

    Beside their edge, where no lip shades them, the patch is the photo to a few levels.
    """
    pixels, face = enlarged(*smiling(), 3)
    performer = Performer(pixels, face)
    (patch,) = patches(performer, performer.track(opening(0.12), 0.8), 0)
    x, y = _own_teeth(performer)
    low = y > np.percentile(y, 85)
    own = performer._pixels[y, x].astype(np.float32)
    assert own[low].mean() > 180  # teeth indeed
    assert np.abs(patch.colour[y - patch.window.y0, x - patch.window.x0] - own)[low].mean() < 8


def test_own_teeth_behind_lips_that_near_are_as_dim_as_filmed_ones() -> None:
    """Where lips leave .6 of the light, as in a slit of 5 mm, teeth that a photo shows in the open keep .7 to .8 of theirs,
    and are 14 to 18 % redder.
    """
    performer = Performer(*enlarged(*smiling(), 3))
    assert performer._mouth._shown is not None
    red, green, blue = 0.6**performer._mouth._shown.warm
    assert 0.7 < LUMA @ (red, green, blue) < 0.8
    assert 1.14 < red / green < 1.18


def _own_teeth(performer: Performer) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Columns and rows, (N,) each, of the pixels that surely are the photo's upper teeth, away from the lips."""
    shown = performer._mouth._shown
    assert shown is not None
    row, column = np.nonzero(shown.upper & (shown.far > 0.95))
    return column + shown.window.x0, row + shown.window.y0


def test_made_teeth_take_the_tone_of_those_shown() -> None:
    """Where the photo's own teeth are a seventh darker, so are those that an opening jaw adds below them."""
    pixels, face = enlarged(*smiling(), 3)
    ring = np.round(face.landmarks[list(INNER_LIPS), :2]).astype(int)
    mouth = cv2.fillPoly(np.zeros(pixels.shape[:2], np.uint8), [ring], (1,)).astype(bool)
    levels = []
    for part in (1.0, 0.86):
        photo = pixels.copy()
        photo[mouth] = (photo[mouth] * part).astype(np.uint8)
        performer = Performer(photo, face)
        paint = performer._mouth._lower._paint.astype(np.float32)
        middle = paint[:, paint.shape[1] // 3 : -paint.shape[1] // 3]
        levels.append(float(np.percentile((middle[..., :3] @ LUMA)[middle[..., 3] > 250], 90)))
    assert 0.8 < levels[1] / levels[0] < 0.92


def test_no_made_tooth_outshines_the_row_nor_has_a_hue_of_its_own() -> None:
    """Where the photo's teeth shine yellow and bright on one side, those made there are a fifth brighter at most, in the
    row's hue.
    """
    pixels, face = enlarged(*smiling(), 3)
    ring = np.round(face.landmarks[list(INNER_LIPS), :2]).astype(int)
    mouth = cv2.fillPoly(np.zeros(pixels.shape[:2], np.uint8), [ring], (1,)).astype(bool)
    pixels[mouth] = (pixels[mouth] * 0.8).astype(np.uint8)
    side = face.landmarks[13, 0] + 14 * HeadFrame.of(face).unit / 63
    far = mouth & (np.arange(pixels.shape[1]) > side)
    pixels[far] = np.clip(pixels[far] * np.array([2.0, 2.0, 1.2]), 0, 255).astype(np.uint8)
    found = []
    original = interior.match
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interior, "match", lambda *args: found.append(original(*args)) or found[-1])
        Performer(pixels, face)
    gains = found[0][0].gains
    light = gains @ LUMA
    assert light.max() <= 1.2 * np.median(light) + 1e-3
    assert np.ptp(gains / light[:, None], axis=0).max() < 1e-3


def test_a_small_faces_row_is_compared_as_one() -> None:
    """Where 21 pixels of teeth are seen, too few at any one place, made ones are as much dimmer as these are, all along."""
    photo, face = resized(*whole(), 0.5)
    pixels = photo.pixels.copy()
    ring = np.round(face.landmarks[list(INNER_LIPS), :2]).astype(int)
    mouth = cv2.fillPoly(np.zeros(pixels.shape[:2], np.uint8), [ring], (1,)).astype(bool)
    pixels[mouth] = (pixels[mouth] * 0.85).astype(np.uint8)
    found = []
    original = interior.match
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interior, "match", lambda *args: found.append(original(*args)) or found[-1])
        Performer(pixels, face)
    light = found[0][0].gains @ LUMA
    assert np.ptp(light) < 1e-6
    assert light[0] == pytest.approx(0.85, abs=0.06)


@pytest.mark.parametrize(("factor", "gums"), [((0.6, 0.6, 0.6), False), ((0.9, 0.5, 0.5), True)])
def test_gum_is_red(factor: tuple[float, float, float], *, gums: bool) -> None:
    """What is dimmer above teeth is gum where it is redder than they are, and else teeth in the shade of the lip."""
    photo, face = whole()
    pixels, points = photo.pixels.copy(), face.landmarks[list(INNER_LIPS), :2]
    upper, lower = points[1:10], points[:10:-1]
    band = np.round(np.concatenate([upper, (upper + 0.45 * (lower - upper))[::-1]])).astype(int)
    mask = cv2.fillPoly(np.zeros(pixels.shape[:2], np.uint8), [band], (1,)).astype(bool)
    pixels[mask] = (pixels[mask] * np.array(factor)).astype(np.uint8)
    shown = Performer(pixels, face)._mouth._shown
    assert shown is not None
    assert shown.gums == gums


def test_no_pin_stands_in_teeth_that_go_on() -> None:
    """Teeth 1 mm high under dark, with a bright splinter half a millimetre wide in that, go on as bright above."""
    teeth = np.zeros((60, 120), bool)
    teeth[36:40] = True
    splinter = np.zeros_like(teeth)
    splinter[24:27, 58:60] = True
    picture = np.where((teeth | splinter)[..., None], np.float32(220), np.float32(20)) * np.ones(3, np.float32)
    sure = np.zeros_like(teeth)
    sure[20:40, 10:110] = True
    edge = Edge((10.0,) * 27, sheer=0, dark=0, bright=220, hanging=True)
    place = np.array([[4.0, 0, 0], [0, 4.0, 0]])
    upper = (teeth | splinter) & sure
    colours, over = under_upper_lip(picture, sure, upper, edge, place, Window(0, 0, 120, 60), gums=False)
    assert over[24:34, 40:80].min() > 0.9
    assert colours[24:34, 40:80].min() > 0.8 * 220


def test_teeth_stay_rigid_behind_lips_that_close() -> None:
    """Lips that close by 3 mm cover teeth and shade them by a third at most, they do not squash them.

    But for that the patch is the photo, to a few levels.
    """
    pixels, face = enlarged(*smiling(), 3)
    performer = Performer(pixels, face)
    (patch,) = patches(performer, performer.track(opening(*[-0.05] * 5), 0.8), 2)
    x, y = _own_teeth(performer)
    middle = np.abs(y - np.median(y)) < 3
    x, y = x[middle], y[middle]
    own = performer._pixels[y, x].astype(np.float32)
    now = patch.colour[y - patch.window.y0, x - patch.window.x0]
    light = now.mean(axis=0) / own.mean(axis=0)
    assert np.all((light > 0.67) & (light < 1.0))
    assert np.abs(now / light - own).mean() < 10


def test_a_lip_that_rises_shows_more_of_the_same_teeth() -> None:
    """What an upper lip uncovers is the tooth below it, column by column: no dark, no second row."""
    pixels, face = enlarged(*smiling(), 3)
    performer = Performer(pixels, face)
    motion = Motion.still(5)
    motion.displacement[:, [*UPPER_INNER_LIP, *OUTER_LIPS[1:10]], 1] = -0.05
    (patch,) = patches(performer, performer.track(motion, 0.8), 2)
    x, y = _own_teeth(performer)
    inside = np.abs(x - np.median(x)) < 0.25 * np.ptp(x)
    columns = np.unique(x[inside])
    tops = np.array([y[x == column].min() for column in columns])
    down, across = round(0.02 * performer._head.unit), columns - patch.window.x0
    fresh, own = (patch.colour[tops - patch.window.y0 + step, across] @ LUMA for step in (-down, down))
    assert fresh.mean() > 0.75 * own.mean()
    assert np.corrcoef(fresh, own)[0, 1] > 0.7


def test_a_lower_lip_that_drops_shows_more_of_the_same_teeth() -> None:
    """Teeth seen down to the lower lip go on, as bright, to 0.8 mm above where that was, and end 1.2 mm below it."""
    pixels, face = enlarged(*smiling(), 3)
    performer = Performer(pixels, face)
    (patch,) = patches(performer, performer.track(opening(0.12), 0.8), 0)
    shown, millimetre = performer._mouth._shown, performer._head.unit / 63
    assert shown is not None
    assert 0.8 <= shown.edge.covered < 2
    x, _ = _own_teeth(performer)
    columns = np.unique(x[np.abs(x - np.median(x)) < 0.25 * np.ptp(x)])
    lip = np.interp(columns, face.landmarks[list(LOWER_INNER_LIP), 0], face.landmarks[list(LOWER_INNER_LIP), 1])
    luma = patch.colour @ LUMA
    rows = (np.round(lip + way * millimetre).astype(int) - patch.window.y0 for way in (-3, -0.8, 1.2))
    own, behind, below = (float(luma[row, columns - patch.window.x0].mean()) for row in rows)
    assert behind > 0.85 * own
    assert below < 0.5 * own


def _half_covered() -> tuple[Pixels, Face]:
    """A smile whose upper lip hides nearly half of the teeth, and the gums."""
    pixels, face = enlarged(*smiling(), 3)
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    face.landmarks[upper] += 0.4 * (face.landmarks[lower] - face.landmarks[upper])
    return pixels, face


def test_teeth_stay_on_the_skull_until_a_lip_has_uncovered_them() -> None:
    """Teeth that the photo shows half of stay to 0.2 mm under a lip that rises by 1.5 mm, wherever a mouth without would
    have its own; a lip that rises by 12 mm takes them along, lest more gum is seen than anybody has.
    """
    pixels, face = _half_covered()
    mouth = Performer(pixels, face)._mouth
    at_rest = mouth._upper_edge(0.1, 0.0)
    assert mouth._upper_edge(0.03, 0.0) == at_rest
    assert abs(mouth._upper_edge(0.1, 1.5 / 63) - at_rest) < 0.2 / 63
    assert 4 / 63 < at_rest - mouth._upper_edge(0.1, 12 / 63) < 9 / 63


def test_the_dark_between_teeth_ends_under_a_lip_that_rises() -> None:
    """Edges of teeth stand apart, higher up they touch: what a lip hides above a black gap is almost as bright as beside."""
    pixels, face = _half_covered()
    x, y = _own_teeth(Performer(pixels, face))
    gap = slice(int(np.median(x)) - 2, int(np.median(x)) + 3)
    pixels[:, gap] //= 4
    performer = Performer(pixels, face)
    shown, millimetre = performer._mouth._shown, performer._head.unit / 63
    assert shown is not None
    column = round(float(np.median(x))) - shown.window.x0
    levels = []
    near = y[np.abs(x - np.median(x)) < 15]
    for at in (np.median(near), near.min() - 3 * millimetre):
        row = (shown.colours @ LUMA)[round(at - shown.window.y0)]
        levels.append(row[column] / np.median(row[column - 30 : column + 30]))
    assert levels[0] < 0.5
    assert levels[1] > 0.8


def test_a_photo_of_a_mouth_wide_open_tells_its_lower_row() -> None:
    """Where the photo shows a tongue down to the lower lip, 16 mm below the upper, no lower teeth come up as it opens on."""
    pixels, face = enlarged(*smiling(), 3)
    points, unit = face.landmarks.copy(), HeadFrame.of(face).unit
    points[[*LOWER_INNER_LIP, *np.ravel(LOWER_LIP_ROWS), *OUTER_LIPS[11:]], 1] += 0.1 * unit
    upper, lower = (points[list(row), :2] for row in (UPPER_INNER_LIP, LOWER_INNER_LIP))
    teeth = upper + (0.45 * (lower - upper)[4, 1]) * np.array([0, 1], np.float32)
    tongue = np.round(np.concatenate([teeth, lower[::-1]])).astype(int)
    performer = Performer(cv2.fillPoly(pixels, [tongue], (150, 80, 80)), replace(face, landmarks=points))
    (patch,) = patches(performer, performer.track(opening(0.12), 0.8), 0)
    below = patch.colour[-patch.colour.shape[0] // 2 :][patch.alpha[-patch.colour.shape[0] // 2 :] > 0.9]
    assert (below[:, 1] < 0.8 * below[:, 0]).mean() > 0.95
