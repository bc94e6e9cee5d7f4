"""Small pictures laid over a frame inside a moving polygon."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float, Pixels
from vivify.depth.raster import filled

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class Window:
    """A rectangle of a frame: x0, y0 inclusive, x1, y1 exclusive, in the frame's pixels."""

    x0: int
    y0: int
    x1: int
    y1: int

    @classmethod
    def around(cls, points: Float, margin: float, shape: tuple[int, ...]) -> Window | None:
        """The window that holds ``points`` (N, 2) and ``margin`` pixels around them, or None if it is outside the frame."""
        x0, y0 = np.floor(points.min(axis=0) - margin).astype(int)
        x1, y1 = np.ceil(points.max(axis=0) + margin).astype(int) + 1
        x0, y0 = max(0, int(x0)), max(0, int(y0))
        x1, y1 = min(shape[1], int(x1)), min(shape[0], int(y1))
        return cls(x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None

    @classmethod
    def over(cls, windows: Iterable[Window]) -> Window:
        """The smallest window that holds all of ``windows``, of which there is at least one."""
        x0, y0, x1, y1 = zip(*((w.x0, w.y0, w.x1, w.y1) for w in windows), strict=True)
        return cls(min(x0), min(y0), max(x1), max(y1))

    def overlap(self, other: Window) -> Window | None:
        """What lies in both, or None."""
        x0, y0 = max(self.x0, other.x0), max(self.y0, other.y0)
        x1, y1 = min(self.x1, other.x1), min(self.y1, other.y1)
        return Window(x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None

    def seen_from(self, other: Window) -> Window:
        """This window in pixels of ``other``, whose corner becomes the origin."""
        return Window(self.x0 - other.x0, self.y0 - other.y0, self.x1 - other.x0, self.y1 - other.y0)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.x1 - self.x0, self.y1 - self.y0

    @property
    def corner(self) -> Float:
        return np.array([self.x0, self.y0], np.float32)

    def of(self, picture: NDArray[T]) -> NDArray[T]:
        """The view of ``picture`` in this window; writing to it writes to the picture."""
        return picture[self.y0 : self.y1, self.x0 : self.x1]


@dataclass(frozen=True)
class Patch:
    """A small picture for a frame. ``colour``: (h, w, 3) float32, 0..255; ``alpha``: (h, w) float32, 1 hides the frame."""

    window: Window
    colour: Float
    alpha: Float

    def lay_over(self, frame: Pixels, view: Window | None = None) -> None:
        """Blends the patch into ``frame`` (H, W, 3), in place; ``view``: the part of the frame that is given, if not all."""
        seen = view or Window(0, 0, frame.shape[1], frame.shape[0])
        both = self.window.overlap(seen)
        if both is None:
            return
        under = both.seen_from(seen).of(frame)
        own = both.seen_from(self.window)
        colour, alpha = own.of(self.colour), own.of(self.alpha)[..., None]
        base = under.astype(np.float32)
        under[...] = np.clip(base + (colour - base) * alpha + 0.5, 0, 255).astype(np.uint8)


def polygon_mask(window: Window, polygon: Float, softness: float) -> Float:
    """(h, w) float32 in 0..1: 1 inside ``polygon`` (N, 2) frame pixels, its edge ``softness`` pixels soft."""
    mask = filled(polygon - window.corner, window.size)
    soft = cv2.GaussianBlur(mask, (0, 0), softness) if softness > 0.3 else mask
    return np.asarray(soft, np.float32) / 255.0


def similarity(a0: Float, a1: Float, b0: Float, b1: Float) -> NDArray[np.float64]:
    """(2, 3): the similarity that takes the points ``a0``, ``a1`` to ``b0``, ``b1`` (each (2,))."""
    za, zb = complex(*(a1 - a0)), complex(*(b1 - b0))
    z = zb / za
    linear = np.array([[z.real, -z.imag], [z.imag, z.real]])
    return np.concatenate([linear, (b0 - linear @ a0)[:, None]], axis=1)
