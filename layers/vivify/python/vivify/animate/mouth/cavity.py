"""What lies behind the teeth: the roof of the mouth, the throat, the cheeks' inner sides and the tongue. Soft shapes all."""

from __future__ import annotations

import numpy as np

from vivify.animate.mouth.anatomy import TONGUE_HALF_WIDTH
from vivify.animate.mouth.tones import Tones
from vivify.animate.mouth.view import View
from vivify.arrays import Float
from vivify.easing import smoothstep

# The tongue's back, from tip to root: millimetres behind the lower row's edge, and below it.
_BACK = np.array([5.0, 7.0, 10.0, 15.0, 26.0, 38.0, 50.0, 60.0])
_DROP = np.array([9.0, 4.0, 0.5, -2.5, -6.5, -8.5, -8.0, -5.0])
_RAISED = np.array([0.0, 0.2, 0.6, 1.2, 2.1, 2.7, 3.0, 3.0])  # that it lies higher in a mouth that hardly opens
_RAISED_TO = 30.0  # between the rows: from here on it is down
_SIDES, _ROUND = 10.0, 2.4  # that its sides are lower, and the power they fall off with
_HIGHEST = 0.8  # of the way from the lower row to the upper that it is seen to reach, at most
_GAP_ABOVE = 8.0  # over the tongue, in which the dark behind it fades
_DEEP = np.array([-0.25, 0.4, 0.4], np.float32)  # powers of shade for R, G, B, less 1: flesh in the dark is redder
_LIT_FROM, _LIT = 50.0, 750.0  # mm² between the lips: a mouth nearly shut is dark inside, a wide one lit
_BITTEN = 12.0  # millimetres between the rows: less than this let less light in


def behind_teeth(view: View, a: Float, b: Float, tones: Tones, opening: float) -> Float:
    """(h, w, 3) float32 RGB at the screen places ``a``, ``b`` (see ``View.grid``). ``opening``: between the lips, mm²."""
    unit = np.float32(view.millimetre)
    lit = float(smoothstep((opening - _LIT_FROM) / (_LIT - _LIT_FROM)) * smoothstep(view.parted / _BITTEN))
    back, shape, top = _tongue(view, a, b)
    roof = (b - np.float32(view.upper[1])) / unit
    across = (a - np.float32(view.lower[0])) / unit / TONGUE_HALF_WIDTH

    # Roof and cheeks: dim under the upper teeth, dark where the throat goes on over the tongue and beside it.
    light = (0.06 + 0.17 * lit) * (1 - 0.45 * np.exp(-np.maximum(roof, 0) / 5)) * (1 - 0.7 * np.exp(-top / _GAP_ABOVE))
    groove = 1 - 0.09 * np.exp(-((across / 0.08) ** 2)) * smoothstep((back - 9) / 8)
    body = 1 - 0.40 * smoothstep((np.abs(across) - 0.3) / 0.6)
    far = np.exp(-np.maximum(back - 16, 0) / (12 + 20 * lit))
    tip = 1 - 0.55 * np.exp(-np.maximum(back - 5, 0) / 3.0)  # in the lower teeth's shade
    shine = 0.12 * lit * np.exp(-(((back - 14) / 5) ** 2) - ((np.abs(across) - 0.24) / 0.15) ** 2)
    tongue = (0.14 + 0.62 * lit) * far * tip * body * groove + shine
    light = light + (tongue - light) * shape
    deep = np.maximum(light, 1e-3)[..., None] ** (1 + _DEEP * np.float32(tones.colour))
    return np.asarray(tones.inside * deep * tones.skin + tones.veil, np.float32)


def _tongue(view: View, a: Float, b: Float) -> tuple[Float, Float, Float]:
    """How far back the tongue is that is seen at each place, how much of it is seen, and the millimetres above it."""
    unit = np.float32(view.millimetre)
    raised = 1 - float(smoothstep(view.parted / _RAISED_TO))
    height = ((_DROP - _RAISED * raised) * view.jaw[1, 1] + _BACK * view.jaw[1, 2]) / view.millimetre
    height = np.minimum.accumulate(height)  # what lies behind a crest is hidden
    highest = _HIGHEST * (view.lower[1] - view.upper[1]) / view.millimetre
    height[height < 0] *= min(1.0, max(float(highest), 0.0) / max(float(-height.min()), 1e-3))
    shift = np.float32(20 * view.jaw[0, 2])
    across = (a - np.float32(view.lower[0]) - shift) / unit / TONGUE_HALF_WIDTH
    below = (b - np.float32(view.lower[1])) / unit - _SIDES * np.abs(across) ** _ROUND
    order = np.argsort(height, kind="stable")
    back = np.interp(below, height[order], _BACK[order]).astype(np.float32)
    shape = smoothstep((below - height.min()) / 2.0 + 0.5)
    return back, shape, np.maximum(height.min() - below, 0).astype(np.float32)
