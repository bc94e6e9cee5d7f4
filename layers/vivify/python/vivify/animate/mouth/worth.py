"""What of the upper teeth that a photo shows goes on under lips that part: of a word's slit hardly anything does."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.mouth.tones import LUMA
from vivify.arrays import Float
from vivify.easing import smoothstep

# In millimetres.
_COLUMN, _HALF = 2.0, 26.0  # columns, and how far they reach to either side
_FRONT = 9.0  # to either side: where teeth tell how bright they are
# Out of the lips' shade: teeth that are seen lower than the first are none to go on with; as high as the second they are.
_TALL = (2.0, 3.0)
_ALIKE = 2.0  # how alike neighbouring columns are kept
# Shares of what teeth are told to have of light, and lips.
_LIT, CLEAR = (0.65, 0.80), (1.3, 1.5)  # most grins' teeth have 0.8 to 1.1 and 1.4 to 2.3
# Log of red against green, beyond flesh's: a lip blurred over teeth; of 11 bright rows one has .16, the others 0 or less.
_RED = (0.05, 0.15)
_BRIGHT = 60  # percentile of a column's brightness that tells it
_AT = np.arange(-_HALF, _HALF + 1, _COLUMN)


@dataclass(frozen=True)
class Worth:
    """``columns``: (27,), 0..1, how much of the teeth seen from 26 mm to the left of the middle to 26 mm to the right is
    kept when lips part; ``front``: that, of those in front.
    """

    columns: Float
    front: float

    def at(self, x: Float) -> Float:
        """That, at ``x``: millimetres to the right of the middle."""
        return np.interp(x, _AT, self.columns).astype(np.float32)


def worth(luma: Float, upper: NDArray[np.bool_], x: Float, unit: float, *, full: float, lips: float, redder: float) -> Worth:
    """``luma``, what is surely ``upper`` teeth, ``x`` in millimetres: (h, w) each; ``unit``: pixels per millimetre;
    ``full``, ``lips``: the luma of teeth in full light, and of lips; ``redder``: see ``redder_than``.
    """
    tall, bright = np.zeros(len(_AT)), np.zeros(len(_AT))
    for number, at in enumerate(_AT.tolist()):
        column = np.abs(x - at) < _COLUMN / 2
        teeth = column & upper
        if not teeth.any():
            continue
        tall[number] = teeth.sum() / (_COLUMN * unit**2)
        bright[number] = np.percentile(luma[teeth], _BRIGHT)
    front = np.abs(_AT) <= _FRONT
    seen = front & (tall > 0)
    if not seen.any():
        return Worth(np.zeros(len(_AT), np.float32), 0.0)
    usual = float(np.median(bright[seen]))
    told = (usual / full, _LIT), (usual / lips, CLEAR)
    light = max(float(smoothstep((value - least) / (enough - least))) for value, (least, enough) in told)
    light *= 1 - float(smoothstep((redder - _RED[0]) / (_RED[1] - _RED[0])))
    kept = smoothstep((tall - _TALL[0]) / (_TALL[1] - _TALL[0])).astype(np.float32)[None]
    kept = np.asarray(cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((1, 2), np.uint8)))[0]  # gaps between two stay
    near = np.exp(-(((_AT[:, None] - _AT) / _ALIKE) ** 2) / 2)
    kept = light * (near / near.sum(axis=1, keepdims=True)) @ kept
    return Worth(kept.astype(np.float32), float(kept[front].mean()))


def redder_than(flesh: Float, teeth: Float) -> float:
    """How much redder than ``flesh`` (3,) the brighter half of ``teeth`` (N, 3) is: the log of red against green."""
    if not len(teeth):
        return 0.0
    luma = teeth @ LUMA
    red, green, _ = np.maximum(teeth[luma >= np.median(luma)].mean(axis=0), 1.0) / flesh
    return float(np.log(red / green))
