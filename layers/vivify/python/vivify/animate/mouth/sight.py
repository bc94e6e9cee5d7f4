"""Whether the photo shows the mouth at all: behind a mask or a scarf the network sees one all the same, and always shut."""

from __future__ import annotations

import cv2
import numpy as np

from vivify.animate.mouth.seam import dark_between, nearly_closed
from vivify.arrays import Float, Pixels
from vivify.depth.head import HeadFrame
from vivify.depth.raster import filled
from vivify.faces.topology import INNER_LIPS, OUTER_LIPS

_FOREHEAD = (109, 10, 338, 337, 9, 108)  # landmarks around its middle
_WITHIN, _FROM, _TO = 0.02, 0.08, 0.25  # eye distances from the lips' edges: what is lip, and the ring around that is not
# Distances in CIELAB. Of 190 faces of photos, shut lips of nine look like the skin around them (black-and-white film, faces
# of 21 pixels); each of those shows the line between its lips in at least six looks of nine, a plain mask in two at most.
_ALIKE, _LINE_SEEN = 4.0, 3
_OTHER_STUFF = 20.0  # in hue and saturation, from the forehead: a pleated mask, its folds like that line; skin is within 15


_SIZE = 80.0  # pixels of an eye distance at which colours are compared: enough


def in_sight(region: Pixels, landmarks: Float, head: HeadFrame) -> bool:
    """Whether ``region`` (H, W, 3) uint8 RGB shows the mouth that ``landmarks`` (478, 3), region pixels, say is there."""
    if not nearly_closed(landmarks, head):
        return True
    colours = _colours(region, landmarks, head.unit)
    if colours is None:
        return True
    lips, around, forehead = colours
    lighter, redder, _ = lips - around  # a fist's knuckles, where lips should be, are lighter and paler than its rest
    if np.hypot(min(lighter, 0), max(redder, 0)) >= _ALIKE:
        return True
    lines = sum(each is not None for each in dark_between(region, landmarks, head))
    return bool(lines >= _LINE_SEEN and np.linalg.norm((around - forehead)[1:]) <= _OTHER_STUFF)


def _colours(region: Pixels, landmarks: Float, unit: float) -> tuple[Float, ...] | None:
    """The median colours, CIELAB, of lips, of what is around them, and of the forehead; None if one is not to be seen."""
    zoom = min(1.0, _SIZE / unit)
    small = cv2.resize(region, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    size = (small.shape[1], small.shape[0])

    def inside(points: tuple[int, ...]) -> Pixels:
        return filled(np.ascontiguousarray(landmarks[list(points), :2] * np.float32(zoom)), size)

    def grown(mask: Pixels, by: float) -> Pixels:
        side = 2 * int(abs(by) * unit * zoom) + 1
        change = cv2.dilate if by > 0 else cv2.erode
        return np.asarray(change(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))), np.uint8)

    mouth = inside(OUTER_LIPS)
    lips = cv2.subtract(grown(mouth, -_WITHIN), grown(inside(INNER_LIPS), _WITHIN))
    around = cv2.subtract(grown(mouth, _TO), grown(mouth, _FROM))
    places = [mask > 127 for mask in (lips, around, inside(_FOREHEAD))]
    if not all(place.any() for place in places):
        return None
    colours = cv2.cvtColor(small.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    return tuple(np.median(colours[place], axis=0) for place in places)
