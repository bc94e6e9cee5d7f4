"""What lips hide of the teeth that a photo shows: columns of tooth and gum go on where the photo ends."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.mouth.edge import Edge
from vivify.animate.mouth.tones import LUMA
from vivify.animate.patch import Window
from vivify.arrays import Float
from vivify.easing import smoothstep

Matrix = NDArray[np.float64]

# In millimetres.
RISES, _CROWN = 8.0, 9.5  # that a lip rises over teeth; from their edge to their neck
_COLUMN, _INTO, _NONE = 0.5, 0.3, 1e3  # width of a column that goes on, from so far into it
_GUM, _NECK = 0.7, 1.5  # what there is above a tooth is gum, if it is higher; there it turns into that
_EVEN, _TAPER = 3.0, 5.0  # how even what goes on is; less high at both ends
_SLIT = 2.0  # wide: less is no tooth
_ROUND = 1.2  # of an edge that the photo does not show
_ALIKE = 1.0  # how alike neighbouring columns end
# Shares.
_SEEN = 0.25  # of the columns seen that surely show a tooth: from fewer nothing goes on above, lips shade all
_GUMS = 0.3  # of those with a tooth that show gum, where gum goes on
_BRIGHTEST, _TOUCHING = 4.0, 0.87  # power of luma that tells teeth from the dark between; of theirs, where they touch
_BLED, _OWN_HUE = 2.0, 70  # pixels that a lip bleeds into teeth; percentile of luma from which they have their own hue


def continued(picture: Float, sure: NDArray[np.bool_]) -> Float:
    """``picture`` (h, w, 3) that beyond what is ``sure`` goes on as it ends there: lips shaded what they now uncover."""
    if not sure.any():
        return picture
    _, nearest = cv2.distanceTransformWithLabels((~sure).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((int(nearest.max()) + 1, 3), np.float32)
    colours[nearest[sure]] = picture[sure]
    return colours[nearest]


def under_upper_lip(
    picture: Float,
    sure: NDArray[np.bool_],
    upper: NDArray[np.bool_],
    edge: Edge,
    place: Matrix,
    window: Window,
    *,
    gums: bool,
) -> tuple[Float, Float]:
    """``picture`` (h, w, 3) with what the upper lip hides, and (h, w) how much of it there is, 0..1: a tooth goes on up to
    its neck, gum as far as a lip rises, where the photo may show ``gums``.
    """
    x, y = seen_from(place, window)
    if not edge.hanging or not sure.any():
        return picture, np.zeros_like(x)
    columns = np.arange(x[sure].min(), x[sure].max() + _COLUMN, _COLUMN, dtype=np.float32)
    lip, tooth = _highest(sure, x, y, columns), _highest(upper, x, y, columns)
    toothed, seen = tooth < _NONE, lip < _NONE
    if toothed.sum() < _SEEN * seen.sum():
        return picture, np.zeros_like(x)
    gum = toothed & (tooth - lip > _GUM) & gums
    gums = bool(gum.sum() > _GUMS * toothed.sum())
    line = edge.at(columns) - edge.covered
    # Never from below their edge, where a column shows a tongue.
    begins = np.minimum(np.where(gum | ~toothed, lip, tooth), line - 2 * _INTO)
    if not gums:
        begins[seen] = _without_slits(begins[seen])
    beside = smoothstep(np.minimum(columns - columns[0], columns[-1] - columns) / _TAPER)
    ends = lip - RISES * beside if gums else line - _CROWN
    begin, end = (np.interp(x, columns[seen], each[seen]).astype(np.float32) + _INTO for each in (begins, ends))
    over = np.asarray(np.where((y < begin) & (y > end), np.interp(x, columns, beside), 0), np.float32)
    found = _sampled(picture, place, window, x, np.where(over > 0, begin, y))
    higher = (over > 0) * smoothstep((begin - y) / _NECK)
    told = gum if gums else seen
    band = _sampled(picture, place, window, columns[told][None], begins[told][None] + np.float32(_INTO))[0]
    even = _evened(found, x, columns, columns[told], band, teeth=not gums)
    found += (even - found) * higher[..., None]
    return found.astype(np.float32), over


def behind_lower_lip(
    picture: Float, teeth: NDArray[np.bool_], edge: Edge, place: Matrix, window: Window
) -> tuple[Float, Float]:
    """``picture`` (h, w, 3) with what the lower lip hides of the upper ``teeth``, each column going on as it ends, and
    (h, w) how much of it there is, 0..1; their rounded edges are left to the modelled row.
    """
    x, y = seen_from(place, window)
    if not edge.covered or not teeth.any():
        return picture, np.zeros_like(x)
    columns = np.arange(x[teeth].min(), x[teeth].max() + _COLUMN, _COLUMN, dtype=np.float32)
    lowest = -_highest(teeth, x, -y, columns)
    seen = lowest > -_NONE
    ends = np.interp(columns, columns[seen], lowest[seen]).astype(np.float32)
    ends = cv2.GaussianBlur(ends[None], (0, 0), _ALIKE / _COLUMN, borderType=cv2.BORDER_REPLICATE)[0]
    tops = np.interp(columns, columns[seen], _highest(teeth, x, y, columns)[seen]).astype(np.float32)
    clean = np.maximum(ends - np.float32(_INTO + _BLED / np.linalg.norm(place[:, 1])), (tops + ends) / 2)
    end, begin = (np.interp(x, columns, each).astype(np.float32) for each in (ends, clean))
    found = _sampled(picture, place, window, x, np.minimum(y, begin))
    band = _sampled(picture, place, window, columns[None], clean[None])[0]
    even = _evened(found, x, columns, columns, band, teeth=True) @ LUMA
    luma = picture[teeth] @ LUMA
    tooth = picture[teeth][luma >= np.percentile(luma, _OWN_HUE)].mean(axis=0)
    even = even[..., None] * tooth / (tooth @ LUMA)  # the hue of one mouth's teeth is one, but for what lips lend them
    beside = (x > columns[0]) & (x < columns[-1])
    lipped = smoothstep((y - begin) / np.maximum(end - begin, 1e-3)) * beside
    here = beside & (y > begin) & (y < edge.at(x) - _ROUND)
    return (picture + (even - picture) * lipped[..., None]).astype(np.float32), here.astype(np.float32)


def _evened(found: Float, x: Float, columns: Float, at: Float, band: Float, *, teeth: bool) -> Float:
    """``found`` (h, w, 3) as even as the ``band`` (N, 3) of what goes on, which was seen ``at`` some of the ``columns``."""
    near = np.exp(-(((columns[:, None] - at) / _EVEN) ** 2)) + 1e-6
    if teeth:  # their edges stand apart, elsewhere they touch: the dark between them does not go on
        near *= (band @ LUMA) ** _BRIGHTEST
    band = near @ band / near.sum(axis=1, keepdims=True)
    even = np.dstack([np.interp(x, columns, each) for each in band.T])
    if teeth:
        even = even * np.maximum((found @ LUMA) / np.maximum(even @ LUMA, 1), _TOUCHING)[..., None]
    return even.astype(np.float32)


def _without_slits(begins: Float) -> Float:
    """``begins`` (N,) without what begins higher than on both sides of it and is narrower than any tooth: no tooth, but the
    dark above teeth or between them, which would stand in what goes on as a pin.
    """
    side = np.ones((1, 2 * round(_SLIT / _COLUMN / 2) + 1), np.uint8)
    return np.asarray(cv2.morphologyEx(begins[None], cv2.MORPH_CLOSE, side)[0], np.float32)


def _sampled(picture: Float, place: Matrix, window: Window, x: Float, y: Float) -> Float:
    """``picture`` of ``window`` at ``x``, ``y`` in millimetres, see ``seen_from``."""
    across, down = (place[row, 0] * x + place[row, 1] * y + place[row, 2] - window.corner[row] for row in (0, 1))
    at = np.dstack([across, down]).astype(np.float32)
    return np.asarray(cv2.remap(picture, at, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _highest(mask: NDArray[np.bool_], x: Float, y: Float, columns: Float) -> Float:
    """(N,): the least ``y`` of ``mask`` around each of the ``columns``; ``_NONE`` where it has none."""
    highest = np.full(len(columns), _NONE, np.float32)
    np.minimum.at(highest, np.clip(np.round((x[mask] - columns[0]) / _COLUMN).astype(int), 0, len(columns) - 1), y[mask])
    return highest


def seen_from(place: Matrix, window: Window) -> tuple[Float, Float]:
    """The pixels of ``window`` as millimetres to the right of and below the origin of ``place``: (h, w) each."""
    (a, b), (c, d) = np.linalg.inv(place[:, :2]).astype(np.float32)
    dx = np.arange(window.x0, window.x1, dtype=np.float32)[None] - np.float32(place[0, 2])
    dy = np.arange(window.y0, window.y1, dtype=np.float32)[:, None] - np.float32(place[1, 2])
    return a * dx + b * dy, c * dx + d * dy
