"""Corners of a mouth that sulks: where the dark line between its lips really ends.

The network has seen few mouths with corners drawn far down: it puts theirs on the lips, up to a fifth of an eye distance
within. A smile would lift those, and leave what hangs beside them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.mouth.seam import nearly_closed
from vivify.animate.mouth.tones import LUMA
from vivify.arrays import Float, Pixels
from vivify.depth.head import HeadFrame
from vivify.easing import smoothstep
from vivify.faces.topology import MESH, MOUTH_CORNERS

# In eye distances.
_BEGINS = (0.03, 0.06)  # beyond the corner the line is looked for
_BELOW = np.arange(-0.06, 0.1, 0.005)  # there it may be as far above or below it
_STEP, _BESIDE = 0.015, np.arange(-0.035, 0.036, 0.005)  # then it is followed, and as far beside where it headed
_STEPS, _TURNS = 14, 0.4  # as long; and so much of its new way counts
_SMOOTH = 0.006  # sigma
_CONTRAST = 0.12  # skin on either side is so much brighter than the line
_SKIN, _CHEEKS = 0.45, (50, 280, 205, 425)  # as bright as these at least: a line below a moustache is no mouth's
_AHEAD = 0.1  # of each step goes outwards at least
# How far below both corners it must end, and does if the mouth surely sulks. Of more than 300 faces four end .046 to .121
# below, all with mouths like arches, the next ones .030 and .029.
_HANGS, _SULKS = 0.03, 0.06
_TAKEN_ALONG = 0.17  # sigma: landmarks around a corner go with it


def at_corners(region: Pixels, landmarks: Float, head: HeadFrame) -> Float:
    """``landmarks`` (478, 3) float32 in ``region`` (H, W, 3), with a sulking mouth's corners where the photo has them."""
    if not nearly_closed(landmarks, head):
        return landmarks
    beyond = _beyond(region, landmarks, head)
    sulks = float(smoothstep((float(beyond[:, 1].min()) - _HANGS) / (_SULKS - _HANGS)))
    moved = landmarks.copy()
    for corner, shift in zip(MOUTH_CORNERS, beyond @ _axes(head), strict=True):
        away = np.linalg.norm(landmarks[:MESH, :2] - landmarks[corner, :2], axis=1) / (_TAKEN_ALONG * head.unit)
        moved[:MESH, :2] += sulks * head.unit * np.exp(-(away**2) / 2)[:, None] * shift
    return moved


def _axes(head: HeadFrame) -> NDArray[np.float64]:
    """(2, 2): right and down the face, in the picture."""
    cos, sin = np.cos(np.radians(head.roll)), np.sin(np.radians(head.roll))
    return np.array([[cos, sin], [-sin, cos]])


def _beyond(region: Pixels, landmarks: Float, head: HeadFrame) -> NDArray[np.float64]:
    """(2, 2): how far right of and below each corner the line between the lips ends, in eye distances."""
    luma = np.asarray(cv2.GaussianBlur(region, (0, 0), max(0.5, _SMOOTH * head.unit)), np.float32) @ LUMA
    x, y = np.asarray(landmarks[list(_CHEEKS), :2].T[..., None], np.float32)
    luma = luma / max(float(np.median(cv2.remap(luma, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))), 1.0)
    right, down = _axes(head)
    ends = []
    for corner, out in zip(MOUTH_CORNERS, (-right, right), strict=True):
        at = landmarks[corner, :2].astype(np.float64)
        found = [(_followed(luma, at, out, down, first, head.unit) - at) / head.unit for first in _BEGINS]
        ends.append(max(found, key=lambda end: float(end @ down)))
    return np.array(ends) @ _axes(head).T


def _followed(
    luma: Float, corner: NDArray[np.float64], out: NDArray[np.float64], down: NDArray[np.float64], first: float, unit: float
) -> NDArray[np.float64]:
    """Where the line ends that begins about ``first`` beyond the ``corner``, or that where none begins; pixels."""
    at = _darkest(luma, corner + first * unit * out, down, _BELOW, unit)
    if at is None:
        return corner
    way = (at - corner) / np.linalg.norm(at - corner)
    for _ in range(_STEPS):
        across = np.array([-way[1], way[0]])
        there = _darkest(luma, at + _STEP * unit * way, across, _BESIDE, unit)
        if there is None:
            break
        way = (1 - _TURNS) * way + _TURNS * (there - at) / max(float(np.linalg.norm(there - at)), 1e-6)
        way /= np.linalg.norm(way)
        if way @ out < _AHEAD:
            break
        at = there
    return at


def _darkest(
    luma: Float, middle: NDArray[np.float64], along: NDArray[np.float64], look: NDArray[np.float64], unit: float
) -> NDArray[np.float64] | None:
    """Where a look ``along`` a way across ``middle`` finds a dark line in skin, near rather than far; pixels. ``luma``: 1 is
    the cheeks'.
    """
    at = middle + np.outer(look * unit, along)
    x, y = np.asarray(at.T[..., None], np.float32)
    seen = cv2.remap(luma, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
    darkest = int(np.argmin(seen + (look / look[0]) ** 2 * _CONTRAST / 2 * seen.max()))
    if darkest in (0, len(look) - 1):
        return None
    light = min(seen[: darkest + 1].max(), seen[darkest:].max())
    return at[darkest] if light > max((1 + _CONTRAST) * seen[darkest], _SKIN) else None
