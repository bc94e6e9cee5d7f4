"""Where lips meet: landmarks of a mouth that is nearly closed, drawn to the dark line between its lips.

The network puts that line a millimetre beside where the photo has it, often enough; a mouth that opens beside it would keep
the line on one of its lips and open on the other's skin.
"""

from __future__ import annotations

import cv2
import numpy as np

from vivify.animate.mouth.tones import LUMA
from vivify.arrays import Float, Pixels
from vivify.depth.head import HeadFrame
from vivify.faces.topology import (
    LOWER_INNER_LIP,
    LOWER_LIP_ROWS,
    MOUTH_CORNER_ROWS,
    OUTER_LIPS,
    UPPER_INNER_LIP,
    UPPER_LIP_ROWS,
)

# In eye distances.
_NEARLY_CLOSED = 0.06  # lips farther apart are where the landmarks say
_STEP, _SMOOTH = 0.002, 0.006  # along a look across the lips; sigma
_LIP = 0.6  # of each lip's thickness: as far as is looked, if that is more than _BESIDE
_BESIDE = 0.04  # the dark is looked for about as near as this
_LINE, _LINE_PIXELS = 0.035, 5.0  # a dark wider than this, also in pixels, is no line but a gap between lips
_CONTRAST = 0.08  # of the lips' luma: a dark fainter than this is none
_BLACK = 0.4  # of it: as dark as that is the inside of a mouth
_LEAST = 5  # looks of 9 that must find it
_TO_CORNER = 0.75  # of the way to the lips' outer corners that the line goes on


def on_seam(region: Pixels, landmarks: Float, head: HeadFrame) -> Float:
    """``landmarks`` (478, 3) float32 in ``region`` (H, W, 3), with the inner lips where the photo has them."""
    if not nearly_closed(landmarks, head):
        return landmarks
    upper, lower = landmarks[list(UPPER_INNER_LIP), :2], landmarks[list(LOWER_INNER_LIP), :2]
    middle, down = (upper + lower) / 2, _down(head)
    dark = dark_between(region, landmarks, head)
    found = np.array([each is not None for each in dark])
    if found.sum() < _LEAST:
        return landmarks
    column, edges = np.flatnonzero(found), np.array([each for each in dark if each is not None])
    top, seam, bottom = (np.polyval(np.polyfit(column, edge, 2), np.arange(9.0)) for edge in edges.T[:3])
    line = max(_LINE, _LINE_PIXELS / head.unit)
    if np.median(edges[:, 2] - edges[:, 0]) < line or np.median(edges[:, 3]) > _BLACK:
        half = (lower - upper) @ down / head.unit**2 / 2
        top, bottom = seam - half, seam + half
    moved = landmarks.copy()
    for rows, edge, to in (
        ((UPPER_INNER_LIP, *UPPER_LIP_ROWS), upper, top),
        ((LOWER_INNER_LIP, *LOWER_LIP_ROWS), lower, bottom),
    ):
        shift = (middle - edge) + to[:, None].astype(np.float32) * down
        for step, row in enumerate(rows):  # the outer edge of the lip stays
            moved[list(row), :2] += shift * np.float32(1 - step / len(rows))
    for inside, *between, outside in MOUTH_CORNER_ROWS:
        for step, point in enumerate((inside, *between)):
            part = _TO_CORNER + (1 - _TO_CORNER) * step / (1 + len(between))
            moved[point] += (moved[outside] - moved[point]) * np.float32(part)
    return moved


def nearly_closed(landmarks: Float, head: HeadFrame) -> bool:
    """Whether the inner lips of ``landmarks`` (478, 3) hardly part."""
    upper, lower = landmarks[list(UPPER_INNER_LIP), :2], landmarks[list(LOWER_INNER_LIP), :2]
    return bool(((lower - upper) @ _down(head)).max() / head.unit**2 <= _NEARLY_CLOSED)


def dark_between(region: Pixels, landmarks: Float, head: HeadFrame) -> list[tuple[float, ...] | None]:
    """Of nine looks across the lips, from corner to corner, the dark line each finds, if it does.

    Where it begins, is darkest and ends, in eye distances below the middle of the inner lips; and its share of their luma.
    """
    down = _down(head)
    middle = (landmarks[list(UPPER_INNER_LIP), :2] + landmarks[list(LOWER_INNER_LIP), :2]) / 2
    above = (middle - landmarks[list(OUTER_LIPS[1:10]), :2]) @ down / head.unit**2
    below = (landmarks[list(OUTER_LIPS[:10:-1]), :2] - middle) @ down / head.unit**2
    soft = np.asarray(cv2.GaussianBlur(region, (0, 0), max(0.5, _SMOOTH * head.unit)), np.float32) @ LUMA
    return [_dark(soft, *look, down) for look in zip(middle, above, below, strict=True)]


def _down(head: HeadFrame) -> Float:
    """(2,): an eye distance down the face, in pixels."""
    angle = np.radians(head.roll)
    return np.array([-np.sin(angle), np.cos(angle)], np.float32) * np.float32(head.unit)


def _dark(luma: Float, middle: Float, above: float, below: float, down: Float) -> tuple[float, ...] | None:
    along = np.arange(-max(_LIP * above, _BESIDE), max(_LIP * below, _BESIDE), _STEP, dtype=np.float32)
    at = middle + along[:, None] * down
    seen = cv2.remap(luma, at[:, None, 0], at[:, None, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
    darkest = int(np.argmin(seen + (along / _BESIDE) ** 2 * _CONTRAST * seen.max()))
    light = min(seen[: darkest + 1].max(), seen[darkest:].max())
    if darkest in (0, len(along) - 1) or light - seen[darkest] < _CONTRAST * light:
        return None
    bright = seen > (light + seen[darkest]) / 2
    first = darkest - int(np.argmax(bright[darkest::-1])) if bright[:darkest].any() else 0
    last = darkest + int(np.argmax(bright[darkest:])) if bright[darkest:].any() else len(along) - 1
    return float(along[first]), float(along[darkest]), float(along[last]), float(seen[darkest] / light)
