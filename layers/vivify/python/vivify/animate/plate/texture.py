"""Texture for what the photo hides: every hidden place is to look like a place in sight whose surroundings are like its own.

From coarse to fine, patches are matched and what they say of each place is averaged (Wexler, Shechtman and Irani,
"Space-Time Completion of Video", 2007); matches are found by chance and handed on to neighbours (Barnes and others,
"PatchMatch", 2009).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float

_HALF = 2  # pixels: a patch is a square of this many to each side of its middle
_PATCH = 2 * _HALF + 1
_LEVELS = ((48, 5), (96, 3), (192, 2))  # the longer side, and how often patches are matched and averaged
_TONE = 1.0  # how much a difference of tone counts, against one of each of a patch's pixels
_STEPS = (4, 2, 1)  # pixels over which a match is handed on
_HIDDEN = 0.3  # of a coarse pixel: more of it hidden and it shows nothing
_LEAST = 64  # places in sight to learn a texture from

Mask = NDArray[np.bool_]
Places = NDArray[np.int64]  # counted row by row in a picture


def grow(texture: Float, tone: Float, hidden: Mask, wanted: Mask) -> Float:
    """Where each place has its texture from: (h, w, 2) float32, the step there, right and down, in pixels of that size.

    ``texture``: (H, W, 3) float32 levels, known where it is not ``hidden`` (H, W); ``tone``: (H, W, 3) float32, what it lies
    over, known everywhere: leaves grow among the green, not on the wall. The steps are 0 but in what is ``wanted`` of the
    hidden, and there too where hardly anything is in sight. (h, w) is (H, W) made smaller, to 192 pixels at most. The same
    texture always grows the same way.
    """
    chance = np.random.default_rng(0)
    steps = np.zeros((1, 1, 2), np.float32)
    for side, rounds in _LEVELS:
        zoom = min(1.0, side / max(hidden.shape))
        size = (max(_PATCH, round(hidden.shape[1] * zoom)), max(_PATCH, round(hidden.shape[0] * zoom)))
        under = np.asarray(cv2.resize(tone, size, interpolation=cv2.INTER_AREA), np.float32)
        unseen, goal = (_covered(mask, size, share) for mask, share in ((hidden, _HIDDEN), (wanted, 0.0)))
        seen = np.where(unseen[..., None], 0, cv2.resize(texture, size, interpolation=cv2.INTER_AREA)).astype(np.float32)
        steps = _refined(seen, under, unseen, goal & unseen, steps, rounds, chance)
    return steps


def _covered(mask: Mask, size: tuple[int, int], share: float) -> Mask:
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > share)


def _refined(
    seen: Float, tone: Float, hidden: Mask, wanted: Mask, coarser: Float, rounds: int, chance: np.random.Generator
) -> Float:
    """The steps at one size: ``coarser`` ones are the first guess, then ``rounds`` of matching and averaging."""
    height, width = hidden.shape
    window = np.ones((_PATCH, _PATCH), np.uint8)
    inside = np.zeros(hidden.shape, np.uint8)
    inside[_HALF : height - _HALF, _HALF : width - _HALF] = 1
    whole = (inside & (cv2.dilate(hidden.astype(np.uint8), window) == 0)) > 0
    examples = np.flatnonzero(whole)
    places = np.flatnonzero(cv2.dilate(wanted.astype(np.uint8), window))
    steps = np.zeros((height * width, 2), np.float32)
    if len(examples) >= _LEAST and len(places):
        guess = cv2.resize(coarser, (width, height), interpolation=cv2.INTER_NEAREST).reshape(-1, 2)[places]
        guess *= np.array([width / coarser.shape[1], height / coarser.shape[0]], np.float32)
        guessed = _moved(places, np.round(guess).astype(np.int64), hidden.shape)
        match = np.where(whole.ravel()[guessed], guessed, examples[chance.integers(len(examples), size=len(places))])
        told = _patches(seen, tone, np.arange(height * width))
        grown = seen.copy()
        if coarser.any():
            grown.reshape(-1, 3)[places] = seen.reshape(-1, 3)[match]
        for _ in range(rounds):
            grown = np.where(wanted[..., None], grown, seen)
            match, error = _matched(told, _patches(grown, tone, places), places, match, whole, chance)
            grown = _averaged(told[match, :-3], error, places, hidden.shape)
        steps[places] = np.stack([match % width - places % width, match // width - places // width], axis=1)
    return np.where(wanted[..., None], steps.reshape(height, width, 2), np.float32(0))


def _patches(picture: Float, tone: Float, places: Places) -> Float:
    """The patch around each of ``places`` of ``picture`` (h, w, 3), and the ``tone`` (h, w, 3) it lies over: (N, 75 + 3)."""
    bordered = cv2.copyMakeBorder(picture, _HALF, _HALF, _HALF, _HALF, cv2.BORDER_REFLECT_101)
    windows = np.lib.stride_tricks.sliding_window_view(bordered, (_PATCH, _PATCH), axis=(0, 1))
    patches = windows[np.divmod(places, picture.shape[1])].transpose(0, 2, 3, 1).reshape(len(places), -1)
    return np.concatenate([patches, _TONE * tone.reshape(-1, 3)[places]], axis=1, dtype=np.float32)


def _matched(
    told: Float, asked: Float, places: Places, match: Places, whole: Mask, chance: np.random.Generator
) -> tuple[Places, Float]:
    """A better match for each of ``places``, whose patches are ``asked``, among all patches ``told``, and how far off each
    is, squared. Matches are handed on to neighbours, then sought by chance, in ever smaller circles.
    """
    shape, allowed = whole.shape, whole.ravel()
    number = np.full(allowed.shape, -1)
    number[places] = np.arange(len(places))
    match = match.copy()
    error = _off(told[match], asked)

    def attempt(candidate: Places) -> None:
        new = np.flatnonzero(allowed[candidate] & (candidate != match))
        found = _off(told[candidate[new]], asked[new])
        better = found < error[new]
        match[new[better]], error[new[better]] = candidate[new[better]], found[better]

    for distance in _STEPS:
        for step in np.array([(distance, 0), (-distance, 0), (0, distance), (0, -distance)]):
            neighbour = number[_moved(places, step[None], shape)]
            attempt(np.where(neighbour >= 0, _moved(match[neighbour], -step[None], shape), match))
    radius = max(shape) // 2
    while radius > 1:
        attempt(_moved(match, chance.integers(-radius, radius + 1, size=(len(match), 2)), shape))
        radius //= 3
    return match, error


def _off(one: Float, other: Float) -> Float:
    difference = one - other
    return np.asarray(np.einsum("nk,nk->n", difference, difference), np.float32)


def _moved(places: Places, step: NDArray[np.int64], shape: tuple[int, ...]) -> Places:
    """``places`` of a picture of ``shape`` after a ``step`` (N, 2) right and down, held inside."""
    x = np.clip(places % shape[1] + step[:, 0], 0, shape[1] - 1)
    y = np.clip(places // shape[1] + step[:, 1], 0, shape[0] - 1)
    return np.asarray(y * shape[1] + x, np.int64)


def _averaged(patches: Float, error: Float, places: Places, shape: tuple[int, ...]) -> Float:
    """What ``patches`` (N, 75) laid over ``places`` say of each pixel, (h, w, 3): better matches count for more."""
    weight = np.exp(-error / (2 * np.percentile(error, 60) + 1)) + np.float32(1e-4)
    colours = patches.reshape(len(places), -1, 3)
    worth = np.concatenate([colours, np.ones_like(colours[..., :1])], axis=2) * weight[:, None, None]
    total = np.zeros((shape[0] + 2 * _HALF, shape[1] + 2 * _HALF, 4), np.float32)
    row, column = places // shape[1], places % shape[1]
    for number in range(_PATCH**2):
        total[row + number // _PATCH, column + number % _PATCH] += worth[:, number]
    total = total[_HALF:-_HALF, _HALF:-_HALF]
    return np.asarray(total[..., :3] / np.maximum(total[..., 3:], 1e-9), np.float32)
