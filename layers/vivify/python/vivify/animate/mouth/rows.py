"""A row of teeth in the colours of a photo, and what of it is seen from somewhere."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vivify.animate.mouth.arches import Row
from vivify.animate.mouth.tones import LUMA, Tones
from vivify.animate.mouth.view import View
from vivify.arrays import Float, Pixels

_GUM = 0.95  # luma of the gum in full light, of the skin's
_DENTINE = 0.94  # of dentine, of the enamel's
_GLOSS = 0.13  # of the skin's luma, at most
_SHADED = 1.05  # how much brighter teeth are before the lips' shade falls on them
STATIONS = np.arange(-24.0, 25.0, 6.0)  # millimetres along a row: where it is compared with the photo's own teeth


@dataclass(frozen=True)
class Match:
    """What makes a row continue the teeth that a photo shows, at each of the ``STATIONS``. ``gains``: (S, 3), how bright
    those are in R, G, B against the row as it is; ``raised``: (S,), millimetres by which the row is too far from its gum;
    ``shorter``: (2,) millimetres, how long the row's crowns are, and by how much the photo's are shorter; ``gum``: (3,), how
    bright what is above them is.
    """

    gains: Float
    raised: Float
    shorter: tuple[float, float]
    gum: Float


class PaintedRow:
    """``row`` painted with ``tones``; ``upper``: whether it is the skull's or the jaw's; ``match``: what it continues."""

    def __init__(self, row: Row, tones: Tones, *, upper: bool, match: Match | None = None) -> None:
        self.row = row
        self._upper = upper
        self._paint = _painted(row, tones, match)

    def place(self, view: View, a: Float, b: Float) -> tuple[Float, Float, Float]:
        """See ``View.place``; ``a``, ``b``: (h, w), see ``View.grid``."""
        return view.place(self.row, a, b, upper=self._upper)

    def seen(self, view: View, a: Float, b: Float) -> tuple[Float, Float]:
        """(h, w, 3) RGB, times how much of it there is, and (h, w, 1), that, 0..1; at the places ``a``, ``b``."""
        along, height, light = self.place(view, a, b)
        column, line = self.row.column(along), self.row.line(height)
        nothing = (0, 0, 0, 0)
        seen = cv2.remap(
            self._paint, column, line, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=nothing
        ).astype(np.float32)
        return seen[..., :3] * light[..., None], seen[..., 3:] / np.float32(255)


def _painted(row: Row, tones: Tones, match: Match | None) -> Pixels:
    """(h, w, 4) uint8: the row's colours in the photo's light, times how much of it there is, and that."""
    dentine = tones.dentine * (tones.tooth @ LUMA) * _DENTINE
    tooth = tones.tooth + (dentine - tones.tooth) * row.yellow[..., None]
    alpha = np.clip(row.tooth + row.gum, 0, 1)[..., None]
    light = np.maximum(row.light, 0)[..., None] ** tones.warm
    lit = row.tooth[..., None] * tooth * light + _GLOSS * row.gloss[..., None] * alpha
    front = row.tooth[:, row.tooth.shape[1] // 3 : -row.tooth.shape[1] // 3]
    top = np.percentile((lit @ LUMA)[:, lit.shape[1] // 3 : -lit.shape[1] // 3][front >= 0.9 * front.max()], 95)
    lit *= tones.skin * tones.teeth * _SHADED / max(float(top), 1e-3)
    lit += tones.skin * _GUM * row.gum[..., None] * tones.flesh * light  # however bright the teeth beside it
    lit += alpha * tones.veil * np.clip(1 - (lit @ LUMA)[..., None] / (tones.skin * tones.teeth), 0, 1)
    painted = np.concatenate([lit, 255 * alpha], axis=2)
    if match is not None:
        own = np.stack([np.interp(row.along, STATIONS, each) for each in match.gains.T], axis=1)
        painted[..., :3] *= 1 + (own - 1) * row.tooth[..., None] + (match.gum - 1) * row.gum[..., None]
        column, line = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in painted.shape[1::-1]))
        edge = row.line(np.zeros(1, np.float32))
        line -= edge + (np.interp(row.along, STATIONS, match.raised) * row.scale).astype(np.float32)
        long, by = (length * row.scale for length in match.shorter)
        line = (edge + line + by * np.clip(line / (long - by), 0, 1)).astype(np.float32)  # of the gum no less is left
        painted = cv2.remap(painted.astype(np.float32), column, line, cv2.INTER_LINEAR)
    return np.round(np.clip(painted, 0, 255)).astype(np.uint8)
