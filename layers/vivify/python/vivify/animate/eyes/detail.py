"""Pores, grain, cracks and brushwork for lids painted by a network, which works at a fixed small size and draws skin plain.

What is finer is the photo's own: whole pieces of the skin around the eye, laid where the photo shows the eye, its lashes,
the brow or what else is no skin. It moves with the lid, which gets as much of it as makes it as lively as the skin below
the eye, and no more: smooth skin stays smooth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.eyes import eye_patch
from vivify.animate.patch import Window
from vivify.arrays import Float, Pixels

_BEFORE, _AFTER = (24, 40), (24, 56)  # patch pixels left of and above the patch, right of and below it: where skin is sought
_LIFT, _AROUND = 24, 5  # patch pixels above the eye that a lid comes down from; around that
_CUT, _FINEST = 2.0, 1.4  # what is finer is the photo's: patch pixels, and in any case of the photo's own
_STRANGE, _ALIKE, _BUSY = 2.0, 16.0, 2.5  # deviations, levels, and times the usual detail: what there is no skin
_BESIDE = 2  # patch pixels around what is no skin that are none either
_PIECES, _BARE, _FAR = 6, 0.01, 0.002  # at most; share that may stay bare; share that a patch pixel of way must gain
_OUTLIER = 3.0  # deviations: single hairs and moles are left behind
_UNDER, _LASHED, _NEAR = 44, 8.0, 6.0  # patch rows from which on skin is below the eye; pixels beyond it that lower lashes
# reach (they are no skin, and livelier), and that skin counts over
_LOUDER = 2.0  # times: most gain
_SHADE = 0.5  # of the skin's tone: on what is darker there is less to be seen
_GUESSED = 0.5  # of the network's finest detail that stays at most
_LEFT_OUT = 1.17  # times: what counts as skin leaves out its liveliest spots; all of it is so much more lively
_ROUNDED = 0.69  # levels: the Laplacian that rounding to whole levels leaves, in the photo and in the frame again
_LOCAL = 3.0  # patch pixels over which a lid is as lively as the skin

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SkinDetail:
    """The fine detail of the skin around one eye: ``fine`` (H, W, 3) float32 levels; ``back`` (2, 3) takes the patch's
    pixels there. ``energy``: the mean of its Laplacian's size; ``tone``: how bright the skin below the eye is, 0..255.
    """

    fine: Float
    back: Float
    energy: float
    tone: float

    @classmethod
    def of(cls, region: Pixels, place: Float, lashes: Pixels) -> SkinDetail | None:
        """``region``: (H, W, 3) uint8 RGB; ``place``: the eye's patch in it; ``lashes``: (64, 96) uint8, 255 where the patch
        shows the eye. None if there is no skin to be seen.
        """
        eye = cv2.copyMakeBorder(lashes, _BEFORE[1], _AFTER[1], _BEFORE[0], _AFTER[0], cv2.BORDER_CONSTANT, value=(0,))
        size = eye.shape[1::-1]
        wider, zoom = place.copy(), eye_patch.zoomed(place)
        wider[:, 2] += _BEFORE
        corners = np.array([[0, 0], [size[0], 0], [0, size[1]], size], np.float32)
        window = Window.around(eye_patch.placed(corners, eye_patch.inverse(wider)), 2 / zoom, region.shape)
        if window is None:
            return None
        wider[:, 2] += place[:, :2] @ window.corner
        back = eye_patch.inverse(wider)

        def enlarged(mask: NDArray[Any]) -> Float:
            return np.asarray(cv2.warpAffine(mask.astype(np.float32), back, window.size), np.float32)

        photo = np.ascontiguousarray(window.of(region)).astype(np.float32)
        fine = np.asarray(photo - cv2.GaussianBlur(photo, (0, 0), _cut(zoom) / zoom), np.float32)
        skin = _skin(photo, fine, eye, wider)
        away = cv2.distanceTransform((eye == 0).astype(np.uint8), cv2.DIST_L2, 3) - _LASHED
        below = skin * (away >= 0) * np.exp(-away / _NEAR)
        below[: _BEFORE[1] + _UNDER] = 0
        here = enlarged(below)
        if here.sum() < 1:
            return None
        comes = cv2.dilate(eye, np.ones((_LIFT + 1, 1), np.uint8), anchor=(0, 0))
        lid = cv2.dilate(comes, np.ones((2 * _AROUND + 1, 2 * _AROUND + 1), np.uint8)) > 0
        laid = _laid(fine, _pieces(skin, lid), back)
        most = _OUTLIER * 1.4826 * np.median(np.abs(laid))
        laid = np.clip(laid, -most, most)
        energy, own = (
            float(np.average(_edges(picture), weights=weight)) for picture, weight in ((fine, here), (laid, enlarged(lid)))
        )
        energy *= _LEFT_OUT
        laid *= np.float32(min(energy / max(own, 1e-6), _LOUDER))
        there = eye_patch.inverse(place)
        there[:, 2] -= window.corner
        return cls(laid, there, energy, float(np.average(photo.mean(axis=2), weights=here)))

    def matched(self, made: Float, zoom: float, lashes: Float) -> tuple[Float, Float]:
        """``made`` (64, 96, 3) by the network, 0..255, with less of its own finest detail; and how much of the photo's is to
        be added, (64, 96), 0..1. ``lashes``: (64, 96), 0..1, where it keeps its own. ``zoom``: patch pixels to one of the
        picture that it is for.
        """
        coarse = np.asarray(cv2.GaussianBlur(made, (0, 0), _cut(zoom)), np.float32)
        shade = cv2.cvtColor(coarse, cv2.COLOR_RGB2GRAY) / np.float32(max(_SHADE * self.tone, 1))
        wanted = np.sqrt(max(self.energy**2 - _ROUNDED**2, 1e-6)) * np.minimum(1, shade)
        form, own = (_lively(picture, zoom) for picture in (coarse, made - coarse))
        kept = np.clip((wanted - form) / np.maximum(own, 1e-6), 0, _GUESSED)
        wanting = np.sqrt(np.maximum(0, wanted**2 - form**2 - (kept * own) ** 2)) / max(self.energy, 1e-3)
        return coarse + np.maximum(kept, lashes)[..., None] * (made - coarse), np.asarray(wanting, np.float32)

    def over(self, place: Float, size: tuple[int, int], travel: float) -> Float:
        """(h, w, 3) float32 levels to add, for a picture of ``size`` (w, h) whose patch is at ``place``.

        ``travel``: patch pixels that the lid has come down.
        """
        # The picture's pixels -> patch -> where the lid was in the photo -> the detail's pixels. It moves by whole ones: in
        # between the finest grain would be lost.
        up = np.round(self.back[:, :2] @ np.array([0, travel], np.float32))
        matrix = eye_patch.chained(self.back, place)
        matrix[:, 2] -= up
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(self.fine, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101), np.float32
        )


def _cut(zoom: float) -> float:
    """Patch pixels: what is coarser is the network's."""
    return max(_CUT, _FINEST * zoom)


def _edges(picture: Float) -> Float:
    """(h, w): how large the Laplacian of ``picture`` (h, w, 3) is."""
    return np.asarray(np.abs(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F)), np.float32)


def _lively(patch: Float, zoom: float) -> Float:
    """(64, 96): the mean Laplacian around each pixel of ``patch`` (64, 96, 3), as it will be in the picture it is for."""
    seen = cv2.GaussianBlur(patch, (0, 0), max(0.5 * zoom, 0.2))
    return np.asarray(cv2.GaussianBlur(_edges(np.asarray(seen, np.float32)), (0, 0), _LOCAL) * zoom**2, np.float32)


def _skin(photo: Float, fine: Float, eye: NDArray[Any], place: Float) -> Mask:
    """(h, w) bool, on the wider patch at ``place``: skin, and neither ``eye`` (h, w) nor hair, brow or spectacles."""
    size, away = eye.shape[1::-1], cv2.BORDER_CONSTANT
    few = cv2.warpAffine(photo, place, size, flags=cv2.INTER_AREA, borderMode=away, borderValue=(-1.0, -1.0, -1.0))
    loud = cv2.GaussianBlur(np.abs(fine).max(axis=2), (0, 0), _BESIDE / eye_patch.zoomed(place))
    busy = cv2.warpAffine(loud, place, size)
    free = (eye == 0) & (few[..., 0] >= 0)
    if not free.any():
        return free
    unlike = np.abs(few - np.median(few[free], axis=0)).max(axis=2)
    strange = unlike > _STRANGE * np.median(unlike[free]) + _ALIKE
    strange |= (busy > _BUSY * np.median(busy[free])) | ~free
    spot, beside = np.ones((2, 2), np.uint8), np.ones((2 * _BESIDE + 1, 2 * _BESIDE + 1), np.uint8)
    return np.asarray(cv2.dilate(cv2.morphologyEx(strange.astype(np.uint8), cv2.MORPH_OPEN, spot), beside) == 0)


def _pieces(skin: Mask, lid: Mask) -> Float:
    """(h, w, 2) float32: the step right and down to the ``skin`` (h, w) that each place of the ``lid`` (h, w) without any
    takes its detail from. As few pieces as cover it, from as near as can be.
    """
    height, width = skin.shape
    steps = np.zeros((height, width, 2), np.float32)
    bare = lid & ~skin
    goal = int(bare.sum())
    y, x = np.mgrid[-height + 1 : height, -width + 1 : width]
    cost = goal * _FAR * np.hypot(x, y)
    around = np.pad(skin, ((height - 1, height - 1), (width - 1, width - 1)))
    for _ in range(_PIECES):
        if bare.sum() <= _BARE * goal:
            break
        covers = cv2.matchTemplate(around.astype(np.float32), bare.astype(np.float32), cv2.TM_CCORR)
        row, column = np.unravel_index(int((covers - cost).argmax()), covers.shape)
        there = around[row : row + height, column : column + width]
        steps[bare & there] = (column - width + 1, row - height + 1)
        bare &= ~there
    return steps


def _laid(fine: Float, steps: Float, back: Float) -> Float:
    """``fine`` (H, W, 3), taken from ``steps`` away, in pixels of the wider patch that ``back`` takes there."""
    size = fine.shape[1::-1]
    step = np.round(cv2.warpAffine(steps, back, size, flags=cv2.INTER_NEAREST) @ back[:, :2].T)
    how = cv2.INTER_NEAREST | cv2.WARP_RELATIVE_MAP
    return np.asarray(
        cv2.remap(fine, step.astype(np.float32), np.empty(0, np.float32), how, borderMode=cv2.BORDER_REFLECT_101), np.float32
    )
