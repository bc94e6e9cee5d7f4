"""What lies behind the teeth: the roof of the mouth, the throat, the cheeks' inner sides and the tongue. Soft shapes all."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vivify.animate.mouth.anatomy import TONGUE_HALF_WIDTH
from vivify.animate.mouth.arches import mottle
from vivify.animate.mouth.tones import Tones
from vivify.animate.mouth.view import View
from vivify.arrays import Float
from vivify.easing import smoothstep

# The tongue's back, from tip to root: millimetres behind the lower row's edge, and below it.
_BACK = np.array([5.0, 7.0, 10.0, 15.0, 26.0, 38.0, 50.0, 60.0])
_DROP = np.array([9.0, 4.0, 0.5, -2.5, -6.5, -8.5, -8.0, -5.0])
_RAISED = np.array([0.0, 0.2, 0.6, 1.2, 2.1, 2.7, 3.0, 3.0])  # that it lies higher in a mouth that hardly opens
_RAISED_TO = 30.0  # between the rows: from here on it is down
# That its sides are lower, and the power they fall off with: in 45 filmed wide mouths it reaches from cheek to cheek.
_SIDES, _ROUND = 4.5, 4.0
_CLEFT, _CLEFT_WIDE = 1.1, 5.0  # that its middle is lower where it is down, and how far that reaches to either side
_HIGHEST = 0.72  # of the way from the lower row to the upper that it is seen to reach, at most
_CREST = 4.0  # millimetres in which it merges with what is behind it
_GAP_ABOVE = 6.0  # over the tongue, in which the dark behind it fades
_DEEP = np.array([-0.24, 0.36, 0.36], np.float32)  # powers of shade for R, G, B, less 1: flesh in the dark is redder
_LIT_FROM, _LIT = 20.0, 400.0  # mm² between the lips: a mouth nearly shut is dark inside, a wide one lit
_BITTEN = 6.0  # millimetres between the rows: less than this let less light in
# How bright the tongue is at its front, in a mouth nearly shut and in a wide one, and the millimetres back in which it fades
# into the dark: of 40 wide mouths 17 show a tongue apart from lip and lower teeth, .44 to .73 of the skin (quarters).
_FRONT, _FADES_FROM, _FADES = (0.36, 0.9), 9.0, (16.0, 36.0)
_TURNS_AWAY = 0.18  # how much darker its sides are
# A gaping mouth, millimetres between the rows: light reaches so much farther back; the tongue draws back and shows its tip,
# so many millimetres above the jaw's teeth, in a deeper shade (five filmed people's).
_GAPES_FROM, _GAPES, _FARTHER, _DRAWN_BACK = 22.0, 34.0, 20.0, 4.5
# How dark the shade of the lower teeth is at its tip, usually and gaping, and how far back it reaches; how much dimmer a
# tongue that draws back is.
_TIP, _TIP_REACH, _DIMMER = (0.35, 0.75), 3.0, 0.1

# The tongue's surface. Pixels per millimetre; millimetres to either side and back that are drawn.
_SCALE, _BROAD, _LONG = 3.0, 30.0, 70.0
_UNEVEN = ((0.4, 0.012), (1.4, 0.018), (4.0, 0.035))  # buds, their groups, muscles: millimetres, and how much brighter
_FURROW, _FURROW_WIDE, _FURROW_WANDERS, _FURROW_FROM = 0.10, 2.0, (0.5, 8.0), 8.0
_WET, _WET_AT, _WET_LONG = 0.07, 13.0, 6.0  # how bright drops are, around how far back
_DROPS, _FEW = ((0.9, 0.6), (3.0, 1.0)), 0.6


@dataclass(frozen=True)
class Surface:
    """The tongue's back from above, unrolled: (h, w, 2) float32, how bright it is and how much it shines where it is wet."""

    picture: Float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Surface:
        """One person's: matte, finely uneven, a furrow along its middle, and spots of light no larger than drops."""
        size = (round(_LONG * _SCALE), round(2 * _BROAD * _SCALE))
        back = (np.arange(size[0], dtype=np.float32)[:, None] + 0.5) / _SCALE
        across = (np.arange(size[1], dtype=np.float32)[None] + 0.5) / _SCALE - _BROAD
        uneven, drops = (
            sum((share * mottle(size, fine * _SCALE, rng) for fine, share in scales), np.zeros(size, np.float32))
            for scales in (_UNEVEN, _DROPS)
        )
        wanders = _FURROW_WANDERS[0] * mottle((size[0], 1), _FURROW_WANDERS[1] * _SCALE, rng)
        furrow = _FURROW * np.exp(-(((across - wanders) / _FURROW_WIDE) ** 2)) * smoothstep((back - _FURROW_FROM) / 8)
        wet = _WET * np.maximum(drops - _FEW, 0) * np.exp(-(((back - _WET_AT) / _WET_LONG) ** 2))
        return cls(np.dstack([(1 + uneven) * (1 - furrow), wet]).astype(np.float32))

    def at(self, across: Float, back: Float) -> tuple[Float, Float]:
        """(h, w) each; ``across``, ``back``: (h, w), millimetres to the right of its middle and behind the lower row."""
        x, y = ((across + _BROAD) * _SCALE - 0.5).astype(np.float32), (back * _SCALE - 0.5).astype(np.float32)
        seen = np.asarray(cv2.remap(self.picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
        return seen[..., 0], seen[..., 1]


def behind_teeth(view: View, a: Float, b: Float, tones: Tones, opening: float, surface: Surface) -> Float:
    """(h, w, 3) float32 RGB at the screen places ``a``, ``b``, see ``View.grid``; ``opening``: between the lips, mm²;
    ``surface``: the tongue's.
    """
    unit = np.float32(view.millimetre)
    lit = float(smoothstep((opening - _LIT_FROM) / (_LIT - _LIT_FROM)) * smoothstep(view.parted / _BITTEN))
    gapes = float(smoothstep((view.parted - _GAPES_FROM) / (_GAPES - _GAPES_FROM)))
    back, shape, top = _tongue(view, a, b + _DRAWN_BACK * gapes * unit)
    roof = (b - np.float32(view.upper[1])) / unit
    across = (a - np.float32(view.lower[0])) / unit / TONGUE_HALF_WIDTH

    # Roof and cheeks: dim under the upper teeth, dark where the throat goes on over the tongue and beside it.
    light = (0.15 + 0.20 * lit) * (1 - 0.2 * np.exp(-np.maximum(roof, 0) / 3)) * (1 - 0.6 * np.exp(-top / _GAP_ABOVE))
    body = 1 - _TURNS_AWAY * smoothstep((np.abs(across) - 0.3) / 0.5)
    front, fades = (least + (most - least) * lit for least, most in (_FRONT, _FADES))
    far = np.exp(-np.maximum(back - _FADES_FROM, 0) / (fades + _FARTHER * gapes))
    shade = _TIP[0] + (_TIP[1] - _TIP[0]) * gapes  # of the lower teeth
    tip = 1 - shade * np.exp(-np.maximum(back - _BACK[0], 0) / _TIP_REACH)
    bright, wet = surface.at(across * TONGUE_HALF_WIDTH, back)
    tongue = front * (1 - _DIMMER * gapes) * far * tip * body * bright + wet * lit * far
    light = light + (tongue - light) * shape
    deep = np.maximum(light, 1e-3)[..., None] ** (1 + _DEEP * np.float32(tones.colour))
    return np.asarray(tones.inside * deep * tones.skin + tones.veil, np.float32)


def _tongue(view: View, a: Float, b: Float) -> tuple[Float, Float, Float]:
    """How far back the tongue is that is seen at each place, how much of it is seen, and the millimetres above it."""
    unit = np.float32(view.millimetre)
    raised = 1 - float(smoothstep(view.parted / _RAISED_TO))
    height = ((_DROP - _RAISED * raised) * view.jaw[1, 1] + _BACK * view.jaw[1, 2]) / view.millimetre
    rising = height < np.minimum.accumulate(np.append(np.inf, height[:-1]))  # what lies behind a crest is hidden
    height, behind = height[rising], _BACK[rising]
    highest = _HIGHEST * (view.lower[1] - view.upper[1]) / view.millimetre
    height[height < 0] *= min(1.0, max(float(highest), 0.0) / max(float(-height.min()), 1e-3))
    shift = np.float32(20 * view.jaw[0, 2])
    across = (a - np.float32(view.lower[0]) - shift) / unit / TONGUE_HALF_WIDTH
    below = (b - np.float32(view.lower[1])) / unit - _SIDES * np.abs(across) ** _ROUND
    below -= _CLEFT * (1 - raised) * np.exp(-((across * (TONGUE_HALF_WIDTH / _CLEFT_WIDE)) ** 2))
    back = np.interp(below, height[::-1], behind[::-1]).astype(np.float32)
    shape = smoothstep((below - height[-1]) / _CREST + 0.5)
    return back, shape, np.maximum(height[-1] - below, 0).astype(np.float32)
