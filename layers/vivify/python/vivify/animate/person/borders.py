"""Where the picture ends, and what of a person it cuts off: beyond its borders there is nothing that could be shown."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vivify.animate.patch import Window
from vivify.arrays import Float, Pixels, most
from vivify.depth.head import HeadFrame
from vivify.easing import smoothstep

# In eye distances.
_HEAD_HALF = 1.2  # from a head's middle to brow, chin and ears: hair above, shoulders below may be cut off
_FACE = (1.0, 1.0, 1.0, 1.1)  # from its middle to what of a face must be seen: left, right, up, down
_BORDER, _HELD = 0.2, 0.8  # nearer to the picture's border nothing moves away from it; freely from both together on
_THROUGH = 0.1  # of a face: what reaches farther beyond a border is cut through
_OPAQUE = 0.2  # of the matte: what is denser than this is seen to be cut off
_AROUND = 0.8  # along the border from where it cuts a person off
_LOCK = 0.6  # wide: what touches a border along less than this is the tip of a lock

# Of 750 pictures these tell bars and the white margins of scans from plain walls, which end nowhere at a straight line.
_PLAIN, _OTHER = 16, 24  # levels off a bar's tone: paper, noise; picture
_SPECKS, _ACROSS = 0.02, 1 / 3  # of a line of it: of a bar at most; of the picture's first at least
_SOFT_END = 3  # lines from the one to the other


def within_bars(photo: Pixels, face: Float) -> Window:
    """Where the picture is in ``photo`` (H, W, 3) uint8: all but bars and margins of one tone along its sides, which end
    before the ``face`` (N, >=2), photo pixels.

    What a bar cuts off ends there as it does at a border: hair that went on across one was torn off from what stayed.
    """
    height, width = photo.shape[:2]
    x0, y0 = np.maximum(np.floor(face[:, :2].min(axis=0)), 0).astype(int)
    x1, y1 = np.ceil(face[:, :2].max(axis=0)).astype(int) + 1
    upright, lying = photo, photo.transpose(1, 0, 2)
    right, below = width - _bar(lying[x1:][::-1]), height - _bar(upright[y1:][::-1])
    return Window(_bar(lying[:x0]), _bar(upright[:y0]), right, below)


def _bar(lines: Pixels) -> int:
    """How many of ``lines`` (N, M, 3) uint8, the first at the border, are a bar, with the line where it ends softly."""
    tone = np.median(lines[:1], axis=(0, 1)).astype(np.int16) if len(lines) else 0

    def share(line: int, levels: int) -> float:
        return float(np.mean(most(np.abs(lines[line] - tone)) > levels))

    plain = next((line for line in range(len(lines) - _SOFT_END) if share(line, _PLAIN) > _SPECKS), 0)
    ends = range(plain, plain + _SOFT_END) if plain else ()
    return next((line + 1 for line in ends if share(line, _OTHER) > _ACROSS), 0)


def without_tips(matte: Float, unit: float) -> Float:
    """``matte`` (H, W) of a region without tips of hair that only just reach a side or its upper border, which may be the
    picture's.

    Held there, a lock would be drawn out to a horn when the head goes away; so it goes along and ends where the picture did.
    ``unit``: pixels of an eye distance.
    """
    left = matte.copy()
    lock = np.ones((1, 2 * round(_LOCK / 2 * unit) + 1), np.uint8)
    for border in (np.s_[:1], np.s_[:, :1], np.s_[:, -1:]):
        seen = (left[border].reshape(1, -1) > _OPAQUE).astype(np.uint8)
        left[border] *= cv2.morphologyEx(seen, cv2.MORPH_OPEN, lock).reshape(left[border].shape)
    return left


@dataclass(frozen=True)
class Borders:
    """``picture``: where the whole picture lies, in pixels of the region that ``head`` and ``matte`` (H, W) are of."""

    head: HeadFrame
    picture: Window
    matte: Float

    def cut_off(self) -> tuple[float, float]:
        """The share 0..1 of a head's height along which a side of the photo cuts it off, and of its width above."""
        row, column = np.nonzero(self.matte > 0.5)
        picture = self.picture
        border = (column == picture.x0) | (column == picture.x1 - 1) | (row == picture.y0) | (row == picture.y1 - 1)
        u, v = self.head.upright(column[border].astype(np.float32), row[border].astype(np.float32))
        beside, above = np.abs(v) < _HEAD_HALF, (np.abs(u) < _HEAD_HALF) & (v < 0)
        longest = max(int((beside & (u < 0)).sum()), int((beside & (u > 0)).sum()))
        whole = 2 * _HEAD_HALF * self.head.unit
        return min(1.0, longest / whole), min(1.0, int((above & ~beside).sum()) / whole)

    @property
    def cut_below(self) -> bool:
        """Whether the picture ends no lower than what may move."""
        return self.picture.y1 <= self.matte.shape[0]

    def hold(self, places: Float) -> bool:
        """Whether the picture holds all of ``places`` (K, 2)."""
        first, last = (self.picture.x0, self.picture.y0), (self.picture.x1 - 1, self.picture.y1 - 1)
        return bool((places >= first).all() and (places <= last).all())

    def cut_through(self, places: Float) -> tuple[float, float]:
        """How surely, 0..1, the picture ends before ``places`` (K, 2) of a face do, to its left and to its right."""
        first, last = (self.picture.x0, self.picture.y0), (self.picture.x1 - 1, self.picture.y1 - 1)
        angle = np.radians(self.head.roll)
        beyond = (places - np.clip(places, first, last)) @ np.array([np.cos(angle), np.sin(angle)])
        left, right = np.clip(np.array([-beyond.min(), beyond.max()]) / (_THROUGH * self.head.unit), 0, 1)
        return float(left), float(right)

    def room(self) -> tuple[float, float, float, float]:
        """Eye distances that the face may go to its left, right, up and down until it leaves the picture."""
        angle = np.radians(self.head.roll)
        right, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        first, last = np.array([self.picture.x0, self.picture.y0]), np.array([self.picture.x1 - 1, self.picture.y1 - 1])
        middle = self.head.origin[:2]
        rooms = []
        for way, half in zip((-right, right, -down, down), _FACE, strict=True):
            along = np.abs(way) > 1e-6  # who moves along a border never comes to it
            to_border = (np.where(way > 0, last, first) - middle)[along] / way[along]
            rooms.append(max(0.0, float(to_border.min()) / self.head.unit - half))
        return rooms[0], rooms[1], rooms[2], rooms[3]

    def freedom(self, places: Float) -> tuple[Float, Float]:
        """How freely ``places`` (K, 2) move right and down, and left and up: (K, 2) float32 in 0..1 each.

        Near a border that cuts a person off nothing moves away from it; whoever it does not cut is free.
        """
        picture, unit = self.picture, np.float32(self.head.unit)
        first, last = np.array([picture.x0, picture.y0], np.float32), np.array([picture.x1 - 1, picture.y1 - 1], np.float32)
        height, width = self.matte.shape
        edges = ((self.matte[:, 0], self.matte[:, -1]), (self.matte[0], self.matte[-1]))
        ends = ((picture.x0 >= 0, picture.x1 <= width), (picture.y0 >= 0, picture.y1 <= height))  # or the region ends before
        free = []
        for side, away in enumerate((places - first, last - places)):
            cuts = [self._cut(edges[way][side], places[:, 1 - way]) * ends[way][side] for way in range(2)]
            held = 1 - smoothstep((away / unit - _BORDER) / _HELD)
            free.append((1 - np.stack(cuts, axis=1) * held).astype(np.float32))
        return free[0], free[1]

    def _cut(self, edge: Float, places: Float) -> Float:
        """How much a border, whose matte is ``edge`` (N,), cuts a person off near ``places`` (K,) along it: (K,) in 0..1."""
        side = 2 * max(1, round(_AROUND * self.head.unit)) + 1
        widened = cv2.dilate(np.minimum(edge[None] / np.float32(_OPAQUE), 1), np.ones((1, 2 * side - 1), np.uint8))
        soft = np.asarray(cv2.blur(widened, (side, 1), borderType=cv2.BORDER_REPLICATE), np.float32)[0]
        return soft[np.clip(np.round(places), 0, len(soft) - 1).astype(int)]
