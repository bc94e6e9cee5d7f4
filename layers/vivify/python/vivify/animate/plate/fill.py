"""The plate: the photo without its person, for what a moving head uncovers.

Made of two parts. The tone continues as smoothly as can be, so that no outline of the head remains on a wall; the detail
is grown from the background's own (texture.py), so that foliage, curtains and grain go on as what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.plate import lines, told
from vivify.animate.plate.texture import grow
from vivify.arrays import Float, Pixels, most
from vivify.easing import smoothstep

_SIDE = 320  # the plate is made at this size, its detail excepted: only a rim of it is ever uncovered
_TONE = 1.2  # of the unsure edge: detail is what is finer than this
_FINER = (0.5, 0.25)  # of its softness: so closely it follows shadows on a calm background
_RELAXED = 8  # times at the finest level, twice as often at each coarser one: it has farther to go, and less to do
_CLEAR = 24.0  # levels on a line and beside it: others are too faint to be mistaken for hair
_GONE = 0.3  # covered by so much, a pixel says nothing of the background
_PERSON = 64  # of the matte: where it is as dense nothing is told from the person
_BARE = 24.0  # levels: what is farther off a line drawn on, and looks like the background, is none of it
_BLOCK = np.ones((3, 3), np.uint8)  # pixels of the small plate: the least that is told for a wall
_LIVELY = 12.0  # levels: a background that varies by this much hides the rest of an outline
_DEEPEST = 12.0  # of the unsure edge: so far behind the person detail is grown
_FADES_FROM = 0.6  # of that depth
_OWN = 0.5


@dataclass(frozen=True)
class Plate:
    """``picture``: (H, W, 3) uint8; ``lines``: (H, W) bool, where clear lines go on behind the person; ``lively``: (H, W)
    float32 in 0..1, where the background varies so much that a rest of an outline is not seen on it; ``told``: (H, W)
    float32 in 0..1, where it is told from the person beyond doubt.
    """

    picture: Pixels
    told: Float
    lines: NDArray[np.bool_]
    lively: Float


def plate_of(region: Pixels, alpha: Pixels, reach: float, own: Float | None = None) -> Plate:
    """The photo ``region`` (H, W, 3) uint8 with the person filled in from the background around.

    ``alpha``: (H, W) uint8, the person; ``reach``: pixels around it within which its edge is unsure;
    ``own``: (H, W) float32 in 0..1, 0 where another person is nearer, whose hair is no background; None for nobody.
    """
    height, width = alpha.shape
    shrink = min(1.0, _SIDE / max(height, width))
    small = (max(4, round(width * shrink)), max(4, round(height * shrink)))
    few = np.asarray(cv2.resize(region, small, interpolation=cv2.INTER_AREA), np.float32)
    hidden = (cv2.resize(alpha, small, interpolation=cv2.INTER_AREA) > 8).astype(np.uint8)
    side = 2 * max(1, round(reach * shrink / 2)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    unsure = np.asarray(cv2.dilate(hidden, disc, iterations=2), np.uint8)
    if unsure.all() or not hidden.any():
        nowhere = np.zeros(alpha.shape, np.float32)
        return Plate(region.copy(), nowhere, np.zeros(alpha.shape, bool), nowhere)
    softness = _TONE * reach * shrink
    tone = _continued(few, unsure, softness)
    others = np.zeros(hidden.shape, bool) if own is None else cv2.resize(own, small, interpolation=cv2.INTER_AREA) < _OWN
    people = (cv2.resize(alpha, small, interpolation=cv2.INTER_AREA) > _PERSON) | others
    letters, bare = told.from_person(few, tone, people, unsure > 0, reach * shrink)
    letters = _enlarged(letters, alpha)
    usual = _background_contrast(few - tone, unsure, side)
    still = np.clip((_LIVELY - usual) / _LIVELY * 2, 0, 1)
    tone, usual, calm = (_enlarged(picture, alpha) for picture in (tone, usual, still))
    # Beside the person, what looks like a lively background is the background; what does not is stray hair and must go. On a
    # calm one all goes: the faintest rest of an outline would show there.
    strange = (most(np.abs(region - tone)) - usual) / np.maximum(usual, 1)
    near = _enlarged(np.asarray(cv2.dilate(hidden, disc), np.float32), alpha)
    fading = cv2.GaussianBlur(cv2.erode(unsure, disc).astype(np.float32), (0, 0), 0.7 * side)  # no edge where it ends
    cover = _enlarged(np.clip(fading * 2.5, 0, 1), alpha) * np.clip(np.maximum.reduce((strange, near, calm)), 0, 1)
    cover *= 1 - letters
    # What stays is nearer to the person than what was sure at first: a lamp behind a head goes on from there.
    gone = (cv2.resize(cover, small, interpolation=cv2.INTER_AREA) > _GONE).astype(np.uint8)
    gone = unsure if gone.all() else gone
    drawn, left = lines.drawn_on(region, few, gone, unsure, reach * shrink)
    off = most(np.abs(cv2.resize(drawn, small, interpolation=cv2.INTER_AREA) - few))
    # Drawn over a wall that is seen, lines would leave it with the person. Single pixels are no wall: they stood as dots.
    wall = np.asarray(cv2.morphologyEx((bare & (gone > 0) & (off > _BARE)).astype(np.uint8), cv2.MORPH_OPEN, _BLOCK))
    left[wall > 0] = 1
    drawn = np.where(_hidden(left, alpha)[..., None], tone, drawn)  # or the person would show at the ends of the lines
    few = np.asarray(cv2.resize(drawn, small, interpolation=cv2.INTER_AREA), np.float32)
    clear = most(cv2.dilate(few, disc) - cv2.erode(few, disc)) > _CLEAR
    on_lines = _enlarged(((gone > left) & clear).astype(np.float32), alpha) > 0
    tone = _enlarged(_continued(few, left, softness, still), alpha)
    filled = (tone + _grown_detail(drawn, tone, left, others, reach * shrink)) * cover[..., None]
    picture = np.clip(np.round(region * (1 - cover[..., None]) + filled), 0, 255).astype(np.uint8)
    return Plate(picture, letters, on_lines, np.asarray(1 - calm, np.float32))


def _enlarged(picture: NDArray[np.floating], like: NDArray[Any]) -> Float:
    """A small picture at the size of ``like`` (H, W, ...)."""
    return np.asarray(cv2.resize(picture, like.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _hidden(gone: Pixels, like: NDArray[Any]) -> NDArray[np.bool_]:
    """What is ``gone`` of a small picture, at the size of ``like`` (H, W, ...)."""
    return np.asarray(cv2.resize(gone, like.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0)


def _continued(picture: Float, hidden: Pixels, sigma: float, calm: Float | None = None) -> Float:
    """The tone (h, w, 3) of ``picture``, finer than ``sigma`` left out, continued where it is ``hidden`` (h, w).

    Where it is ``calm``, (h, w) in 0..1, what is finer continues too: a head's own shadow on a wall gets so dark so close to
    it that, cut off, it stayed there as a line when the head had turned away.
    """
    seen = 1.0 - hidden.astype(np.float32)
    tone = _spread_smoothly(picture, seen, sigma)
    # A gradient that steepens towards the person, a glow, would be cut off: what the first pass left over follows it.
    tone = tone + _spread_smoothly(picture - tone, seen, sigma)
    if calm is not None:
        for finer in _FINER:
            tone += _spread_smoothly((picture - tone) * calm[..., None], seen, finer * sigma)
    return tone


def _spread_smoothly(picture: Float, seen: Float, sigma: float) -> Float:
    """The tone (h, w, 3) of ``picture`` without its detail, continued where it is not ``seen`` (h, w) as smoothly as can be.

    From the coarsest level of a pyramid to the finest, what is unknown is taken from the level above (pull and push), then
    relaxed.
    """
    weight = cv2.GaussianBlur(seen, (0, 0), sigma) * seen
    tone = cv2.GaussianBlur(picture * seen[..., None], (0, 0), sigma) * seen[..., None]
    levels = [(tone, weight)]
    while min(levels[-1][1].shape) > 2:
        levels.append((_halved(levels[-1][0]), _halved(levels[-1][1])))
    smooth, weight = levels[-1]
    smooth = smooth / np.maximum(weight, 1e-6)[..., None]
    for level, (tone, weight) in reversed(list(enumerate(levels[:-1]))):
        smooth = cv2.pyrUp(smooth, dstsize=weight.shape[::-1])
        known = tone / np.maximum(weight, 1e-6)[..., None]
        sure = np.minimum(weight * 4, 1)[..., None]
        for _ in range(_RELAXED << level):  # towards a thin plate: right beside what is known, level and slope are as there
            once = _blurred(smooth + (known - smooth) * sure)
            smooth = 2 * once - _blurred(once)
        smooth = smooth + (known - smooth) * sure
    return np.asarray(smooth, np.float32)


def _blurred(level: Float) -> Float:
    return np.asarray(cv2.blur(level, (3, 3), borderType=cv2.BORDER_REPLICATE), np.float32)


def _halved(level: Float) -> Float:
    return np.asarray(cv2.pyrDown(level), np.float32)


def _grown_detail(region: Float, tone: Float, gone: Pixels, others: NDArray[np.bool_], edge: float) -> Float:
    """The background's detail over its ``tone`` (H, W, 3), and grown into what is ``gone`` (h, w): (H, W, 3).

    Deep behind the person it fades: no head moves so far. ``others``: (h, w), where it is not taken from. ``edge``: pixels
    of the small plate in which the matte is unsure.
    """
    detail = region - tone
    deep = np.asarray(cv2.distanceTransform(gone, cv2.DIST_L2, 5), np.float32) / np.float32(edge * _DEEPEST)
    few = np.asarray(cv2.resize(detail, gone.shape[::-1], interpolation=cv2.INTER_AREA), np.float32)
    under = np.asarray(cv2.resize(tone, gone.shape[::-1], interpolation=cv2.INTER_AREA), np.float32)
    source = grow(few, under, (gone > 0) | others, (gone > 0) & (deep < 1))
    detail[_hidden(gone, tone)] = 0  # what there is, is the person's
    taken = _looked_up(detail, source)
    shown = 1 - smoothstep((deep - _FADES_FROM) / (1 - _FADES_FROM))
    return np.asarray(taken * _enlarged(shown, tone)[..., None], np.float32)


def _looked_up(picture: Float, source: Float) -> Float:
    """What ``picture`` (H, W, 3) shows a step of ``source`` (h, w, 2), in pixels of its own, away from each place.

    Of the four steps around a place each is taken as far as it is near, so that patches fade into each other.
    """
    (row, lower), (column, righter) = (_around(picture.shape[axis], source.shape[axis]) for axis in (0, 1))
    scale = np.array([picture.shape[1] / source.shape[1], picture.shape[0] / source.shape[0]], np.float32)
    how = cv2.INTER_LINEAR | cv2.WARP_RELATIVE_MAP

    def at(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Float:
        step = np.take((source * scale)[rows], columns, axis=1)
        return np.asarray(cv2.remap(picture, step, np.empty(0, np.float32), how, borderMode=cv2.BORDER_REFLECT_101))

    right = np.tile(righter, (len(lower), 1))
    down = np.tile(lower[:, None], (1, len(righter)))
    above, below = (cv2.blendLinear(at(r, column[0]), at(r, column[1]), 1 - right, right) for r in row)
    return np.asarray(cv2.blendLinear(above, below, 1 - down, down), np.float32)


def _around(side: int, few: int) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp]], Float]:
    """For each of ``side`` pixels the two of ``few`` that are around it, and how near it is to the second, in 0..1."""
    place = (np.arange(side) + 0.5) * few / side - 0.5
    first = np.floor(place).astype(np.intp)
    return (np.maximum(first, 0), np.minimum(first + 1, few - 1)), (place - first).astype(np.float32)


def _background_contrast(detail: Float, hidden: Pixels, near: int) -> Float:
    """How much the background's ``detail`` (h, w, 3) varies nearby, (h, w) float32 levels: a little over the local deviation
    where it is seen. A gradient of tone is no detail: on one an outline shows as on a plain wall.
    """
    seen = 1.0 - hidden.astype(np.float32)
    grey = cv2.cvtColor(detail, cv2.COLOR_RGB2GRAY)
    side = 6 * near + 1

    def local(values: Float) -> Float:
        return np.asarray(cv2.blur(values, (side, side)), np.float32)

    weight = np.maximum(local(seen), 1e-3)
    mean = local(grey * seen) / weight
    variance = local(grey * grey * seen) / weight - mean * mean
    return np.asarray(1.2 * np.sqrt(np.maximum(variance, 0)) + 3, np.float32)
