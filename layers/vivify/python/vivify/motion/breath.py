"""Breath: shoulders and chest sink and rise all the time, at each person's own rate.

Of 20 filmed people who sit before a still camera the chest goes up and down by .007 to .035 eye distances (quartiles; the
median is .014) that the head does not explain. Ours goes as far as that of those who breathe deepest, so that it is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from vivify.arrays import Float
from vivify.easing import smoothstep
from vivify.motion.template import easing

_SECONDS = (3.6, 4.6)  # for one: 13 to 17 a minute
_IN, _OUT = 0.4, 0.5  # parts of that; for the rest the chest stays empty
_SETS_IN = 1.2  # seconds from the photo to breathing, and back
_SINKS = 0.032  # eye distances that an empty chest is lower than a full one


@dataclass(frozen=True)
class Breath:
    """``seconds``: of one; ``begun``: 0..1, how much of one is over when a clip begins."""

    seconds: float
    begun: float

    @classmethod
    def of(cls, rng: np.random.Generator) -> Self:
        """Somebody's."""
        return cls(rng.uniform(*_SECONDS), rng.uniform())

    def chest(self, frames: range, count: int, fps: float, *, both_ends: bool) -> Float:
        """(len(frames), 2): where the chest is during ``frames`` of ``count``, as Motion has it; ``both_ends``: and back.

        The photo's chest counts as full: one that the picture's lower border cuts off then never rises from there, and shows
        nothing that is not known.
        """
        part = (np.array(frames) / (self.seconds * fps) + self.begun) % 1
        full = smoothstep(part / _IN) - smoothstep((part - _IN) / _OUT)
        sunk = _SINKS * (1 - full) * easing(frames, count, fps, both_ends=both_ends, over=_SETS_IN)
        return np.column_stack([np.zeros(len(frames)), sunk]).astype(np.float32)
