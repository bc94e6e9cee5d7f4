"""The modelled teeth against those that the photo shows, so that the ones continue the others."""

from __future__ import annotations

import numpy as np

from vivify.animate.mouth.rows import STATIONS, Match, PaintedRow
from vivify.animate.mouth.shown import Shown
from vivify.animate.mouth.tones import LUMA
from vivify.animate.mouth.view import View
from vivify.arrays import Float

_LEAST_SEEN = 12  # pixels at a station that can be compared
_LEAST_LOWER = 0.1  # of what is seen of the upper teeth, to tell the lower ones' light
_TOP = 90  # percentile: where teeth, and what is kept, end upwards
_BRIGHT = 70  # percentile: what the lip does not shade
_GAIN = (0.25, 1.6)
_OUTSHINES = 1.2  # of what is usual along the row, at most: from few pixels far back one tooth shone
_GUM_GAIN = (0.6, 2.5)
_LEAST_TONE = 0.3  # the power of their tone, where the teeth that are shown are too dim to go on with
_DIMMEST = 0.4
_FRONT, _GUM = 13.0, 1.2  # millimetres: where gums are looked for, and how much above teeth is gum
_SHORTEST, _LEAST_CROWNS = 0.5, 2  # of the row's crowns; stations that must show where they end
_RAISED = 3.0  # millimetres, at most


def match(row: PaintedRow, view: View, shown: Shown, behind: float) -> tuple[Match, Match] | None:
    """What makes the rows continue the teeth that are ``shown``, upper and lower; ``None`` if too little is seen of them.

    The lower one is darker than the upper, half as far as what the photo shows of it.

    ``row``: the upper; ``view``: of the mouth in the photo; ``behind``: millimetres that the row stays above their edge.
    """
    own = shown.colours
    height, width = shown.upper.shape
    x0, y0 = shown.window.corner
    a, b = view.grid(np.arange(width, dtype=np.float32)[None] + x0, np.arange(height, dtype=np.float32)[:, None] + y0)
    made, alpha = row.seen(view, a, b)
    along, above, _ = row.place(view, a, b)
    kept = shown.sure & (above > 0)
    seen = shown.upper & (alpha[..., 0] > 0.9)
    parts = [(station, np.abs(along - station) < (STATIONS[1] - STATIONS[0]) / 2) for station in STATIONS]
    parts = [part for part in parts if (seen & part[1]).sum() >= _LEAST_SEEN]
    if not parts and seen.sum() >= _LEAST_SEEN:  # a small face's row is compared as one
        parts = [(0.0, np.ones_like(seen))]
    stations, gains, ending, raised, crowns = [], [], [], [], []
    for station, here in parts:
        teeth, ends, both = here & shown.upper, here & shown.ends, here & seen
        stations.append(station)
        gains.append(_bright(own[teeth]) / np.maximum(_bright(made[both]), 1.0))
        if ends.any():
            ending.append(station)
            raised.append(float(above[ends].mean()) + behind)
        top, lip = (float(np.percentile(above[mask], _TOP)) for mask in (teeth, here & (kept | teeth)))
        if shown.gums and abs(station) <= _FRONT and lip - top > _GUM:
            crowns.append(top)
    if not stations:
        return None
    told = np.array(gains)
    light = told @ LUMA
    hue = np.median(told / light[:, None], axis=0)  # of one mouth's teeth is one
    light = np.clip(np.minimum(light, _OUTSHINES * np.median(light)), *_GAIN)
    own_tone = (light[:, None] * hue) ** max(shown.worth.front, _LEAST_TONE)
    along_row = np.stack([np.interp(STATIONS, stations, each) for each in own_tone.T], axis=1).astype(np.float32)
    dim = np.ones(3, np.float32)
    if shown.lower.sum() > _LEAST_LOWER * shown.upper.sum():
        lower = _bright(own[shown.lower]) / np.maximum(_bright(own[shown.upper]), 1.0)
        dim = np.sqrt(np.clip(lower, _DIMMEST, 1))
    sag = np.zeros(len(STATIONS), np.float32)
    if ending:
        sag = np.clip(np.interp(STATIONS, ending, raised), -_RAISED, _RAISED).astype(np.float32)
    usual = float(np.mean([crown.length for side in row.row.crowns for crown in side[:3]]))
    length = np.clip(np.median(crowns), _SHORTEST * usual, usual) if len(crowns) >= _LEAST_CROWNS else usual
    flesh = kept & ~shown.upper & (above > length) & (np.abs(along) <= _FRONT) & (alpha[..., 0] > 0.9)
    gum = np.ones(3, np.float32)
    if length < usual and flesh.sum() >= _LEAST_SEEN:
        gum = np.clip(np.median(own[flesh], axis=0) / np.maximum(np.median(made[flesh], axis=0), 1.0), *_GUM_GAIN)
    return (
        Match(along_row, sag, (usual, usual - float(length)), gum.astype(np.float32)),
        Match(along_row * dim, np.zeros_like(sag), (usual, 0.0), gum.astype(np.float32)),
    )


def _bright(colours: Float) -> Float:
    """(3,): the mean of the brighter of ``colours`` (N, 3)."""
    luma = colours @ LUMA
    return np.asarray(colours[luma >= np.percentile(luma, _BRIGHT)].mean(axis=0), np.float32)
