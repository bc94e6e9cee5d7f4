"""Lids that close: skin, crease and lashes that the photo never held, painted by a network over the warped eye.

The network works at a fixed small size; only what it changes is enlarged and added to the frame, so that the photo's own
detail stays. It runs on frames in which a lid has moved, on both eyes at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify import models
from vivify.animate import eye_patch
from vivify.animate.detail import SkinDetail
from vivify.animate.layers import Layers
from vivify.animate.painter import painted
from vivify.animate.patch import Patch, Window
from vivify.animate.sketch import Sketch
from vivify.faces.topology import EYES, Eye
from vivify.models import Provider

Float = NDArray[np.float32]
Pixels = NDArray[np.uint8]

_FROM, _WHOLE = 0.04, 0.2  # closure from which the network's lids come in, and are there wholly
_COLOUR = 8.0  # levels between a pixel's channels: photos with less on average are more or less black-and-white
_SMOOTHED = 1.25  # frames coarser than the patch by more than this take it smoothed
_CORNERS = np.array([[0, 0], [eye_patch.WIDTH, 0], [eye_patch.WIDTH, eye_patch.HEIGHT], [0, eye_patch.HEIGHT]], np.float32)


class Eyelids:
    """The lids of one photo. ``layers``: of its region; ``region``: (H, W, 3) uint8 RGB; ``landmarks``: (478, 3) float32,
    region pixels. Raises GpuUnavailable, ModelMissing, ModelCorrupt.
    """

    def __init__(self, layers: Layers, region: Pixels, landmarks: Float, provider: Provider = "cpu") -> None:
        self._session = models.load("eyelids", provider)
        self._layers = layers
        self._rest = [_Resting.of(eye, region, landmarks) for eye in EYES]

    def patches(self, warped: Sketch, vertices: Float, closures: Sequence[float] | Float) -> list[Patch]:
        """What is to be laid over ``warped``, which is the frame with its eyes warped and nothing more; nothing at rest.

        ``vertices``: (>=468, 3) float32, moved landmarks, region pixels. ``closures``: right and left eye; 1 is shut.
        """
        moving = [
            moved
            for rest, closure in zip(self._rest, closures, strict=True)
            if closure > _FROM and (moved := _Moved.of(rest, self._layers, warped, vertices, float(closure))) is not None
        ]
        if not moving:
            return []
        eyes = np.stack([moved.inputs() for moved in moving]) / np.float32(255)
        (lids,) = self._session.run(["lids"], {"eye": eyes})
        return [moved.repaired(made.transpose(1, 2, 0)) for moved, made in zip(moving, lids, strict=True)]


@dataclass(frozen=True, eq=False)
class _Resting:
    """One eye as the photo shows it: its patch, its landmarks there, and how colourful it is, 0..1."""

    eye: Eye
    picture: Pixels
    skin: Pixels
    points: Float
    colour: np.float32
    detail: SkinDetail

    @classmethod
    def of(cls, eye: Eye, region: Pixels, landmarks: Float) -> _Resting:
        place = eye_patch.placing(eye, landmarks)
        picture = eye_patch.sampled(region, place)
        spread = float((picture.max(axis=2).astype(np.float32) - picture.min(axis=2)).mean())
        colour = np.float32(min(1.0, spread / _COLOUR))
        points = eye_patch.placed(landmarks, place)
        skin = eye_patch.lidded(picture, eye_patch.opening(eye, points))
        return cls(eye, picture, skin, points, colour, SkinDetail(region, place))

    def in_its_colours(self, change: Float) -> Float:
        """``change`` (h, w, 3) with no more colour than the photo has: greys stay grey."""
        if self.colour == 1:
            return change
        grey = change.mean(axis=2, keepdims=True)
        return np.asarray(grey + (change - grey) * self.colour, np.float32)


@dataclass(frozen=True, eq=False)
class _Moved:
    """One eye in one frame: its window of the region as the warp shows it, and the same as a patch."""

    rest: _Resting
    closure: float
    window: Window
    warped: Pixels
    place: Float
    picture: Pixels
    points: Float
    masks: eye_patch.Masks

    @classmethod
    def of(cls, rest: _Resting, layers: Layers, sketch: Sketch, vertices: Float, closure: float) -> _Moved | None:
        place = eye_patch.placing(rest.eye, vertices)
        window = Window.around(eye_patch.placed(_CORNERS, eye_patch.inverse(place)), 1, layers.plate.shape)
        if window is None:
            return None
        warped = painted(layers, sketch, window)
        points = eye_patch.placed(vertices, place)
        place[:, 2] += place[:, :2] @ window.corner
        masks = eye_patch.Masks.of(rest.eye, points, rest.points)
        return cls(rest, closure, window, warped, place, eye_patch.sampled(warped, place), points, masks)

    def inputs(self) -> Pixels:
        return eye_patch.inputs(self.picture, self.rest.picture, self.rest.skin, self.masks, self.closure)

    def repaired(self, made: Float) -> Patch:
        """``made`` (80, 112, 3) in 0..1 by the network, as a patch in the region's own pixels."""
        eye, rest = self.rest.eye, self.rest
        change = rest.in_its_colours(made * np.float32(255) - self.picture)
        strength = min(1.0, (self.closure - _FROM) / (_WHOLE - _FROM))
        cover = eye_patch.cover(eye, self.points, rest.points) * np.float32(strength)
        fresh = self.masks.fresh()
        # Skin that the photo shows keeps its own detail; where it shows the eye, all is the network's, and detail is lent.
        layers = np.dstack([change, change + self.picture, fresh, cover])
        zoom = float(np.sqrt(abs(np.linalg.det(self.place[:, :2]))))
        if zoom > _SMOOTHED:
            layers = np.asarray(cv2.GaussianBlur(layers, (0, 0), 0.4 * zoom), np.float32)
        back = eye_patch.inverse(self.place)
        change, lids, fresh, cover = np.split(_enlarged(layers, back, self.window.size), [3, 6, 7], axis=2)
        upper = list(eye.upper[0])
        travel = float((self.points[upper] - rest.points[upper])[:, 1].mean())
        lent = rest.detail.over(self.place, self.window.size, travel)
        if lent is not None:
            lids = lids + lent[..., None]
        kept = self.warped + change
        return Patch(self.window, np.clip(kept + (lids - kept) * fresh, 0, 255), np.clip(cover[..., 0], 0, 1))


def _enlarged(layers: Float, back: Float, size: tuple[int, int]) -> Float:
    """``layers`` (80, 112, n) of a patch, placed by ``back`` (2, 3) in a picture of ``size`` (w, h)."""
    parts = [layers[..., start : start + 4] for start in range(0, layers.shape[2], 4)]  # OpenCV warps four at a time
    return np.dstack([cv2.warpAffine(part, back, size, flags=cv2.INTER_CUBIC) for part in parts]).astype(np.float32)
