"""The form of a mouth that opens wide: of the line that shut lips meet in, motions measured on others make a hexagon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vivify.arrays import Float
from vivify.easing import smoothstep

# The inner lips of 56 filmed people's mouths wide open, landmark by landmark from the right corner along the upper lip: how
# far from the middle, in halves of the width; how far from the height of the corners to that of either lip.
_HALF = np.array([1.0, 0.86, 0.71, 0.52, 0.29, 0.0], np.float32)
_ASIDE = np.concatenate([-_HALF, _HALF[-2::-1], _HALF[1:], -_HALF[-2:0:-1]])
_UP, _DOWN = (
    np.array([0.0, *rise, 1.0, *rise[::-1], 0.0], np.float32) for rise in ((0.40, 0.68, 0.90, 1.0), (0.33, 0.56, 0.78, 0.93))
)
_CORNERS = 0.40  # of the way from the upper lip's middle to the lower's
USUAL = np.column_stack([_ASIDE, np.concatenate([_CORNERS * (1 - _UP), _CORNERS + (1 - _CORNERS) * _DOWN[1:-1]])])
"""(20, 2) float32, the form: halves of the width to the right, and the part of the way from the upper to the lower lip."""
_FROM, _ROUND = 0.15, 0.4  # of its width, that a mouth opens and begins to have it, and has it


@dataclass(frozen=True)
class Opening:
    """What is between the lips, frame by frame, evened out left and right.

    ``even``: (T, 20, 2), its edge (INNER_LIPS) to the right of and below the middle between the corners, in halves of the
    width; ``axes``: (T, 2, 2), what these two are.
    """

    even: Float
    axes: Float

    @classmethod
    def of(cls, place: Float) -> Opening:
        """``place``: (T, 20, 2), where the edge is."""
        middle, across = (place[:, 10] + place[:, 0]) / 2, (place[:, 10] - place[:, 0]) / 2
        axes = np.stack([across, across[:, ::-1] * (-1, 1)], axis=1)  # right and down, each half the width long
        own = np.einsum("tpc,tac->tpa", place - middle[:, None], axes) / np.sum(across**2, axis=1)[:, None, None]
        even = (own + own[:, (10 - np.arange(20)) % 20] * (-1, 1)) / 2
        return cls(even.astype(np.float32), axes.astype(np.float32))

    @property
    def high(self) -> Float:
        """(T,): from the upper lip's middle to the lower's, in widths."""
        return np.asarray((self.even[:, 15, 1] - self.even[:, 5, 1]) / 2, np.float32)

    def form(self) -> Float:
        """(T, 20, 2), as ``USUAL``, which it is of a mouth that hardly opens."""
        told = smoothstep(self.high / _FROM)[:, None, None]
        down = (self.even[..., 1] - self.even[:, 5:6, 1]) / np.maximum(2 * self.high, 1e-3)[:, None]
        return np.asarray((1 - told) * USUAL + told * np.stack([self.even[..., 0], down], axis=2), np.float32)

    def change(self, form: Float, before: float) -> Float:
        """(T, 20, 2): what brings the edge to ``form`` (..., 20, 2) as far as it opened from ``before``, that high in the
        unit of places; both middles stay at their height.
        """
        opened = self.high - before / (2 * np.linalg.norm(self.axes[:, 0], axis=1))
        part = smoothstep((opened - _FROM) / (_ROUND - _FROM))[:, None, None]
        top, bottom = self.even[:, 5, 1:], self.even[:, 15, 1:]
        wanted = np.stack(np.broadcast_arrays(form[..., 0], top + form[..., 1] * (bottom - top)), axis=2)
        return np.asarray(np.einsum("tpa,tac->tpc", part * (wanted - self.even), self.axes), np.float32)
