"""The person and the plate behind, split so that putting them together again gives the photo exactly.

``photo = person + (1 - matte) * plate`` holds bit for bit when nothing has moved: the person layer is defined as what is
left of the photo once the plate's share is taken away. Where the head moves aside, the plate shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from vivify.animate.patch import Window
from vivify.animate.plate.fill import plate_of
from vivify.animate.sketch import Deformation
from vivify.arrays import Float, Pixels, least, most

FINE = 3  # times the size of the photo, along either axis, at which its person is held ready
_THIRD = np.array([6, -21, 83, 38, -15, 5], np.float32) / np.float32(96)  # of six pixels, a third of the way from the third
_BETWEEN = ((1, _THIRD), (2, _THIRD[::-1]))
_SAME = 2  # levels; twice as many are another colour
_SAME_LINE = 6  # levels, likewise, for what may be a line seen to go on
_OPAQUE = 127
_NONE, _PURE = 16, 64  # levels: a channel that has fewer has hardly any, where another has as many, twice as many surely

# Of the unsure edge.
_STICKS_OUT = 0.6  # half as wide is what may be a line behind the person
_RIM = 0.3  # around the person to his very edge, which is never a line
_ASTRAY = 0.15  # lines that are drawn on may be so far off
_WHOLE = 0.12  # what is nearer to something else is not told from it
_CLEAR = 0.25  # so far from the person light is no longer his edge's
_THERE = 64  # of the matte: as dense is somebody


@dataclass(frozen=True)
class Layers:
    """``person``: (H, W, 4) uint8, RGB already multiplied by the matte, then the matte. ``plate``: (H, W, 3) uint8."""

    person: Pixels
    plate: Pixels

    @cached_property
    def fine(self) -> Pixels:
        """(3 H - 2, 3 W - 2, 4) uint8: the person's pixels, and between any two of them what lies at thirds of the way.

        Looked up in here by straight lines, pixels go where they are told to, and look as lively between pixels as on them.
        OpenCV's cubic, a = -0.75, sets a picture that moves by a fraction f of a pixel off by half of f (1 - f) (1 - 2 f) of
        one: slow heads tremble by it (0021).
        """
        height, width = self.person.shape[:2]
        fine = np.empty((FINE * height - 2, FINE * width - 2, 4), np.uint8)
        rows = fine[::FINE]
        rows[:, ::FINE] = self.person
        for number, kernel in _BETWEEN:
            rows[:, number::FINE] = _filtered(self.person, kernel[None])[:, :-1]
        for number, kernel in _BETWEEN:
            fine[number::FINE] = _filtered(rows, kernel[:, None])[:-1]
        return fine

    def compose(self, deformation: Deformation, window: Window | None = None) -> Pixels:
        """The region, or its ``window`` alone, with the person moved: (H, W, 3) uint8."""
        nothing = np.empty(0, np.float32)  # x and y share one map
        places = deformation.sources(window) * np.float32(FINE)
        moved = cv2.remap(self.fine, places, nothing, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        plate = self.plate if window is None else window.of(self.plate)
        clear = cv2.cvtColor(cv2.bitwise_not(moved[..., 3]), cv2.COLOR_GRAY2RGB)
        behind = cv2.multiply(plate, clear, scale=1 / 255)
        return np.asarray(cv2.add(cv2.cvtColor(moved, cv2.COLOR_RGBA2RGB), behind), np.uint8)


def _filtered(picture: Pixels, kernel: Float) -> Pixels:
    """``picture`` (H, W, 4) under ``kernel``, a row or a column of six whose third lies on each pixel."""
    middle = (min(2, kernel.shape[1] - 1), min(2, kernel.shape[0] - 1))
    return np.asarray(cv2.filter2D(picture, -1, kernel, anchor=middle, borderType=cv2.BORDER_REPLICATE), np.uint8)


def split(region: Pixels, matte: Float, reach: float, own: Float | None = None) -> Layers:
    """Splits ``region`` (H, W, 3) by ``matte`` (H, W) in 0..1.

    ``reach``: pixels within which the matte's edge is unsure; ``own``: (H, W) in 0..1, 0 where another person is nearer.
    """
    alpha = np.round(matte * 255).astype(np.uint8)
    behind = plate_of(region, alpha, reach, own)
    plate = behind.picture
    alpha = np.round(alpha * (1 - behind.told)).astype(np.uint8)
    for border in (np.s_[0], np.s_[:, 0], np.s_[:, -1]):  # what is clear there stays so, and is drawn out as nothing
        clear = alpha[border] == 0
        plate[border][clear] = region[border][clear]
    # What all but looks like the plate is the plate: in the dark a level less would pass for an opaque person.
    other = np.clip(most(cv2.absdiff(plate, region)) / np.float32(_SAME) - 1, 0, 1)
    own = np.where(behind.lines, _no_line(region, plate, alpha, reach), 1)
    plate = np.round(region + (other * own)[..., None] * (plate.astype(np.float32) - region)).astype(np.uint8)
    plate = _lit(plate, region, np.round(alpha * own), behind.lively, reach)
    # The person layer may not turn negative: a pixel darker than the plate's share of it is less transparent than thought. A
    # channel that a pure colour has none of says nothing: by it all would be opaque, unless that is so anyway.
    held = np.maximum(255 - np.round(alpha * own), 1)[..., None]
    over = np.maximum(plate - np.floor(np.float32(255) * region / held), 0) * np.minimum(held / np.float32(_OPAQUE), 1)
    # The other channels go as far, or the plate would get the opposite colour of what it is rid of: a grey one, magenta.
    part = most(over * _without(region) / np.maximum(plate.astype(np.float32) - region, 1))[..., None]
    plate = np.round(plate + np.minimum(part, 1) * (region.astype(np.float32) - plate)).astype(np.uint8)
    share = least(np.where(plate > region, np.float32(255) * region / np.maximum(plate, 1), np.float32(255)))
    alpha = np.maximum(np.round(alpha * own), 255 - np.floor(share)).astype(np.uint8)
    person = cv2.subtract(
        region, cv2.multiply(plate, cv2.cvtColor(cv2.bitwise_not(alpha), cv2.COLOR_GRAY2RGB), scale=1 / 255)
    )
    return Layers(person=np.dstack([person, alpha]), plate=plate)


def _lit(plate: Pixels, region: Pixels, alpha: Float, lively: Float, reach: float) -> Pixels:
    """``plate`` with the light behind the person that the matte ``alpha`` (H, W) cannot hold: who would have to be lighter
    than white, over the plate, is not there. Taken for a person's, a stripe of a flag went along with a cheek as a glow in
    the colour that the plate lacked. Only before what is ``lively``, where no rest of an outline shows, clear of the person.
    """
    box = _box(_CLEAR * reach)
    clear = 1 - cv2.blur(cv2.dilate(np.minimum(alpha / np.float32(_THERE), 1), box), box.shape)
    held = alpha[..., None]
    light = np.clip(255 * (region - held) / np.maximum(255 - held, 1), plate, np.maximum(plate, region))
    return np.asarray(np.round(plate + (light - plate) * (clear * lively)[..., None]), np.uint8)


def _without(region: Pixels) -> Float:
    """(H, W, 3) in 0..1: where a colour of ``region`` (H, W, 3) is pure, the channels that it has none of."""
    pure = np.clip(most(region) / np.float32(_PURE) - 1, 0, 1)
    return np.asarray(np.clip(1 - region / np.float32(_NONE), 0, 1) * pure[..., None], np.float32)


def _no_line(region: Pixels, plate: Pixels, alpha: Pixels, reach: float) -> Float:
    """(H, W) in 0..1: 0 on what sticks out of the person in the matte ``alpha``, but looks like the lines of the ``plate``.

    Before a rail the matte takes part of it for hair as dark; but a rail goes on where hair ends.
    """
    thick = cv2.erode((alpha > _OPAQUE).astype(np.float32), _box(_STICKS_OUT * reach))
    person = cv2.dilate(thick, _box((_STICKS_OUT + _RIM) * reach))
    off = _box(_ASTRAY * reach)
    over = np.maximum(cv2.subtract(region, cv2.dilate(plate, off)), cv2.subtract(cv2.erode(plate, off), region))
    strange = np.clip(most(over) / np.float32(_SAME_LINE) - 1, 0, 1)
    own = cv2.max(person, cv2.dilate(strange, _box(_WHOLE * reach)))
    return np.asarray(cv2.blur(own, _box(_WHOLE * reach).shape), np.float32)


def _box(radius: float) -> Pixels:
    return np.ones((2 * max(1, round(radius)) + 1,) * 2, np.uint8)
