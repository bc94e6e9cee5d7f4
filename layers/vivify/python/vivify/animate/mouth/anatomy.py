"""The sizes of teeth and jaws, in millimetres: averages of adults, and of small children's first teeth.

Crowns: the table of average dimensions in Wheeler's Dental Anatomy, Physiology and Occlusion (Nelson, Ash), as widths
between the contacts and lengths from the neck to the edge. Arches: ellipses with the breadth and depth over the outer
surfaces that those widths add up to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vivify.arrays import Float

EYES_APART: Final = 63.0
"""Between the centres of the eyes: what makes millimetres of eye distances."""


@dataclass(frozen=True)
class Crown:
    """One tooth as seen from outside. ``raised``: how far its edge stays above the arch's longest.

    ``neck``: its width at the gum, in parts of ``width``. ``mesial``, ``distal``: the radii of its corners towards and away
    from the middle. ``cusp``: how far its sides fall back from its tip. ``thick``: from outside to inside at the edge.
    """

    width: float
    length: float
    raised: float
    neck: float
    mesial: float
    distal: float
    cusp: float
    thick: float


# From the middle outwards: two incisors, the canine, two premolars, two molars.
UPPER: Final = (
    Crown(8.5, 10.6, 0.0, 0.80, 0.8, 1.6, 0.1, 1.4),
    Crown(6.6, 9.2, 0.7, 0.76, 1.0, 1.8, 0.2, 1.4),
    Crown(7.6, 10.2, 0.1, 0.74, 1.8, 2.2, 1.4, 2.4),
    Crown(7.0, 8.6, 0.8, 0.76, 1.8, 2.0, 1.2, 5.5),
    Crown(7.0, 8.2, 1.1, 0.78, 1.7, 1.9, 0.9, 6.0),
    Crown(10.0, 7.5, 1.4, 0.80, 2.4, 2.6, 0.7, 8.0),
    Crown(9.2, 7.0, 1.8, 0.80, 2.4, 2.6, 0.6, 8.0),
)
LOWER: Final = (
    Crown(5.2, 8.8, 0.0, 0.70, 0.6, 0.8, 0.0, 1.4),
    Crown(5.7, 9.2, 0.1, 0.70, 0.7, 1.1, 0.1, 1.4),
    Crown(6.9, 10.4, -0.3, 0.72, 2.0, 2.4, 1.3, 2.2),
    Crown(7.0, 8.5, 0.2, 0.74, 2.2, 2.4, 1.2, 5.0),
    Crown(7.1, 8.0, 0.5, 0.76, 2.2, 2.4, 0.8, 6.2),
    Crown(11.0, 7.5, 0.7, 0.82, 2.4, 2.6, 0.6, 8.6),
    Crown(10.4, 7.0, 0.9, 0.82, 2.4, 2.6, 0.5, 8.4),
)
_CHILDS_EYES = 48.0  # millimetres apart; what follows is as a face with an adult's would have it


def _milk(width: float, length: float, like: Crown) -> Crown:
    """A first tooth: of the shape of the one that follows it, squatter."""
    larger = EYES_APART / _CHILDS_EYES
    return replace(like, width=width * larger, length=length * larger, raised=like.raised / 2, cusp=like.cusp / 2)


# Five to a side: two incisors, the canine, two molars.
MILK_UPPER: Final = tuple(map(_milk, (6.5, 5.1, 7.0, 7.3, 8.2), (6.0, 5.6, 6.5, 5.1, 5.7), UPPER))
MILK_LOWER: Final = tuple(map(_milk, (4.2, 4.1, 5.0, 7.7, 9.9), (5.0, 5.2, 6.0, 6.0, 5.5), LOWER))


# An ellipse's power; 1 is one. Canines stand 35 mm apart above and 27 below, as people's do; in an ellipse 33 and 26.
_FULL: Final = 2 / 2.4


@dataclass(frozen=True)
class Arch:
    """The line of the outer surfaces of one row of teeth, seen from above: half a full ellipse, its front at the origin."""

    half_width: float
    depth: float

    def points(self, along: Float) -> tuple[Float, Float]:
        """Sideways and backwards, x and z, at the arc lengths ``along``, signed, 0 at the front."""
        angle = np.linspace(0, 1.5, 400)
        x, z = self.half_width * np.sin(angle) ** _FULL, self.depth * (1 - np.cos(angle) ** _FULL)
        length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
        side = np.abs(along)
        return (
            (np.sign(along) * np.interp(side, length, x)).astype(np.float32),
            np.interp(side, length, z).astype(np.float32),
        )


UPPER_ARCH: Final = Arch(29.5, 44.0)
LOWER_ARCH: Final = Arch(26.5, 41.0)

TONGUE_HALF_WIDTH: Final = 22.0
JAW_LEVER: Final = 95.0
"""From the lower incisors to the joint the jaw turns about."""
