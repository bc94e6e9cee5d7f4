"""How much of a person goes along when the head does.

Who sways a little leans from the waist; who walks takes the whole body along. So the farther a motion goes, the farther down
and to the sides it reaches, and the body is never bent more sharply.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vivify.animate.patch import Window
from vivify.arrays import Float
from vivify.depth.head import HeadFrame
from vivify.easing import smoothstep

# In eye distances from the middle of the face, upright, where the head goes one eye distance; and more for each one more.
_SIDE, _UP, _DOWN = 3.1, 3.3, 3.7
_MORE_SIDE, _MORE_UP, _MORE_DOWN = 3.6, 2.1, 3.3
_FADE = 1.6  # over which going along fades to the sides and upwards


@dataclass(frozen=True)
class Reach:
    """Eye distances from the middle of the face, upright. ``side``, ``up``, ``down``: from where on nothing moves.

    ``fade``: over which going along fades to nothing there, but downwards, where it fades from the chin on.
    """

    side: float
    up: float
    down: float
    fade: float

    @classmethod
    def of(cls, lean: float) -> Reach:
        """``lean``: how far the head goes at most, in eye distances; at least 1."""
        more = lean - 1
        return cls(_SIDE + more * _MORE_SIDE, _UP + more * _MORE_UP, _DOWN + more * _MORE_DOWN, _FADE * lean)

    def window(self, head: HeadFrame, shape: tuple[int, ...]) -> Window:
        """The part of a photo of ``shape`` (H, W, ...) that may move with ``head``, which is in photo pixels."""
        angle = np.radians(head.roll)
        right, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        corners = [
            head.origin[:2] + (u * right + v * down) * head.unit
            for u in (-self.side, self.side)
            for v in (-self.up, self.down)
        ]
        low, high = np.floor(np.min(corners, axis=0)).astype(int), np.ceil(np.max(corners, axis=0)).astype(int)
        return Window(max(0, int(low[0])), max(0, int(low[1])), min(shape[1], int(high[0])), min(shape[0], int(high[1])))

    def share(self, u: Float, v: Float, chin: float) -> Float:
        """How much places ``u`` right of and ``v`` below the face's middle go along with the head: 0..1. ``chin``: its v."""
        down = 1 - smoothstep((v - chin) / (self.down - chin))
        aside = 1 - smoothstep((np.abs(u) - np.float32(self.side - self.fade)) / self.fade)
        up = 1 - smoothstep((-v - np.float32(self.up - self.fade)) / self.fade)
        return np.asarray(down * aside * up, np.float32)
