"""The modelled teeth against those that the photo shows, so that the ones continue the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivify.animate.mouth.rows import STATIONS, Match, PaintedRow
from vivify.animate.mouth.shown import Shown
from vivify.animate.mouth.tones import LUMA
from vivify.animate.mouth.view import View

Float = NDArray[np.float32]

_LEAST_SEEN = 12  # pixels at a station that can be compared
_BRIGHT = 70  # percentile: what the lip does not shade
_GAIN = (0.25, 1.6)
_DIMMEST = 0.4
_RAISED = 3.0  # millimetres, at most


def match(row: PaintedRow, view: View, shown: Shown, behind: float) -> tuple[Match, Match] | None:
    """What makes the rows continue the teeth that are ``shown``, upper and lower; ``None`` if too little is seen of them.

    The lower one is darker than the upper, half as far as what the photo shows of it.

    ``row``: the upper; ``view``: of the mouth in the photo; ``behind``: millimetres that the row stays above their edge.
    """
    height, width = shown.upper.shape
    x0, y0 = shown.window.corner
    a, b = view.grid(np.arange(width, dtype=np.float32)[None] + x0, np.arange(height, dtype=np.float32)[:, None] + y0)
    made, alpha = row.seen(view, a, b)
    along, above = row.place(view, a, b)
    stations, gains, raised = [], [], []
    for station in STATIONS:
        here = np.abs(along - station) < (STATIONS[1] - STATIONS[0]) / 2
        teeth = here & shown.upper
        both = teeth & (alpha[..., 0] > 0.9)
        ends = here & shown.ends
        if both.sum() >= _LEAST_SEEN and ends.any():
            stations.append(station)
            gains.append(_bright(shown.picture[teeth]) / np.maximum(_bright(made[both]), 1.0))
            raised.append(float(above[ends].mean()) + behind)
    if not stations:
        return None
    along_row = np.stack([np.interp(STATIONS, stations, each) for each in np.clip(gains, *_GAIN).T], axis=1).astype(
        np.float32
    )
    dim = np.ones(3, np.float32)
    if shown.lower.sum() >= _LEAST_SEEN:
        seen = _bright(shown.picture[shown.lower]) / np.maximum(_bright(shown.picture[shown.upper]), 1.0)
        dim = np.sqrt(np.clip(seen, _DIMMEST, 1))
    sag = np.clip(np.interp(STATIONS, stations, raised), -_RAISED, _RAISED).astype(np.float32)
    return Match(along_row, sag), Match(along_row * dim, np.zeros_like(sag))


def _bright(colours: Float) -> Float:
    """(3,): the mean of the brighter of ``colours`` (N, 3)."""
    luma = colours @ LUMA
    return np.asarray(colours[luma >= np.percentile(luma, _BRIGHT)].mean(axis=0), np.float32)
