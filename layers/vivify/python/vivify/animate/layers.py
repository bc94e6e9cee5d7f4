"""The person and the plate behind, split so that putting them together again gives the photo exactly.

``photo = person + (1 - matte) * plate`` holds bit for bit when nothing has moved: the person layer is defined as what is
left of the photo once the plate's share is taken away. Where the head moves aside, the plate shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.patch import Window
from vivify.animate.sketch import Deformation

Float = NDArray[np.float32]
Pixels = NDArray[np.uint8]

_PLATE_SIDE = 320  # the plate is filled in at this size: only a thin rim of it is ever uncovered


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
    plate = _fill_behind(region, alpha, reach)
    # The person layer may not turn negative: a pixel darker than the plate's share of it is less transparent than thought.
    share = np.floor((255.0 * region / np.maximum(plate, 1)).min(axis=2))
    alpha = np.maximum(alpha, 255 - np.clip(share, 0, 255)).astype(np.uint8)
    behind = cv2.multiply(plate, cv2.cvtColor(cv2.bitwise_not(alpha), cv2.COLOR_GRAY2RGB), scale=1 / 255)
    person = cv2.subtract(region, behind)
    return Layers(person=np.dstack([person, alpha]), plate=plate)


def _fill_behind(region: Pixels, alpha: Pixels, reach: float) -> Pixels:
    """The photo with the person filled in from the background around."""
    height, width = alpha.shape
    shrink = min(1.0, _PLATE_SIDE / max(height, width))
    small = (max(4, round(width * shrink)), max(4, round(height * shrink)))
    few = cv2.resize(region, small, interpolation=cv2.INTER_AREA)
    hidden = (cv2.resize(alpha, small, interpolation=cv2.INTER_AREA) > 8).astype(np.uint8)
    grow = 2 * max(1, round(reach * shrink)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (grow, grow))
    unsure = np.asarray(cv2.dilate(hidden, disc), np.uint8)
    if unsure.all() or not hidden.any():
        return region.copy()
    filled = cv2.inpaint(few, unsure, 3, cv2.INPAINT_TELEA)
    contrast = _background_contrast(few, unsure, grow)

    large = np.asarray(cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    mirrored, known = _mirrored(region, unsure)
    textured = large + (mirrored - large) * known[..., None]
    usual = cv2.resize(contrast, (width, height), interpolation=cv2.INTER_LINEAR)
    cover = cv2.resize(unsure.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    # Beside the person, what looks like the background is the background; what does not is stray hair and must go.
    strange = (np.abs(region - large).max(axis=2) - usual) / np.maximum(usual, 1)
    stray = np.clip(np.maximum(strange, (alpha.astype(np.float32) - 40) / 60), 0, 1)
    cover = (cover * stray)[..., None]
    return np.round(region * (1 - cover) + textured * cover).astype(np.uint8)


def _mirrored(region: Pixels, hidden: Pixels) -> tuple[Float, Float]:
    """The background mirrored into what is hidden, (H, W, 3) 0..255, and how far it can be trusted there, (H, W) 0..1.

    A mirror keeps the texture (foliage, bricks, grain) that filling in smears; the strip that a turning head uncovers is too
    thin for the symmetry to show. ``hidden``: (h, w) uint8, smaller, 1 where the person may be.
    """
    height, width = region.shape[:2]
    small_height, small_width = hidden.shape
    _, labels = cv2.distanceTransformWithLabels(hidden, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    row, column = np.nonzero(hidden == 0)
    nearest = np.zeros((int(labels.max()) + 1, 2), np.float32)
    nearest[labels[row, column]] = np.stack([column, row], axis=1)
    x, y = np.meshgrid(np.arange(small_width, dtype=np.float32), np.arange(small_height, dtype=np.float32))
    across = 2 * (nearest[labels] - np.stack([x, y], axis=-1))
    across = cv2.GaussianBlur(across, (0, 0), 1.5)
    across = cv2.resize(across, (width, height), interpolation=cv2.INTER_LINEAR)
    zoom = np.array([width / small_width, height / small_height], np.float32)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    place = np.stack([x, y], axis=-1) + across * zoom
    nothing = np.empty(0, np.float32)
    picture = cv2.remap(region, place, nothing, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    seen = cv2.resize(1 - hidden.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    known = cv2.remap(seen, place, nothing, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    soft = cv2.GaussianBlur(np.asarray(known, np.float32), (0, 0), max(1.0, 2 * float(zoom[0])))
    return np.asarray(picture, np.float32), np.clip(soft * 2 - 0.8, 0, 1).astype(np.float32)


def _background_contrast(picture: cv2.typing.MatLike, hidden: Pixels, near: int) -> Float:
    """How much the background varies nearby, (h, w) float32 levels: a little over the local deviation where it is seen."""
    seen = 1.0 - hidden.astype(np.float32)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
    side = 6 * near + 1

    def local(values: Float) -> Float:
        return np.asarray(cv2.blur(values, (side, side)), np.float32)

    weight = np.maximum(local(seen), 1e-3)
    mean = local(grey * seen) / weight
    variance = local(grey * grey * seen) / weight - mean * mean
    return np.asarray(1.2 * np.sqrt(np.maximum(variance, 0)) + 3, np.float32)
