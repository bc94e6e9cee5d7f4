"""How skull and jaw stand at one frame, and where that puts each row of teeth on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.mouth.anatomy import EYES_APART, JAW_LEVER
from vivify.animate.mouth.arches import Row
from vivify.arrays import Float
from vivify.depth.head import HeadFrame, Turn

Matrix = NDArray[np.float64]

# In millimetres.
_BEHIND_LIP = 3.0
_OVERJET, _JAW_BACK = 2.6, 0.14  # the lower row lies this far behind the upper, and farther for each millimetre it drops
_ALONG = np.linspace(-47, 47, 189, dtype=np.float32)
_TABLE = 256
# Of a turned head's arch the far side lies less deep by this: lips lie on teeth, and those of the mesh are as much flatter.
_FAR_SIDE = 0.65
_TURNED = 0.45  # how much darker teeth are that are seen along their surface


@dataclass(frozen=True)
class View:
    """One frame's mouth. The screen is measured along two axes of its own, in pixels from the upper lip's place in the
    photo as the skull carries it: ``across`` (2,) and ``down`` (2,), the way the teeth point.

    ``axes``: (2, 3), what a millimetre to the right, down and back becomes in the picture. ``skull``, ``jaw``: (2, 3), the
    same along those two axes, for a mouth of this size. ``upper``, ``lower``: (2,), where the rows' edges are.
    ``parted``: millimetres between the two.
    """

    anchor: Matrix
    across: Matrix
    down: Matrix
    axes: Matrix
    skull: Matrix
    jaw: Matrix
    upper: Matrix
    lower: Matrix
    parted: float

    @classmethod
    def of(cls, lip: Matrix, head: HeadFrame, turn: Turn, bite: Float, size: float) -> View:
        """``lip``: (2,), where the skull has the upper lip's inner edge of the photo, region pixels; ``bite``: (3,), see
        ``vivify.motion.bite``; ``size``: of this mouth, 1 is average.
        """
        millimetre = head.unit / EYES_APART * turn.zoom
        axes = (turn.rotation @ head.rotation * millimetre)[:2]
        down = axes[:, 1] / np.linalg.norm(axes[:, 1])
        across = np.array([down[1], -down[0]])
        skull = np.stack([across, down]) @ axes
        upper_y, lower_y, slide = bite.astype(float) * EYES_APART
        parted = max(0.0, lower_y - upper_y)
        swing = np.clip(parted / JAW_LEVER, 0, 0.5)
        open_jaw = np.array([[1, 0, 0], [0, np.cos(swing), -np.sin(swing)], [0, np.sin(swing), np.cos(swing)]])
        behind = _BEHIND_LIP + _OVERJET + _JAW_BACK * parted
        return cls(
            anchor=lip,
            across=across,
            down=down,
            axes=axes,
            skull=skull * size,
            jaw=skull @ open_jaw * size,
            upper=skull @ np.array([0, upper_y, _BEHIND_LIP]),
            lower=skull @ np.array([slide, lower_y, behind]),
            parted=float(parted),
        )

    @cached_property
    def millimetre(self) -> float:
        """Pixels."""
        return float(self.skull[1, 1])

    def beside_lip(self, x: float, y: float) -> Matrix:
        """(2, 3): millimetres to the right and down in the picture, and where the place ``x``, ``y`` millimetres from the
        lip's own is.
        """
        sideways, down = self.axes[:, 0], self.axes[:, 1]
        return np.stack([sideways, down, self.anchor + x * sideways + y * down], axis=1)

    def grid(self, x: Float, y: Float) -> tuple[Float, Float]:
        """Along ``across`` and ``down``, for pixels ``x`` (1, w), ``y`` (h, 1): each (h, w)."""
        dx, dy = x - np.float32(self.anchor[0]), y - np.float32(self.anchor[1])
        (ax, ay), (bx, by) = self.across.astype(np.float32), self.down.astype(np.float32)
        return ax * dx + ay * dy, bx * dx + by * dy

    def place(self, row: Row, a: Float, b: Float, *, upper: bool) -> tuple[Float, Float, Float]:
        """For screen places ``a``, ``b``: (h, w) each: arc length along ``row``, height above its edge, millimetres, and how
        bright what is seen there is for how far it faces the viewer, 0..1.

        Seen from the front an arch hides what lies behind its sides: there the arc length is far beyond its end.
        """
        basis, origin = (self.skull, self.upper) if upper else (self.jaw, self.lower)
        x, z = row.arch.points(_ALONG)
        aside = z * basis[0, 2]
        screen_a = x * basis[0, 0] + aside * np.where(aside * x < 0, _FAR_SIDE, 1) + origin[0]
        screen_b = x * basis[1, 0] + z * basis[1, 2] + origin[1]
        seen = _front(screen_a)
        table_a = np.linspace(screen_a[seen][0], screen_a[seen][-1], _TABLE)
        facing = np.clip(np.gradient(screen_a, _ALONG) / self.millimetre, 0, 1)
        light = 1 - _TURNED * (1 - facing) ** 4
        table = np.stack([np.interp(table_a, screen_a[seen], v[seen]) for v in (_ALONG, screen_b, light)], axis=-1).astype(
            np.float32
        )
        step = (table_a[-1] - table_a[0]) / (_TABLE - 1)
        where = ((a - np.float32(table_a[0])) / np.float32(step)).astype(np.float32)
        flat = (1e3, 0.0, 0.0)
        found = cv2.remap(
            table[None], where, np.zeros_like(where), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=flat
        )
        along = np.asarray(found[..., 0], np.float32)
        height = np.asarray((found[..., 1] - b) / np.float32(basis[1, 1]), np.float32)
        return along, height if upper else -height, np.asarray(found[..., 2], np.float32)


def _front(screen: NDArray[np.floating]) -> slice:
    """The stretch around the middle over which ``screen`` rises: the part of an arch that faces the viewer."""
    middle = len(screen) // 2
    rising = np.diff(screen) > 1e-3
    right = middle + int(np.argmin(np.append(rising[middle:], False)))
    left = middle - int(np.argmin(np.append(rising[:middle][::-1], False)))
    return slice(left, right + 1)
