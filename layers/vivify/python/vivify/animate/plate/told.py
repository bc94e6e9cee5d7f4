"""Letters, stripes and windows beside a person are there up to his very edge, not only up to where it begins to be unsure.

A colour that the background shows nearby, and that no mixture of its tone with any colour of the person nearby comes close
to, is no hair.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float, most

# In widths of the person's unsure edge.
_NEARBY = 3.5
_TRIES = 6  # to each side over that way
_RIM = 0.3  # around what may be the person's: it shines out
_THICK = 0.2  # half as thick is a splinter, of hair before something bright

# Levels: twice as far off any mixture with the person is surely none; as far off a colour of the background not surely it.
_OTHER, _SAME = 16.0, 8.0

Mask = NDArray[np.bool_]
Places = NDArray[np.intp]  # counted row by row in a picture


def from_person(few: Float, tone: Float, person: Mask, unsure: Mask, edge: float) -> tuple[Float, Mask]:
    """Where what is ``unsure`` (h, w) is told from the person: (h, w) float32, 1 there, 0 elsewhere; and where it may be,
    for it looks like the background, (h, w).

    ``few``: (h, w, 3) float32, the photo made smaller; ``tone``: (h, w, 3), the background's; ``person``: (h, w), where he
    or anybody is; ``edge``: the width of his unsure edge, in pixels.
    """
    colours, tones = few.reshape(-1, 3), tone.reshape(-1, 3)
    places = np.flatnonzero(unsure & ~person & (most(np.abs(few - tone)) > _OTHER))
    like = np.full(len(places), np.inf, np.float32)
    for which, there in _nearby(places, ~unsure, edge):
        like[which] = np.minimum(like[which], most(np.abs(colours[there] - colours[places[which]])))
    shown = like < 2 * _SAME
    strange = person.copy()
    strange.ravel()[places[~shown]] = True
    places, like = places[shown], like[shown]
    mixed = np.full(len(places), np.inf, np.float32)
    for which, there in _nearby(places, person, edge):
        wall = tones[places[which]]
        way, off = colours[there] - wall, colours[places[which]] - wall
        share = np.einsum("nk,nk->n", off, way) / np.maximum(np.einsum("nk,nk->n", way, way), 1)
        mixed[which] = np.minimum(mixed[which], most(np.abs(off - np.clip(share, 0, 1)[:, None] * way)))
    sure = np.zeros(unsure.shape, np.float32)
    sure.ravel()[places] = np.clip(mixed / _OTHER - 1, 0, 1) * np.clip(2 - like / _SAME, 0, 1)
    clear = cv2.dilate(strange.astype(np.uint8), _box(_RIM * edge)) == 0
    told = ((cv2.dilate(sure, _box(_THICK * edge)) > 0.5) & clear & unsure).astype(np.uint8)
    told = np.asarray(cv2.morphologyEx(told, cv2.MORPH_OPEN, _box(_THICK * edge)), np.uint8)
    return _from_outside(told, ~unsure), unsure & ~strange


def _nearby(places: Places, wanted: Mask, edge: float) -> Iterator[tuple[NDArray[np.intp], Places]]:
    """For some ways to go from ``places``: which of them come to what is ``wanted`` (h, w), and to where there."""
    height, width = wanted.shape
    y, x = np.divmod(places, width)
    ways = np.round(np.linspace(-1, 1, 2 * _TRIES + 1) * max(_TRIES, _NEARBY * edge)).astype(np.intp)
    for down in ways:
        for right in ways:
            there = np.clip(y + down, 0, height - 1) * width + np.clip(x + right, 0, width - 1)
            which = np.flatnonzero(wanted.ravel()[there])
            yield which, there[which]


def _from_outside(told: NDArray[np.uint8], outside: Mask) -> Float:
    """What of ``told`` (h, w) hangs together with what is ``outside`` (h, w): the shine around hair does not."""
    _, labels = cv2.connectedComponents(told)
    reached = np.zeros(labels.max() + 1, np.float32)
    reached[labels[cv2.dilate(outside.astype(np.uint8), _box(1)) > 0]] = 1
    reached[0] = 0
    return reached[labels]


def _box(radius: float) -> NDArray[np.uint8]:
    return np.ones((2 * max(1, round(radius)) + 1,) * 2, np.uint8)
