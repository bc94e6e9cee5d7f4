"""Whose each place is in a photo of several people.

A place belongs to the person whose head is nearest, counted in that head's own eye distances, so that a child beside an
adult keeps its face and leaves the adult's alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vivify.arrays import Float
from vivify.depth.head import HeadFrame
from vivify.easing import smoothstep

# In eye distances.
_CROWN, _CHIN = -1.2, 0.5  # where the line down the middle of a head begins and ends, from the middle of the face
_CALM = 0.4  # what lies between two people moves less and less towards the middle
_FACE = 1.0  # from the line down its middle: so far a face reaches
_SEAM = 0.3  # across which one person's picture goes over into another's
_TOUCHING, _OUT_OF_REACH = 1.25, 2.0  # between the middles of two heads, in both their eye distances together


@dataclass(frozen=True)
class Territory:
    """Of the person with ``head``, among ``others``; all in pixels of one region."""

    head: HeadFrame
    others: Sequence[HeadFrame] = ()

    @property
    def crowded(self) -> float:
        """How near the next head is, 0 out of reach, 1 touching."""
        apart = [np.linalg.norm(o.origin[:2] - self.head.origin[:2]) / (o.unit + self.head.unit) for o in self.others]
        return float(np.clip((_OUT_OF_REACH - min(apart, default=np.inf)) / (_OUT_OF_REACH - _TOUCHING), 0, 1))

    def freedom(self, places: Float) -> Float:
        """How freely ``places`` (..., 2) may move with this person: (...) float32, 0 where they are another's, up to 1."""
        return smoothstep(self._lead(places) / _CALM)

    def share(self, shape: tuple[int, ...]) -> Float:
        """This person's share in the picture of a region of ``shape``, (H, W) float32 in 0..1: two people's add to 1."""
        return smoothstep(self._lead(_everywhere(shape)) / _SEAM + 0.5)

    def faces(self, shape: tuple[int, ...]) -> Float:
        """Where in a region of ``shape`` the others' faces are, (H, W) float32 in 0..1."""
        return 1 - smoothstep((self._to_next(_everywhere(shape)) - _FACE) / _SEAM)

    def _to_next(self, places: Float) -> Float:
        """How many eye distances ``places`` (..., 2) are from the next head, in its own."""
        return np.asarray(np.min([_away(other, places) for other in self.others], axis=0, initial=np.inf), np.float32)

    def _lead(self, places: Float) -> Float:
        """By how many eye distances ``places`` (..., 2) are nearer to this head than to the next."""
        return self._to_next(places) - _away(self.head, places)


def _everywhere(shape: tuple[int, ...]) -> Float:
    """(H, W, 2) float32: the places of all pixels."""
    row, column = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return np.stack([column, row], axis=-1)


def _away(head: HeadFrame, places: Float) -> Float:
    """How far ``places`` (..., 2) are from the line down the middle of ``head``, in its eye distances."""
    u, v = head.upright(places[..., 0], places[..., 1])
    return np.asarray(np.hypot(u, v - np.clip(v, _CROWN, _CHIN)), np.float32)
