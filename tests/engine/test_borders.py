"""People whom the picture's border cuts off."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawn import her_performer
from tests.portrait import portrait
from vivify.animate import Performer
from vivify.animate.patch import Window
from vivify.animate.person.borders import Borders, within_bars, without_tips
from vivify.arrays import Float, Pixels
from vivify.motion import Motion

# Head and shoulders cut off to the face, and the face through a cheek: (x0, y0, x1, y1) of the portrait.
TIGHT = {
    "all round": (74, 56, 186, 190),
    "left": (78, 0, 256, 256),
    "top": (0, 62, 256, 256),
    "below": (0, 0, 256, 196),
    "cheek": (0, 0, 150, 256),
}
SEEN = 25  # of 255: opaque enough to be seen before the background
BEYOND = 0.1  # eye distances that the picture's outermost pixels may be drawn out


@cache
def _cut(where: str) -> tuple[Performer, Window, float]:
    photo, face = portrait()
    x0, y0, x1, y1 = TIGHT[where]
    face = replace(face, landmarks=face.landmarks - np.array([x0, y0, 0], np.float32))
    performer = Performer(np.ascontiguousarray(photo.pixels[y0:y1, x0:x1]), face)
    return performer, Window(0, 0, x1 - x0, y1 - y0), face.eye_span


@pytest.mark.parametrize("cut", TIGHT)
@settings(max_examples=8, deadline=None)
@given(turn=st.tuples(*[st.floats(-20, 20)] * 3), aside=st.floats(-0.5, 0.5), up=st.floats(-0.5, 0.5))
def test_nothing_comes_from_beyond_the_picture(cut: str, turn: tuple[float, float, float], aside: float, up: float) -> None:
    """However the head turns and moves, all that is shown of her was in the picture: its border is not drawn out."""
    performer, picture, unit = _cut(cut)
    still = Motion.still(1)
    moved = replace(still, rotation=np.array([turn], np.float32), translation=np.array([[aside, up, 0]], np.float32))
    track = performer.track(moved, 0.8)
    shown = performer.sketches(track, [0])[0].deformation.sources(picture)
    beyond = np.maximum(-shown, shown - (picture.x1 - 1, picture.y1 - 1)) / unit
    nothing = np.empty(0, np.float32)
    hers = (
        cv2.remap(performer._layers.person[..., 3], shown, nothing, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) > SEEN
    )
    assert hers.any()
    assert beyond[hers].max() <= BEYOND


@pytest.mark.parametrize("roll", [0.0, 90.0, 180.0, 1e-5, -1e-5, 90.00001])
def test_an_upright_head_has_room(roll: float) -> None:
    """A head that stands, hangs or lies exactly along the picture's sides has the room of one that is hardly tilted."""
    head = her_performer()._head

    def room(degrees: float) -> tuple[float, float, float, float]:
        picture, matte = Window(0, 0, 256, 256), np.zeros((256, 256), np.float32)
        return Borders(replace(head, roll=degrees), picture, matte).room()

    assert room(roll) == pytest.approx(room(roll + 0.01), abs=0.01)


def test_what_the_picture_holds() -> None:
    """Places up to the middle of the outermost pixels are in the picture; one half a pixel beyond any side is not."""
    borders = Borders(her_performer()._head, Window(-3, -2, 40, 30), np.zeros((30, 40), np.float32))
    corners = np.array([[-3, -2], [39, -2], [-3, 29], [39, 29]], np.float32)
    assert borders.hold(corners)
    for beyond in ([-3.5, 5], [39.5, 5], [5, -2.5], [5, 29.5]):
        assert not borders.hold(np.array([*corners, beyond], np.float32))


@pytest.mark.parametrize(("roll", "left", "right"), [(0.0, 0.5, 1.0), (180.0, 1.0, 0.5), (90.0, 0.0, 0.0)])
def test_a_face_that_the_picture_ends_within_is_cut_through(roll: float, left: float, right: float) -> None:
    """A twentieth of an eye distance beyond a side is half of it, two tenths wholly; left and right are the head's own."""
    head = replace(her_performer()._head, roll=roll)
    borders = Borders(head, Window(0, 0, 101, 101), np.zeros((101, 101), np.float32))
    face = np.array([[-0.05 * head.unit, 50], [50, 50], [100 + 0.2 * head.unit, 50]], np.float32)
    assert borders.cut_through(face) == pytest.approx((left, right), abs=1e-3)
    assert borders.cut_through(face[1:2]) == (0.0, 0.0)


def test_who_is_not_cut_off_keeps_her_shape() -> None:
    """A head that sinks by most of an eye distance from just below the border keeps its hair as it is: none is drawn out."""
    photo, face = portrait()
    performer = Performer(photo.pixels, face)
    motion = replace(Motion.still(1), translation=np.array([[0, 0.6, 0]], np.float32))
    track = performer.track(motion, 0.8)
    moved = performer._vertices(track, 0) - performer._surface.vertices
    middle, unit = performer._head.origin, performer._head.unit
    u, v = ((performer._surface.vertices[:, axis] - middle[axis]) / unit for axis in range(2))
    hair = (np.abs(u) < 0.6) & (v < -1.1) & (v > -1.6)
    assert hair.any()
    assert np.abs(moved[hair, 1] / unit - 0.6).max() < 0.05


@pytest.mark.parametrize("turned", range(3))
def test_a_lock_that_just_reaches_a_border_is_not_cut_off(turned: int) -> None:
    """Half an eye distance of hair at the upper border or a side is let go, a whole one is cut off; all else stays."""
    unit = 40
    matte = np.zeros((200, 200), np.float32)
    matte[:30, 20:40] = matte[:30, 100:140] = 1
    left = np.rot90(without_tips(np.rot90(matte, turned - 1), unit), 1 - turned)
    assert not left[0, :100].any()
    assert np.array_equal(left[0, 100:], matte[0, 100:])
    assert np.array_equal(left[1:], matte[1:])


def test_a_lock_below_is_cut_off() -> None:
    """At the lower border the narrowest neck goes on."""
    matte = np.zeros((60, 60), np.float32)
    matte[30:, 20:25] = 1
    assert np.array_equal(without_tips(matte, 40), matte)


def test_hair_that_just_reaches_a_side_is_not_held() -> None:
    """Beside half an eye distance of hair at a side all is free; beside more than one what is near is held."""
    head = her_performer()._head
    nearby = np.array([[253.0, 60.0]], np.float32)
    for long, free in ((0.5, 1.0), (1.2, 0.0)):
        matte = np.zeros((256, 256), np.float32)
        matte[60 - round(long * head.unit / 2) : 60 + round(long * head.unit / 2), 200:] = 1
        borders = Borders(head, Window(0, 0, 256, 256), without_tips(matte, head.unit))
        assert borders.freedom(nearby)[1][0, 0] == pytest.approx(free, abs=1e-6)


BARS = (30, 20, 25, 35)  # left, top, right, below: pixels


@pytest.mark.parametrize("tone", [0, 255])
def test_bars_are_no_picture(tone: int) -> None:
    """Bars of one tone around the photo, a little noisy, are told to the pixel, and the line where they end."""
    framed, landmarks = _framed(tone)
    left, top, right, below = BARS
    height, width = framed.shape[:2]
    assert within_bars(framed, landmarks) == Window(left + 1, top + 1, width - right - 1, height - below - 1)


def test_a_plain_wall_is_no_bar() -> None:
    """A wall of one tone that reaches to the border all around her head is the picture's: no straight line ends it."""
    photo, face = portrait()
    hers = her_performer()._layers.person[..., 3:] > 127
    wall = np.where(hers, photo.pixels, np.uint8(200))
    for pixels in (photo.pixels, wall):
        assert within_bars(pixels, face.landmarks) == Window(0, 0, 256, 256)


def test_bars_stay_and_hold_as_borders_do() -> None:
    """In a turn that takes her to the side no pixel of a bar changes, and the picture within moves as it does by itself."""
    framed, landmarks = _framed(0)
    _, face = portrait()
    shown = within_bars(framed, landmarks)
    corner = np.array([shown.x0, shown.y0, 0], np.float32)
    alone = np.ascontiguousarray(shown.of(framed))
    motion = replace(
        Motion.still(1), rotation=np.array([[12, 0, -8]], np.float32), translation=np.array([[0.4, 0, 0]], np.float32)
    )
    frames = []
    for pixels, places in ((framed, landmarks), (alone, landmarks - corner)):
        performer = Performer(pixels, replace(face, landmarks=places))
        frame = pixels.copy()
        performer.draw(frame, performer.track(motion, 0.8), 0)
        frames.append(frame)
    assert not np.array_equal(frames[1], alone)
    bars = framed.copy()
    shown.of(bars)[...] = frames[1]
    assert np.array_equal(frames[0], bars)


def _framed(tone: int) -> tuple[Pixels, Float]:
    """The portrait between bars, and the landmarks there."""
    photo, face = portrait()
    left, top, right, below = BARS
    framed = cv2.copyMakeBorder(photo.pixels, top, below, left, right, cv2.BORDER_CONSTANT, value=(tone,) * 3)
    bars = cv2.copyMakeBorder(np.zeros_like(photo.pixels), top, below, left, right, cv2.BORDER_CONSTANT, value=(1, 1, 1))
    noise = np.random.default_rng(0).integers(-6, 7, framed.shape) * bars
    return np.clip(framed + noise, 0, 255).astype(np.uint8), face.landmarks + np.array([left, top, 0], np.float32)
