"""The person and the plate behind, split so that putting them together again gives the photo exactly.

``photo = person + (1 - matte) * plate`` holds bit for bit when nothing has moved: the person layer is defined as what is
left of the photo once the plate's share is taken away. Where the head moves aside, the plate shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vivify.animate.patch import Window
from vivify.animate.plate import plate_of
from vivify.animate.sketch import Deformation
from vivify.arrays import Float, Pixels

_SAME = 2  # levels; twice as many are another colour


@dataclass(frozen=True)
class Layers:
    """``person``: (H, W, 4) uint8, RGB already multiplied by the matte, then the matte. ``plate``: (H, W, 3) uint8."""

    person: Pixels
    plate: Pixels

    def compose(self, deformation: Deformation, window: Window | None = None) -> Pixels:
        """The region, or its ``window`` alone, with the person moved: (H, W, 3) uint8."""
        nothing = np.empty(0, np.float32)  # x and y share one map
        how, plate = cv2.INTER_CUBIC, self.plate
        if window is None:
            places, how = deformation.shift(), how | cv2.WARP_RELATIVE_MAP
        else:
            places, plate = deformation.sources(window), window.of(plate)
        moved = cv2.remap(self.person, places, nothing, how, borderMode=cv2.BORDER_REPLICATE)
        clear = cv2.cvtColor(cv2.bitwise_not(moved[..., 3]), cv2.COLOR_GRAY2RGB)
        behind = cv2.multiply(plate, clear, scale=1 / 255)
        return np.asarray(cv2.add(cv2.cvtColor(moved, cv2.COLOR_RGBA2RGB), behind), np.uint8)


def split(region: Pixels, matte: Float, reach: float) -> Layers:
    """Splits ``region`` (H, W, 3) by ``matte`` (H, W) in 0..1; ``reach``: pixels within which the matte's edge is unsure."""
    alpha = np.round(matte * 255).astype(np.uint8)
    plate = plate_of(region, alpha, reach)
    plate[0, alpha[0] == 0] = region[0, alpha[0] == 0]  # what is clear at the border stays so, and is drawn out as nothing
    # What all but looks like the plate is the plate: in the dark a level less would pass for an opaque person.
    other = np.clip(cv2.absdiff(plate, region).max(axis=2, keepdims=True) / np.float32(_SAME) - 1, 0, 1)
    plate = np.round(region + other * (plate.astype(np.float32) - region)).astype(np.uint8)
    # The person layer may not turn negative: a pixel darker than the plate's share of it is less transparent than thought.
    share = np.where(plate > region, np.float32(255) * region / np.maximum(plate, 1), 255).min(axis=2)
    alpha = np.maximum(alpha, 255 - np.floor(share)).astype(np.uint8)
    behind = cv2.multiply(plate, cv2.cvtColor(cv2.bitwise_not(alpha), cv2.COLOR_GRAY2RGB), scale=1 / 255)
    person = cv2.subtract(region, behind)
    return Layers(person=np.dstack([person, alpha]), plate=plate)
