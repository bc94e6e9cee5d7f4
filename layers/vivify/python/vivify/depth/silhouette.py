"""Where the person is: a soft matte that follows hair.

A network (MediaPipe's selfie segmentation) says roughly where, at 256 x 256, looking twice. What it is unsure of is decided
by colour: more like what surely is the person, or like what surely is not (Rother, Kolmogorov and Blake, "GrabCut", 2004)?
A guided filter then moves the edge onto the photo's own edges (He, Sun and Tang, "Guided Image Filtering", 2010; computed
coarse and applied fine as in He and Sun, "Fast Guided Filter", 2015).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify import models
from vivify.arrays import Float, Pixels
from vivify.depth.head import HeadFrame
from vivify.depth.raster import filled
from vivify.easing import smoothstep
from vivify.faces.topology import OVAL

_INPUT = 256
_HALF_VIEW = 3.4  # eye distances from the middle of the face to the edge of what the network sees
_AGAIN = 1.2  # times as much is seen at the second look, where there is more to be seen
_FACE = 0.85  # of the face's outline: what lies within is surely the person
_VIEW_SHIFT = 0.5  # the view sits lower than the face: it was trained on heads with shoulders
_BEYOND = 1.15  # of the half view: a region that reaches farther is looked at again as a whole, for the body
_SEAM = 0.8  # eye distances, between the look at the head and that at the body
_CUT_SIDE = 256  # pixels: what is unsure is decided at this size
_SURELY_NOT, _HALF, _SURELY = 0.04, 0.5, 0.95  # what the network sees
_LOOK_AROUND = 0.8  # eye distances around what is unsure, from where colours are known
_LEAST_KNOWN = 64  # pixels of the person, and of what is not, to know their colours from
_BACKGROUND = 0.25  # eye distances around: of so far a calm background has its tone
_KNOWN = 0.1  # of what is around is surely background: less says nothing, twice as much enough
_CALM, _HAIR = 8.0, 30.0  # levels: as much a calm background varies, twice as much no longer; at least as far off is hair
_GUIDE_SIDE = 384  # the guided filter's coarse grid
_RADIUS = 0.12  # eye distances
_SMOOTHNESS = 1e-3  # guided filter's epsilon, for a guide in 0..1


def person_matte(region: Pixels, landmarks: Float, head: HeadFrame, provider: models.Provider = "cpu") -> Float:
    """How much each pixel belongs to the person, (H, W) float32 in 0..1.

    ``region``: (H, W, 3) uint8 RGB around the head; ``landmarks``: (478, 3) float32 and ``head``, in its own pixels.
    """
    coarse = _seen(region, head, _HALF_VIEW, provider)
    away = _from_view(region.shape, head)
    farthest = float(away.max())
    if farthest > _HALF_VIEW * _BEYOND:
        near = 1 - smoothstep((away - (_HALF_VIEW - _SEAM)) / _SEAM)
        coarse = coarse * near + _seen(region, head, farthest, provider) * (1 - near)
    outline = landmarks[list(OVAL), :2]
    middle = outline.mean(axis=0)
    face = filled(np.asarray(middle + _FACE * (outline - middle), np.float32), (region.shape[1], region.shape[0]))
    coarse = np.maximum(coarse, face.astype(np.float32) / 255)
    fine = _follow_edges(_decided(coarse, region, head.unit), region, head.unit)
    fine = np.maximum(fine, _loose_hair(coarse, region, head.unit))
    # Where the network sees nobody at all, edges of the background are not hair.
    return np.asarray(fine * np.clip(coarse * 8, 0, 1), np.float32)


def _from_view(shape: tuple[int, ...], head: HeadFrame) -> Float:
    """How far pixels of a region of ``shape`` (H, W, ...) are from the view's middle, the longer way, in eye distances."""
    x, y = np.meshgrid(np.arange(shape[1], dtype=np.float32), np.arange(shape[0], dtype=np.float32))
    u, v = head.upright(x, y)
    return np.maximum(np.abs(u), np.abs(v - np.float32(_VIEW_SHIFT)))


def _seen(region: Pixels, head: HeadFrame, half: float, provider: models.Provider) -> Float:
    """What the network sees within ``half`` eye distances around the head, (H, W) float32, its border drawn out beyond.

    A curtain or a chair that it takes for the person at one look, or locks for a curtain, it seldom does at the other.
    """
    network = models.load("selfie_segmentation", provider)
    size, back = (region.shape[1], region.shape[0]), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    looks = []
    farthest = float(_from_view(region.shape, head).max())
    for wide, mirror in ((half, 1), (min(_AGAIN * half, max(half, _AGAIN * farthest)), -1)):
        matrix = _upright_view(head, wide)
        view = cv2.warpAffine(region, matrix, (_INPUT, _INPUT), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
        (mask,) = network.run(None, {"image": view[None, :, ::mirror].astype(np.float32) / 255.0})
        there = np.ascontiguousarray(mask[0][:, ::mirror])
        looks.append(cv2.warpAffine(there, matrix, size, flags=back, borderMode=cv2.BORDER_REPLICATE))
    return np.asarray(cv2.addWeighted(looks[0], 0.5, looks[1], 0.5, 0), np.float32)


def _upright_view(head: HeadFrame, half: float) -> NDArray[np.float64]:
    """(2, 3): network pixels to region pixels (as ``WARP_INVERSE_MAP`` wants it reversed: region to network)."""
    zoom = _INPUT / (2 * half * head.unit)
    angle = np.radians(head.roll)
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    linear = np.array([[cos, sin], [-sin, cos]])
    centre = np.array([_INPUT / 2, _INPUT / 2 - _VIEW_SHIFT * head.unit * zoom])
    return np.concatenate([linear, (centre - linear @ head.origin[:2])[:, None]], axis=1)


def _decided(mask: Float, region: Pixels, unit: float) -> Float:
    """``mask`` (H, W) float32 with every place the person's, 1, or not, 0.

    Hair in the shade, and what stands behind a head and is as dark, both look half like a person to the network: by their
    colours, as a rule, they can be told apart.
    """
    zoom = min(1.0, _CUT_SIDE / max(mask.shape))
    size = (max(2, round(mask.shape[1] * zoom)), max(2, round(mask.shape[0] * zoom)))
    rough = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    small = np.asarray(cv2.resize(region, size, interpolation=cv2.INTER_AREA), np.uint8)
    colours = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), np.uint8)
    unsure = (rough > _SURELY_NOT) & (rough < _SURELY)
    side = 2 * round(_LOOK_AROUND * unit * zoom) + 1
    known = ~unsure & (cv2.dilate(unsure.astype(np.uint8), np.ones((side, side), np.uint8)) > 0)
    label = np.where(rough > _HALF, cv2.GC_FGD, cv2.GC_BGD).astype(np.uint8)
    if min(np.count_nonzero(label[known] == kind) for kind in (cv2.GC_FGD, cv2.GC_BGD)) < _LEAST_KNOWN:
        return mask
    others, own = np.zeros((2, 1, 65))  # the colours of what is not and what is the person, as GrabCut keeps them
    anywhere = (0, 0, 0, 0)  # not looked at: the label says of each place what is known
    cv2.setRNGSeed(0)  # the same photo gives the same matte
    cv2.grabCut(colours[known][:, None], label[known][:, None], anywhere, others, own, 0, cv2.GC_INIT_WITH_MASK)
    label[unsure] = np.where(rough > _HALF, cv2.GC_PR_FGD, cv2.GC_PR_BGD)[unsure]
    cv2.grabCut(colours, label, anywhere, others, own, 1, cv2.GC_EVAL_FREEZE_MODEL)
    person = (label == cv2.GC_FGD) | (label == cv2.GC_PR_FGD)
    return np.asarray(cv2.resize(person.astype(np.float32), mask.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _loose_hair(mask: Float, region: Pixels, unit: float) -> Float:
    """Hair before a calm background, (H, W) float32 in 0..1: what is unlike that where the network saw anything at all.

    Of a lock cut off half way one part would go along with the head, the other stay.
    """
    size = (mask.shape[1], mask.shape[0])
    shrink = min(1.0, _CUT_SIDE / max(size))
    small = (max(2, round(size[0] * shrink)), max(2, round(size[1] * shrink)))
    few = np.asarray(cv2.resize(region, small, interpolation=cv2.INTER_AREA), np.float32)
    clear = (cv2.resize(mask, small, interpolation=cv2.INTER_AREA) < _SURELY_NOT).astype(np.float32)

    def around(values: Float) -> Float:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), _BACKGROUND * unit * shrink), np.float32)

    weight = np.maximum(around(clear), np.float32(1e-6))
    tone = around(few * clear[..., None]) / weight[..., None]
    differs = cv2.absdiff(region, cv2.resize(np.round(tone).astype(np.uint8), size, interpolation=cv2.INTER_LINEAR)).max(
        axis=2
    )
    unlike = np.asarray(cv2.resize(differs, small, interpolation=cv2.INTER_AREA), np.float32)
    usual = np.float32(2) * np.sqrt(around(unlike * unlike * clear) / weight)
    side = 2 * max(1, round(_RADIUS * unit * shrink)) + 1
    hair = cv2.blur(cv2.dilate(unlike - usual, np.ones((side, side), np.uint8)), (side, side))
    share = smoothstep(weight / _KNOWN - 1) * (1 - smoothstep(usual / _CALM - 1)) / np.maximum(hair, _HAIR)
    beyond = differs - cv2.resize(usual, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(beyond * cv2.resize(share, size, interpolation=cv2.INTER_LINEAR), 0, 1), np.float32)


def _follow_edges(mask: Float, region: Pixels, unit: float) -> Float:
    """The guided filter: ``mask`` (H, W) float32 redrawn with the edges of ``region``."""
    height, width = mask.shape
    shrink = min(1.0, _GUIDE_SIDE / max(height, width))
    small = (max(2, round(width * shrink)), max(2, round(height * shrink)))
    guide = np.asarray(cv2.cvtColor(region, cv2.COLOR_RGB2GRAY), np.float32) / 255.0
    i = cv2.resize(guide, small, interpolation=cv2.INTER_AREA)
    p = cv2.resize(mask, small, interpolation=cv2.INTER_AREA)
    side = 2 * max(1, round(_RADIUS * unit * shrink)) + 1

    def mean(values: cv2.typing.MatLike) -> Float:
        return np.asarray(cv2.blur(values, (side, side)), np.float32)

    mean_i, mean_p = mean(i), mean(p)
    a = (mean(i * p) - mean_i * mean_p) / (mean(i * i) - mean_i * mean_i + _SMOOTHNESS)
    b = mean_p - a * mean_i
    full_a = cv2.resize(mean(a), (width, height), interpolation=cv2.INTER_LINEAR)
    full_b = cv2.resize(mean(b), (width, height), interpolation=cv2.INTER_LINEAR)
    # The network is unsure in a band; stretching it makes the inside opaque and the outside clear.
    return np.asarray(np.clip((full_a * guide + full_b - 0.1) / 0.8, 0.0, 1.0), np.float32)
