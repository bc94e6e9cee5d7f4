"""Breath: shoulders and chest sink and rise all the time, at each person's own rate.

Of 20 filmed people who sit before a still camera the chest goes up and down by .007 to .035 eye distances (quartiles; the
median is .014) that the head does not explain. Ours goes as far as that of those who breathe deepest, so that it is seen.
Nobody breathes twice alike: a breath that takes longer is deeper by as much, air flows as fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from vivify.arrays import Float
from vivify.easing import smoothstep
from vivify.motion.template import easing

_SECONDS = (3.6, 4.6)  # for a usual one: 13 to 17 a minute
_SHORTEST, _LONGEST = 0.7, 1.3  # parts of that which a single one takes
_IN, _OUT = 0.4, 0.5  # parts of that; for the rest the chest stays empty
_SETS_IN = 1.6  # seconds from the photo to breathing, and back
_SINKS = 0.038  # eye distances that an empty chest is lower than at its fullest


@dataclass(frozen=True)
class Breath:
    """``seconds``: of a usual one; ``begun``: 0..1, how much of one is over when a clip begins; ``seed``: of what varies."""

    seconds: float
    begun: float
    seed: int

    @classmethod
    def of(cls, rng: np.random.Generator) -> Self:
        """Somebody's."""
        return cls(rng.uniform(*_SECONDS), rng.uniform(), int(rng.integers(2**32)))

    def chest(self, frames: range, count: int, fps: float, *, both_ends: bool) -> Float:
        """(len(frames), 2): where the chest is during ``frames`` of ``count``, as Motion has it; ``both_ends``: and back.

        The photo's chest counts as full: one that the picture's lower border cuts off then never rises from there, and shows
        nothing that is not known.
        """
        at = np.array(frames) / (self.seconds * fps) + self.begun
        most = int(at[-1] / _SHORTEST) + 1
        lengths = np.random.default_rng(self.seed).uniform(_SHORTEST, _LONGEST, most)
        ends = np.cumsum(lengths)
        this = np.searchsorted(ends, at, side="right")
        part = 1 - (ends[this] - at) / lengths[this]
        full = lengths[this] / _LONGEST * (smoothstep(part / _IN) - smoothstep((part - _IN) / _OUT))
        sunk = _SINKS * (1 - full) * easing(frames, count, fps, both_ends=both_ends, over=_SETS_IN)
        return np.column_stack([np.zeros(len(frames)), sunk]).astype(np.float32)
