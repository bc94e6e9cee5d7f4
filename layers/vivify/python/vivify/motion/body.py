"""How much of the way that a head goes in a video its body goes along, all of it where the camera moves, little in a nod;
and where the body goes by itself: a breath, a shrug.

The chest is looked for in each frame where it was in the first one, by optical flow (Lucas and Kanade's, there and back).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float, Pixels
from vivify.faces.topology import CHIN, EYES
from vivify.motion.smooth import fill_gaps

# Frames are looked at as they are, at one size. In its pixels:
_UNIT = 48.0  # an eye distance
_MOST, _APART, _TEXTURE = 60, 4.0, 0.01  # points looked for, between them, and how good over the best
_WINDOW, _LEVELS = (21, 21), 3
_THERE_AND_BACK = 0.5  # a point that comes back farther from where it set out is lost
_FEWEST = 12

# In eye distances of the first frame.
_BELOW, _DEEP, _WIDE = 0.35, 2.2, 1.6  # where the chest is looked for: from and to so far below the chin, so far aside
_STIRS = 0.008  # a head that goes less than this on average has gone nowhere that a body could have followed
_OFTEN = 0.5  # of the frames
_FARTHEST = 0.2  # eye distances: a chest goes no farther by itself


class Body:
    """The chest of one frame, to be found again in others. ``frame``: (H, W, 3) uint8; ``points``: (478, 3), its pixels."""

    def __init__(self, frame: Pixels, points: NDArray[np.floating]) -> None:
        right, left = (points[[eye.outer, eye.inner]].astype(np.float64).mean(axis=0) for eye in EYES)
        self._zoom = _UNIT / float(np.linalg.norm(left - right))
        self._grey = self._view(frame)
        mask = np.zeros_like(self._grey)
        x, y = points[CHIN, :2] * self._zoom
        x0, x1, y0, y1 = np.round([x - _WIDE * _UNIT, x + _WIDE * _UNIT, y + _BELOW * _UNIT, y + _DEEP * _UNIT]).astype(int)
        mask[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = 255
        found = cv2.goodFeaturesToTrack(self._grey, _MOST, _TEXTURE, _APART, mask=mask)
        self._places = np.zeros((0, 2), np.float32) if found is None else np.array(found[:, 0], np.float32)

    def went(self, frame: Pixels) -> Float | None:
        """(2,): how far right and down the chest is from where it was, in pixels, or None if that is unsure."""
        if len(self._places) < _FEWEST:
            return None
        grey = self._view(frame)
        there = _flow(self._grey, grey, self._places)
        held = np.linalg.norm(_flow(grey, self._grey, there) - self._places, axis=1) < _THERE_AND_BACK
        if held.sum() < _FEWEST:
            return None
        return np.asarray(np.median((there - self._places)[held], axis=0) / self._zoom, np.float32)

    def _view(self, frame: Pixels) -> Pixels:
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        how = cv2.INTER_AREA if self._zoom < 1 else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(grey, None, fx=self._zoom, fy=self._zoom, interpolation=how), np.uint8)


def share(neck: Float, went: Sequence[Float | None]) -> float | None:
    """0..1: how much of the way that the head goes the body goes. None if seen too seldom, or if the head stays.

    ``neck``: (T, 3), where it is: right and down in eye distances, and the logarithm of those in pixels; ``went``: (2,)
    each, where the body is from where it was first seen, in pixels.
    """
    seen = np.array([way is not None for way in went])
    if seen.mean() < _OFTEN:
        return None
    body, head = _ways(neck, went, seen)
    if (head**2).sum(axis=1).mean() < _STIRS**2:
        return None
    return float(np.clip((head * body).sum() / (head**2).sum(), 0, 1))


def by_itself(neck: Float, went: Sequence[Float | None], share: float | None) -> Float | None:
    """(T, 2): how far right and down the chest is from where ``share`` of the head's way would take it, in eye distances.

    None if seen too seldom. ``neck``, ``went``: as above; ``share``: None counts as none of the way.
    """
    seen = np.array([way is not None for way in went])
    if seen.mean() < _OFTEN:
        return None
    body, head = _ways(neck, went, seen)
    own = np.zeros((len(seen), 2), np.float32)
    own[seen] = body - np.float32(share or 0) * head
    return np.asarray(_FARTHEST * np.tanh(fill_gaps(own, seen) / _FARTHEST), np.float32)


def _ways(neck: Float, went: Sequence[Float | None], seen: NDArray[np.bool_]) -> tuple[Float, Float]:
    """(N, 2) each: how far body and head are from where they were first seen, in eye distances, when ``seen`` (T,)."""
    body = np.stack([way for way in went if way is not None]) / np.exp(np.median(neck[:, 2]))
    return body, neck[seen, :2] - neck[int(seen.argmax()), :2]


def _flow(one: Pixels, other: Pixels, points: Float) -> Float:
    """(N, 2): where ``points`` of ``one`` are in ``other``."""
    there, _, _ = cv2.calcOpticalFlowPyrLK(one, other, points, points.copy(), winSize=_WINDOW, maxLevel=_LEVELS)
    return np.asarray(there, np.float32)
