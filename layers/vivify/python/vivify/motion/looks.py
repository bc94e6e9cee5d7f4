"""Looks: eyes that rest on a viewer never stand still, they jump from one point of that face to the next.

Of 41 filmed people those who look into the camera have gaze aside by .009 to .02 eye widths (rms), up and down by .004 to
.008, and jump by .02 or more every one to five seconds. Over a blink eyes go twice as far as in as much time elsewhere (.036
eye widths, .017): lids that open again show them looking elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float
from vivify.easing import smoothstep

_LASTS = (0.6, 2.6)  # seconds for which eyes rest
_FARTHEST = np.array([0.03, 0.012])  # eye widths from where the photo looks: aside, up and down
_JUMPS = 0.04  # seconds that they take to get there


@dataclass(frozen=True)
class Looks:
    """``ends``: (N,) seconds of a clip at which eyes leave for elsewhere; ``places``: (N + 1, 2), where they rest."""

    ends: NDArray[np.float64]
    places: NDArray[np.float64]

    @classmethod
    def of(cls, rng: np.random.Generator, seconds: float, blinks: Sequence[float]) -> Self:
        """Somebody's, during so many ``seconds``, in which the eyes are shut at the times of ``blinks``."""
        own = np.cumsum(rng.uniform(*_LASTS, int(seconds / _LASTS[0]) + 1))
        ends = np.sort(np.concatenate([own, blinks]))
        places = rng.uniform(-_FARTHEST, _FARTHEST, (len(ends) + 1, 2))
        places[0] = 0  # as in the photo
        return cls(ends, places)

    def gaze(self, frames: range, fps: float) -> Float:
        """(len(frames), 2): where both eyes look during ``frames``, as Motion has it."""
        now = np.array(frames) / fps
        left = np.searchsorted(self.ends, now, side="right")  # how many places have been left
        before, here = self.places[np.maximum(left - 1, 0)], self.places[left]
        since = now - self.ends[np.maximum(left - 1, 0)]
        return np.asarray(before + (here - before) * smoothstep(since / _JUMPS)[:, None], np.float32)
