"""Where the upper teeth that a photo shows end: columns of bright and of dark between the lips."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.mouth.anatomy import UPPER
from vivify.arrays import Float

LIP = 2.5  # millimetres below the edge of the lower lip that are lip
# In millimetres.
_HALF, _APART, _FINE = 26.0, 2.0, 0.25  # columns reach as far to either side, and their distance; along them
_SMOOTH = 0.7  # sigma, so that gaps between teeth do not count
_FALL = 4.0  # within which the light falls off behind the edge
_SHEER = 2.5  # that the dark begins within
_MIDDLE = 9.0  # to either side: where the dark between the rows is measured
_HIDDEN = (0.8, 3.0)  # what the lower lip covers of teeth that end behind it
_REACH, _BETWEEN = 1.0, 0.3  # how far into the lower lip the dark between it and teeth reaches; sigma, so that grain is none
_PLATEAU = 0.8  # teeth that end behind the lower lip are brightest at least as far above it
_BENT_UP, _ASLANT = 0.004, 0.2  # of the edge: per millimetre, and millimetres per millimetre, at most
_LEAST = 1.2  # a bright line thinner than this is wet lip
_UNCOVERS = 8.0  # an opening as high as this would show what teeth hang from the upper lip
_AT = np.arange(-_HALF, _HALF + 1, _APART)
_AGREE = 0.3  # columns that end as near to their middle one, most of them, end at teeth, even along a level line
_OWN = 1.5  # how far single teeth may end above or below the curve through all
# Shares of an opening's height, from the upper lip on.
_LOWER_ALONE, _MOST_COLUMNS = 0.35, 25  # that is dark above teeth which are the lower row; percentile of columns
_HANGING, _FILLED = 0.45, 0.5  # that teeth fill, and as much of it at least
_PARTED = 0.4  # where what shows no edge is parted
# Shares of luma.
_TEETH, _AGAINST_SKIN = 0.55, 0.5  # of the brightest, of the skin's: anything darker is not teeth
_TOUCHED = 0.87  # of the lower lip's: anything darker is between it and teeth
_ENDS, _DIM, _DARK = 0.8, 0.7, 0.42  # of the teeth's: where they may end, what may be no tooth, and what is none at all


@dataclass(frozen=True)
class Edge:
    """A line in millimetres to the right of and below the upper lip's place. ``ends``: (27,), its y from 26 mm to the left
    to 26 mm to the right; it goes on as it ends. ``sheer``, ``dark``: how far below it the dark between the rows begins, and
    how high that is. ``bright``: the teeth's luma. ``hanging``: whether they hang from the upper lip. ``covered``: how
    much of them above the line the lower lip hides. ``lower``: whether all that is seen are lower teeth.
    """

    ends: tuple[float, ...]
    sheer: float
    dark: float
    bright: float
    hanging: bool
    covered: float = 0.0
    lower: bool = False

    def at(self, x: Float) -> Float:
        """The y of the teeth's end at ``x``."""
        return np.interp(x, _AT, self.ends).astype(np.float32)


def find_edge(luma: Float, inside: NDArray[np.bool_], x: Float, y: Float, unit: float, skin: float) -> Edge | None:
    """The edge, or ``None`` where nothing is as bright as teeth.

    ``luma``, ``inside`` the lips, ``x``, ``y`` in millimetres: (h, w) each; ``unit``: pixels per millimetre; ``skin``: its
    luma.
    """
    if not inside.any():  # a mouth that the picture's border cuts off
        return None
    weight = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), _SMOOTH * unit)
    soft = np.asarray(cv2.GaussianBlur(luma * inside, (0, 0), _SMOOTH * unit) / np.maximum(weight, 1e-3), np.float32)
    least = max(_AGAINST_SKIN * skin, _TEETH * float(np.percentile(soft[inside], 97)))
    columns = [_Column.of(at, soft, inside & (np.abs(x - at) < _APART / 2), y, least) for at in _AT.tolist()]
    toothed = [column for column in columns if column is not None]
    if not any(abs(column.x) < _MIDDLE for column in toothed):
        return None
    ended = [column for column in toothed if column.clear]
    bright = float(np.median([column.bright for column in toothed]))
    above = np.array([(column.above, column.high) for column in toothed if abs(column.x) < _MIDDLE])
    if np.percentile(above[:, 0] / above[:, 1], _MOST_COLUMNS) > _LOWER_ALONE:
        tops = np.interp(_AT, [column.x for column in toothed], [column.top for column in toothed])
        return Edge(tuple(tops.tolist()), 0.0, float(np.median(above[:, 0])), bright, hanging=False, lower=True)
    found = _end(ended, bright) if len(ended) > len(toothed) / 2 else None
    if found is not None and (np.ptp(found.ends) or found.dark or _agree(ended)):
        return _lowered(found) if not found.dark and _touched(luma, inside, x, y, unit, found) else found
    middle = inside & (np.abs(x) < _MIDDLE)
    top, height = float(y[middle].min()), float(np.ptp(y[middle]))
    if (soft[middle & (y < top + _HANGING * height)] > _DIM * bright).mean() < _FILLED:
        # No upper teeth hang there: worn ones of both rows, a tongue, lower teeth alone.
        return _level(top + _PARTED * height, bright, hanging=height < _UNCOVERS)
    return found or _lowered(_level(max(float(y[inside].max()), 0), bright, hanging=True))


def _touched(luma: Float, inside: NDArray[np.bool_], x: Float, y: Float, unit: float, edge: Edge) -> bool:
    """Whether the teeth above ``edge`` go down to the lower lip: no dark between the two."""
    soft = cv2.GaussianBlur(luma, (0, 0), max(_BETWEEN * unit, 0.3))
    parts = []
    for at in _AT[np.abs(_AT) < _MIDDLE].tolist():
        column = np.abs(x - at) < _APART / 2
        if not (column & inside).any():
            continue
        lip = float(y[column & inside].max())
        end = float(edge.at(np.full(1, at, np.float32))[0])
        between = column & (y > end) & (y < lip + _REACH)
        beyond = column & (y >= lip + _REACH) & (y < lip + LIP)
        if between.any() and beyond.any():
            near = lip - end < LIP  # else a lower row lies between
            parts.append(near * float(soft[between].min() / max(np.median(soft[beyond]), 1.0)))
    return bool(parts) and float(np.median(parts)) > _TOUCHED


def _lowered(edge: Edge) -> Edge:
    """``edge`` of teeth that the lower lip cuts off, where a crown ends whose neck is under the upper lip."""
    covered = float(np.clip(UPPER[0].length - edge.at(np.zeros(1, np.float32))[0], *_HIDDEN))
    return replace(edge, ends=tuple(end + covered for end in edge.ends), covered=covered)


def _agree(ended: list[_Column]) -> bool:
    ends = np.array([column.end for column in ended])
    return bool(np.median(np.abs(ends - np.median(ends))) <= _AGREE)


def _level(y: float, bright: float, *, hanging: bool) -> Edge:
    return Edge((y,) * len(_AT), 0.0, 0.0, bright, hanging)


def _end(ended: list[_Column], bright: float) -> Edge:
    """The line along which the columns' teeth end; a level one where there is none that a row of teeth has."""
    at, end = (np.array([getattr(column, name) for column in ended]) for name in ("x", "end"))
    curve = np.polyfit(at, end, 2 if np.ptp(at) > 2 * _MIDDLE else 0)
    off = np.abs(np.polyval(curve, at) - end)
    near = off <= max(1.0, 2 * float(np.median(off)))
    curve = np.polyfit(at[near], end[near], len(curve) - 1)
    own = np.zeros(len(_AT))
    if len(curve) > 1 and (curve[0] > _BENT_UP or abs(curve[1]) > _ASLANT):  # a lip, a gap, a moustache
        curve = np.array([np.median(end)])
    elif len(curve) > 1:
        off = np.clip(end[near] - np.polyval(curve, at[near]), -_OWN, _OWN)
        own = np.convolve(np.pad(np.interp(_AT, at[near], off), 1, mode="edge"), (0.25, 0.5, 0.25), "valid")
    middle = [(column.sheer, column.dark) for column in ended if abs(column.x) < _MIDDLE]
    sheer, dark = np.median(middle, axis=0) if middle else (0.0, 0.0)
    return Edge(tuple((np.polyval(curve, _AT) + own).tolist()), float(sheer), float(dark), bright, hanging=True)


@dataclass(frozen=True)
class _Column:
    """One column: at ``x``, from ``top`` on ``high``; how much dark is ``above`` its teeth; where these ``end``, whether
    that is ``clear``; see ``Edge`` for the rest.
    """

    x: float
    top: float
    high: float
    above: float
    end: float
    clear: bool
    sheer: float
    dark: float
    bright: float

    @classmethod
    def of(cls, x: float, luma: Float, here: NDArray[np.bool_], y: Float, least: float) -> _Column | None:
        if not here.any():
            return None
        step = np.floor(y[here] / _FINE).astype(int)
        first = int(step.min())
        count = np.bincount(step - first)
        profile = np.bincount(step - first, luma[here]) / np.maximum(count, 1)
        known = np.flatnonzero(count)
        profile = np.interp(np.arange(len(count)), known, profile[known])
        height = (first + np.arange(len(profile)) + 0.5) * _FINE
        most = np.maximum.accumulate(profile)
        falls = np.flatnonzero((profile < _ENDS * most) & (most > least))
        bright = float(most[falls[0]] if len(falls) else most[-1])
        if bright < least:
            return None
        above = float((profile[: int(np.argmax(most > least))] < _DARK * bright).sum()) * _FINE
        opening = float(height[0]), len(profile) * _FINE, above
        if not len(falls):
            if height[-1] - height[int(np.argmax(profile))] < _PLATEAU:  # brighter and brighter: the lower lip
                return None
            return cls(x, *opening, float(height[-1]), False, 0.0, 0.0, bright)
        after = profile[falls[0] : falls[0] + round(_FALL / _FINE)]
        half = (bright + after.min()) / 2
        end = falls[0] + int(np.argmax(after <= half))
        if height[end] - height[int(np.argmax(profile > least))] < _LEAST:
            return None
        dark = profile[end:] < _DARK * bright
        begins = int(np.argmax(dark))
        lasts = int(np.argmin(np.append(dark[begins:], False))) if begins * _FINE < _SHEER else 0
        return cls(x, *opening, float(height[end]), True, begins * _FINE if lasts else 0.0, lasts * _FINE, bright)
