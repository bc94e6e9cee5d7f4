"""How much of a person goes along when the head does: what filmed people do (infra/decisions/0020).

Above the jaw all turns with the head. Below it a neck turns a quarter of the way, less and less, while collars, shoulders
and the hair that lies on them stay. Where a head goes, neck and body go along: a third of the way of who hardly sways, all
of it of who walks. So the farther a motion goes, the farther down and to the sides it reaches, and the body is never bent
more sharply; a body that the picture's lower border cuts off goes along down to there. With a breath shoulders and chest go.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vivify.animate.patch import Window
from vivify.arrays import Float
from vivify.depth.head import HeadFrame
from vivify.easing import smoothstep

# In eye distances.
_UNDER_CHIN, _JAW_RISES, _JAW_ENDS = 0.3, 0.85, 1.2  # below the chin: half the way from head to neck; higher; so far aside
_JAW_SOFT = 0.95  # over which a head goes over into neck and hair
_NECK, _NECK_LONG, _NECK_WIDE = 0.27, 1.25, 3.0  # the share in which necks turn, fading to nothing so far below and aside
_HEAD_SIDE, _HEAD_FADE = 2.1, 0.9  # of the middle of the face: farther aside is not of this head; so it fades, upwards too
_BODY, _BODY_MORE = 0.3, 0.6  # the share of the way that bodies go: at least; and more for each eye distance of it

# In eye distances from the middle of the face, upright, where the head goes one eye distance at most; and for each one more.
# Hair that nothing cuts off ends 2.6 above the middle (median of 210 heads), on nine of ten lower than 3.1.
_SIDE, _UP, _DOWN = 3.1, 4.0, 4.0
_MORE_SIDE, _MORE_UP, _MORE_DOWN = 3.6, 2.1, 3.3
_FADE = 1.6  # over which going along fades to the sides
_BENDS, _STAYS = 2.1, 0.3  # downwards it fades from here on, and nothing moves any more so far above the end
_COLLAR, _CHEST = 0.2, 1.2  # below the chin: from where on a breath is seen, and wholly
_BREATH_FADE = 0.9  # over which it fades to the sides


def _of_head(u: Float, below: Float) -> Float:
    """1 on the head, 0 on neck and body, between across the line of the jaw. ``below``: the chin."""
    jaw = _UNDER_CHIN - _JAW_RISES * smoothstep(np.abs(u) / _JAW_ENDS)
    return 1 - smoothstep((below - jaw) / _JAW_SOFT + 0.5)


@dataclass(frozen=True)
class Reach:
    """Eye distances from the middle of the face, upright. ``side``, ``up``, ``down``: from where on nothing moves.

    ``fade``: over which going along fades to nothing to the sides. ``body``: 0..1, the share of the head's way that neck
    and body go. ``cut``: whether the picture's lower border cuts off the body before ``down``.
    """

    side: float
    up: float
    down: float
    fade: float
    body: float
    cut: bool = False

    @classmethod
    def of(cls, lean: float, body: float | None = None, *, cut: bool = False) -> Reach:
        """``lean``: how far the head goes at most, in eye distances; the rest as above, ``body`` None for people's usual."""
        more = max(0.0, lean - 1)
        usual = min(1.0, _BODY + _BODY_MORE * lean)
        return cls(
            _SIDE + more * _MORE_SIDE,
            _UP + more * _MORE_UP,
            _DOWN + more * _MORE_DOWN,
            _FADE * (1 + more),
            usual if body is None else body,
            cut,
        )

    def window(self, head: HeadFrame, picture: Window) -> Window:
        """The part of ``picture`` that may move with ``head``; both in photo pixels."""
        angle = np.radians(head.roll)
        right, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        corners = [
            head.origin[:2] + (u * right + v * down) * head.unit
            for u in (-self.side, self.side)
            for v in (-self.up, self.down)
        ]
        low, high = np.floor(np.min(corners, axis=0)).astype(int), np.ceil(np.max(corners, axis=0)).astype(int)
        return Window(
            max(picture.x0, int(low[0])),
            max(picture.y0, int(low[1])),
            min(picture.x1, int(high[0])),
            min(picture.y1, int(high[1])),
        )

    def turning(self, u: Float, v: Float, chin: float) -> Float:
        """How much places ``u`` right of and ``v`` below the face's middle turn with the head: 0..1. ``chin``: its v."""
        head = _of_head(u, v - chin)
        neck = _NECK * (1 - smoothstep((v - chin) / _NECK_LONG)) * (1 - smoothstep(np.abs(u) / _NECK_WIDE))
        aside = 1 - smoothstep((np.abs(u) - _HEAD_SIDE) / _HEAD_FADE)
        return np.asarray((head + (1 - head) * neck) * aside * self._up(v), np.float32)

    def share(self, u: Float, v: Float, chin: float) -> Float:
        """How much places ``u`` right of and ``v`` below the face's middle go along with the head: 0..1. ``chin``: its v."""
        head = _of_head(u, v - chin)
        aside = 1 - smoothstep((np.abs(u) - np.float32(self.side - self.fade)) / self.fade)
        return np.asarray((head + (1 - head) * self.body) * self._down(v) * aside * self._up(v), np.float32)

    def chest(self, u: Float, v: Float, chin: float) -> Float:
        """How much places ``u`` right of and ``v`` below the face's middle go with the chest: 0..1. ``chin``: its v."""
        below = smoothstep((v - chin - _COLLAR) / (_CHEST - _COLLAR))
        aside = 1 - smoothstep((np.abs(u) - np.float32(self.side - _BREATH_FADE)) / _BREATH_FADE)
        return np.asarray(below * aside * self._down(v), np.float32)

    def _up(self, v: Float) -> Float:
        """0..1: all of a head goes as one, up to its hair's ends; fading to nothing where the region ends."""
        return np.asarray(1 - smoothstep((-v - np.float32(self.up - _HEAD_FADE)) / _HEAD_FADE), np.float32)

    def _down(self, v: Float) -> Float:
        """0..1: fading to nothing where the region ends, unless the body goes on beyond the picture."""
        return np.ones_like(v) if self.cut else 1 - smoothstep((v - _BENDS) / (self.down - _STAYS - _BENDS))
