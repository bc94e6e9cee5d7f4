"""Where along the mouth lips part: landmarks tell how far, pixels tell where.

The landmark network opens a mouth the same on both sides: a smile to one side comes out parted from corner to corner. So
between both lips it is looked where anything is seen that is not of the lips' own colour in that frame: teeth or the dark.
A jaw that drops parts lips all along, whatever a tongue or a rounded mouth may look like: then landmarks are believed.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float, Pixels
from vivify.faces.topology import INNER_LIPS, LOWER_INNER_LIP, LOWER_LIP_ROWS, UPPER_INNER_LIP, UPPER_LIP_ROWS
from vivify.motion.smooth import smooth

_SAMPLES = 32  # from the middle of the upper lip to that of the lower
_WEIGHT = np.array([0.5, 1.0, 0.6], np.float32)  # of lightness and both colours: light on lips varies most
_OTHER = 12.0  # levels from the lips' own colour
_SOFT = 0.8  # pixels
_COARSE, _FINE = 48.0, 64.0  # pixels of the mouth's width at which nothing is seen of where lips part, and all
_LITTLE = 0.04  # of the mouth's width: of lips that are told to be less apart than this nothing is known
_JAW = 0.17, 0.3  # of the mouth's width: lips so far apart may still be parted by a smile, and only by the jaw
# Shares of what landmarks tell that must be seen where most is: less is lips of no colour of their own.
_FEW, _MANY = 0.3, 0.6
_SHUT, _OPEN = 0.15, 0.5  # of the share seen where most is: where lips touch, and where they part as far as they are told to
_SIGMA = 0.05  # seconds


def seen_apart(frame: Pixels, points: Float) -> Float:
    """(2, 9) float32, at each pair of the inner lips' landmarks: how far lips are seen to be apart, and how far these
    landmarks are; in widths of the mouth. Of small mouths the former is what the latter is.

    ``frame``: (H, W, 3) uint8; ``points``: (478, 3), its landmarks.
    """
    width = np.linalg.norm(points[INNER_LIPS[0], :2] - points[INNER_LIPS[10], :2])
    above, below = (points[list(rows[1]), :2] for rows in (UPPER_LIP_ROWS, LOWER_LIP_ROWS))
    lip = points[[*np.ravel(UPPER_LIP_ROWS), *np.ravel(LOWER_LIP_ROWS)], :2]
    part = ((np.arange(_SAMPLES) + 0.5) / _SAMPLES)[None, :, None]
    colours = _colours(frame, above[:, None] * (1 - part) + below[:, None] * part)
    other = np.linalg.norm((colours - np.median(_colours(frame, lip[None])[0], axis=0)) * _WEIGHT, axis=2) > _OTHER
    seen = other.mean(axis=1) * np.linalg.norm(below - above, axis=1)
    told = np.linalg.norm(points[list(LOWER_INNER_LIP), :2] - points[list(UPPER_INNER_LIP), :2], axis=1)
    sure = np.clip((width - _COARSE) / (_FINE - _COARSE), 0, 1)
    return np.asarray(np.stack([told + sure * (seen - told), told]) / width, np.float32)


def shares(apart: Float, fps: float) -> Float:
    """(T, 9) float32 in 0..1: how much of the way that landmarks part the lips is to be believed, from ``apart`` (T, 2, 9).

    Open is one stretch of the mouth: it is widest somewhere and narrows towards both sides.
    """
    beside = np.pad(apart, ((0, 0), (0, 0), (1, 1)), mode="edge")
    even = (beside[..., :-2] + 2 * apart + beside[..., 2:]) / 4
    seen, told = np.moveaxis(smooth(even, _SIGMA * fps), 1, 0)
    seen = np.clip(seen, 0, told)
    share = seen / np.maximum(told, 1e-6)
    best = seen.argmax(axis=1)[:, None]
    most = np.take_along_axis(share, best, axis=1)
    open_ = np.clip((share / np.maximum(most, 1e-6) - _SHUT) / (_OPEN - _SHUT), 0, 1)
    at = np.arange(open_.shape[1])
    right = np.minimum.accumulate(np.where(at >= best, open_, 1), axis=1)
    left = np.minimum.accumulate(np.where(at <= best, open_, 1)[:, ::-1], axis=1)[:, ::-1]
    farthest = told.max(axis=1, keepdims=True)
    known = np.clip((most - _FEW) / (_MANY - _FEW), 0, 1) * np.clip(farthest / _LITTLE - 1, 0, 1)
    known *= np.clip((_JAW[1] - farthest) / (_JAW[1] - _JAW[0]), 0, 1)
    return np.asarray(1 - known * (1 - np.minimum(left, right)), np.float32)


def narrowed(shape: Float, share: Float) -> Float:
    """``shape`` (T, 478, 3) with the lips as far apart as ``share`` (T, 9) says, each moved half of the way."""
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    out = shape.copy()
    step = (shape[:, lower] - shape[:, upper]) * (1 - share[..., None]) / 2
    out[:, upper] += step
    out[:, lower] -= step
    return out


def _colours(frame: Pixels, at: NDArray[np.floating]) -> Float:
    """(N, M, 3) float32 CIE Lab, of ``frame``'s pixels ``at`` (N, M, 2)."""
    last = np.array(frame.shape[1::-1]) - 1
    corner = np.clip(np.floor(at.min(axis=(0, 1))).astype(int) - 4, 0, last)
    end = np.clip(np.ceil(at.max(axis=(0, 1))).astype(int) + 4, corner, last) + 1
    mouth = np.ascontiguousarray(frame[corner[1] : end[1], corner[0] : end[0]])
    lab = cv2.cvtColor(cv2.GaussianBlur(mouth, (0, 0), _SOFT), cv2.COLOR_RGB2LAB).astype(np.float32)
    place = (at - corner).astype(np.float32)
    return np.asarray(cv2.remap(lab, place, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
