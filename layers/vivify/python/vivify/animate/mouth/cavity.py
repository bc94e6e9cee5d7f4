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
_DROP = np.array([9.0, 4.5, 2.0, 0.2, -2.0, -3.5, -3.0, 0.0])
_LYING = np.array([0.0, 0.3, 1.0, 2.0, 3.5, 4.5, 5.0, 5.0])  # that it lies lower in a mouth wide open, and
_RAISED = 0.6  # of that higher in one that hardly opens
_LIES_FROM, _LIES = 8.0, 30.0  # between the rows: from here the tongue sinks with the jaw, here it lies
_SIDES = 7.0  # that its sides are lower
_THROAT_WIDTH, _THROAT_HEIGHT, _THROAT_ABOVE = 15.0, 9.0, 6.0  # the last: over the tongue
_DEEP = np.array([-0.2, 0.2, 0.16], np.float32)  # powers of shade for R, G, B, less 1: flesh in the dark is redder
_LIT_FROM, _LIT = 100.0, 1500.0  # mm² between the lips: a mouth nearly shut is dark inside, a wide one lit


def behind_teeth(view: View, a: Float, b: Float, tones: Tones, opening: float) -> Float:
    """(h, w, 3) float32 RGB at the screen places ``a``, ``b`` (see ``View.grid``). ``opening``: between the lips, mm²."""
    unit = np.float32(view.millimetre)
    lit = float(smoothstep((opening - _LIT_FROM) / (_LIT - _LIT_FROM)))
    back, shape, tip = _tongue(view, a, b)
    roof = (b - np.float32(view.upper[1])) / unit
    side = (a - np.float32(view.upper[0])) / unit

    # Roof and throat: dim under the upper teeth, flesh farther down, dark where the throat goes on.
    light = (0.06 + 0.18 * lit) * (1 - 0.45 * np.exp(-np.maximum(roof, 0) / 5))
    top = (tip - np.float32(view.upper[1])) / unit
    throat = np.exp(-((side / _THROAT_WIDTH) ** 2) - ((roof - top + _THROAT_ABOVE) / _THROAT_HEIGHT) ** 2)
    light = light * (1 - 0.75 * throat) * (1 + 0.25 * smoothstep((np.abs(side) - 14) / 12))

    lift = (
        (0.17 + 0.47 * lit)
        * np.exp(-np.maximum(back - 16, 0) / (16 + 16 * lit))
        * (1 - 0.6 * np.exp(-np.maximum(back - 5, 0) / 3.5))
    )
    across = side / TONGUE_HALF_WIDTH
    groove = 1 - 0.10 * np.exp(-((across / 0.09) ** 2)) * smoothstep((back - 12) / 10)
    rounding = 1 - 0.35 * smoothstep((np.abs(across) - 0.35) / 0.65)
    shine = 0.10 * lit * np.exp(-(((back - 17) / 6) ** 2) - ((np.abs(across) - 0.22) / 0.16) ** 2)
    tongue = lift * groove * rounding + shine
    light = light + (tongue - light) * shape
    deep = np.maximum(light, 1e-3)[..., None] ** (1 + _DEEP * np.float32(tones.colour))
    return np.asarray(tones.flesh * deep * tones.skin + tones.black, np.float32)


def _tongue(view: View, a: Float, b: Float) -> tuple[Float, Float, float]:
    """How far back the tongue is that is seen at each place, how much of it is seen, and how high on the screen it ends."""
    unit = np.float32(view.millimetre)
    lying = float(smoothstep((view.parted - _LIES_FROM) / (_LIES - _LIES_FROM))) * (1 + _RAISED) - _RAISED
    height = ((_DROP + _LYING * lying) * view.jaw[1, 1] + _BACK * view.jaw[1, 2]) / view.millimetre
    height = np.minimum.accumulate(height)  # what lies behind a crest is hidden
    shift = np.float32(20 * view.jaw[0, 2])
    across = (a - np.float32(view.lower[0]) - shift) / unit / TONGUE_HALF_WIDTH
    below = (b - np.float32(view.lower[1])) / unit - _SIDES * np.abs(across) ** 2.8
    order = np.argsort(height, kind="stable")
    back = np.interp(below, height[order], _BACK[order]).astype(np.float32)
    shape = smoothstep((below - height.min()) / 1.6 + 0.5)
    return back, shape, float(height.min() * view.millimetre + view.lower[1])
