"""Lids that close: skin, crease and lashes that the photo never held, painted by a network over the warped eye.

The network works at a fixed small size; only what it changes is enlarged and added to the frame, so that the photo's own
detail stays. It runs where lids have moved, once for both eyes of all frames that it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vivify import models
from vivify.animate.eyes import eye_patch, lashes, plain
from vivify.animate.eyes.detail import SkinDetail
from vivify.animate.layers import Layers
from vivify.animate.painter import painted
from vivify.animate.patch import Patch, Window
from vivify.animate.sketch import Sketch
from vivify.arrays import Float, Pixels
from vivify.faces.topology import EYES, Eye
from vivify.models import Provider

_FROM, _WHOLE = 0.04, 0.2  # closure from which the network's lids come in, and are there wholly
_COLOUR = 8.0  # levels between a pixel's channels: photos with less on average are more or less black-and-white
_TINT = 0.04  # of a channel, by which lids may differ in colour from the skin around
_LASHED = (0.55, 0.7)  # of the skin's light between which lids end and lashes begin
_SHOWN = 12  # levels between what is bright and what is dark where an eye should be: less is a dark lens
_ASIDE = 0.43  # of its width in space that an eye shows in the picture: of less, lids would lie beside a turned face
_SOFT = 0.3  # patch pixels: less of a blur is none
_SMOOTHED = 1.25  # frames coarser than the patch by more than this take it smoothed
_CORNERS = np.array([[0, 0], [eye_patch.WIDTH, 0], [eye_patch.WIDTH, eye_patch.HEIGHT], [0, eye_patch.HEIGHT]], np.float32)


@dataclass(frozen=True, eq=False)
class Lidless:
    """One frame as lids find it. ``sketch``: all but the lids. ``vertices``: (>=468, 3) float32, moved landmarks, region
    pixels. ``closures``: (2,), right and left eye; 1 is shut.
    """

    sketch: Sketch
    vertices: Float
    closures: Float


class Eyelids:
    """The lids of one photo. ``layers``: of its region; ``region``: (H, W, 3) uint8 RGB; ``landmarks``: (478, 3) float32,
    region pixels. Raises GpuUnavailable, ModelMissing, ModelCorrupt.
    """

    def __init__(self, layers: Layers, region: Pixels, landmarks: Float, provider: Provider = "cpu") -> None:
        self._session = models.load("eyelids", provider)
        self._layers = layers
        self._eyes = [_Eye.of(eye, region, landmarks) for eye in EYES]

    @property
    def seen(self) -> tuple[bool, bool]:
        """Whether the right and the left eye are to be seen between their landmarks."""
        right, left = (eye.resting.seen() for eye in self._eyes)
        return right, left

    def patches(self, frames: Sequence[Lidless]) -> list[list[Patch]]:
        """What is to be laid over each of ``frames``; nothing where lids rest."""
        moving = [
            (number, seen)
            for number, frame in enumerate(frames)
            for eye, closure in zip(self._eyes, frame.closures, strict=True)
            if eye.shown and closure > _FROM
            if (seen := _Seen.of(eye, self._layers, frame.sketch, frame.vertices, float(closure))) is not None
        ]
        patches: list[list[Patch]] = [[] for _ in frames]
        if moving:
            eyes = np.stack([seen.inputs() for _, seen in moving]) / np.float32(255)
            (lids,) = self._session.run(["lids"], {"eye": eyes})
            for (number, seen), made in zip(moving, lids, strict=True):
                if (patch := seen.repaired(made.transpose(1, 2, 0))) is not None:
                    patches[number].append(patch)
        return patches


@dataclass(frozen=True, eq=False)
class _Eye:
    """One eye of the photo, whose ``place`` takes the region's pixels to the patch's: as a patch, whether it shows (a dark
    lens or a turned nose may hide it), how colourful it is, 0..1, what paint adds to its skin's colour (``plain.paint``),
    the colour of its lashes when shut (``plain.lash_colour``), the detail of that skin, how well single lashes are seen,
    0..1, and how blurred the open eye is, patch pixels.
    """

    region: Pixels
    place: Float
    resting: eye_patch.Resting
    shown: bool
    colour: np.float32
    paint: Float
    lash_colour: Float
    detail: SkinDetail | None
    lashed: float
    blur: float

    @classmethod
    def of(cls, eye: Eye, region: Pixels, landmarks: Float) -> _Eye:
        resting = eye_patch.Resting.of(eye, region, landmarks)
        grey = cv2.cvtColor(resting.picture, cv2.COLOR_RGB2GRAY)[resting.lashes > 0]
        across = landmarks[eye.outer] - landmarks[eye.inner]
        ahead = float(np.linalg.norm(across[:2])) > _ASIDE * float(np.linalg.norm(across))
        shown = ahead and float(np.percentile(grey, 97) - np.percentile(grey, 3)) > _SHOWN
        spread = float((resting.picture.max(axis=2).astype(np.float32) - resting.picture.min(axis=2)).mean())
        colour = np.float32(min(1.0, spread / _COLOUR))
        place = eye_patch.placing(eye, landmarks)
        detail, lashed = SkinDetail.of(region, place, resting.lashes), lashes.seen_in(region, place, resting.lashes)
        seen = resting.picture, resting.skin, resting.opening
        paint, lash_colour = plain.paint(*seen), plain.shut_lash_colour(*seen)
        blur = lashes.blur(resting.picture, resting.lashes)
        return cls(region, place, resting, shown, colour, paint, lash_colour, detail, lashed, blur)

    def in_skin_colours(self, made: Float, fresh: Float, upper: Float) -> Float:
        """``made`` (64, 96, 3) by the network, without the tint by which its lids, where they are ``fresh`` (64, 96), differ
        as a whole from the photo's own skin, and with what paints that on the ``upper`` lid (64, 96).
        """
        weight, plain_skin = fresh[..., None], self.resting.skin.astype(np.float32)
        # Lashes have a colour of their own: browner than skin, they hid how grey lids were.
        told = weight * (1 - _lashes(made, plain_skin)[..., None])
        lids, skin = ((picture * told).sum(axis=(0, 1)) + 1 for picture in (made, plain_skin))
        tone = (skin / skin.mean()) / (lids / lids.mean())
        bare, painted = (off - np.clip(off, -_TINT, _TINT) for off in (tone - 1, tone * (1 + self.paint) - 1))
        toned = np.maximum(made * (1 + weight * (bare + upper[..., None] * (painted - bare))), 0).astype(np.float32)
        # The network's lashes are as brown as the mean of many people's: these shall be as brown as they are open.
        more = self.lash_colour - plain.lash_colour(toned, plain_skin, fresh, self.lash_colour)
        lashed = fresh * _lashes(toned, plain_skin)
        dark = lashed > 0
        black, deep = toned[dark], lashed[dark] * plain.lacking(toned, plain_skin)[dark]
        brown = black * np.exp(deep[:, None] * more)
        light, now = (np.maximum(pixels.mean(axis=1, keepdims=True), 1) for pixels in (black, brown))
        toned[dark] = brown * (light / now)
        return toned

    def in_its_colours(self, change: Float) -> Float:
        """``change`` (h, w, 3) with no more colour than the photo has: greys stay grey."""
        if self.colour == 1:
            return change
        grey = change.mean(axis=2, keepdims=True)
        return np.asarray(grey + (change - grey) * self.colour, np.float32)


@dataclass(frozen=True, eq=False)
class _Seen:
    """One eye in one frame: its window of the region as the warp shows it, and the same as a patch; ``place`` takes the
    region's pixels to the patch's.
    """

    eye: _Eye
    moved: eye_patch.Moved
    window: Window
    warped: Pixels
    place: Float
    picture: Pixels

    @classmethod
    def of(cls, eye: _Eye, layers: Layers, sketch: Sketch, vertices: Float, closure: float) -> _Seen | None:
        place = eye_patch.placing(eye.resting.eye, vertices)
        window = Window.around(eye_patch.placed(_CORNERS, eye_patch.inverse(place)), 1, layers.plate.shape)
        if window is None:
            return None
        warped = painted(layers, sketch, window)
        moved = eye_patch.Moved.of(eye.resting, eye_patch.placed(vertices, place), closure)
        return cls(eye, moved, window, warped, place, eye_patch.sampled(warped, _from(window, place)))

    def inputs(self) -> Pixels:
        return self.moved.inputs(self.picture)

    def repaired(self, made: Float) -> Patch | None:
        """``made`` (64, 96, 3) in 0..1 by the network, as a patch in the region's own pixels."""
        (left, top), (right, bottom) = self.moved.bounds()
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
        around = Window.around(eye_patch.placed(corners, eye_patch.inverse(self.place)), 1, (self.window.y1, self.window.x1))
        window = None if around is None else around.overlap(self.window)
        if window is None:
            return None
        zoom, fresh = eye_patch.zoomed(self.place), self.moved.fresh()
        made = self.eye.in_skin_colours(made * np.float32(255), fresh, self.moved.upper())
        line, wanting = self.moved.line(), np.zeros_like(fresh)
        made = made + (fresh * line)[..., None] * (lashes.sharpened(made, self.eye.blur) - made)
        if self.eye.detail is not None:
            made, wanting = self.eye.detail.matched(made, zoom, np.maximum(1 - fresh, line))
        change = self.eye.in_its_colours(made - self.picture)
        strength = min(1.0, (self.moved.closure - _FROM) / (_WHOLE - _FROM))
        # Shut lids of a mesh leave a slit: nothing of it may shine through a cover that fades along the lower lid.
        before = self.eye.resting.before()
        cover = np.maximum.reduce([self.moved.cover(), self.moved.covered(), before]) * np.float32(strength)
        # Skin that the photo shows keeps its own detail; where it shows the eye, all is the network's, and detail is lent.
        layers = np.dstack([change + fresh[..., None] * self.picture, fresh, cover, fresh * wanting])
        if (blur := max(0.4 * zoom * (zoom > _SMOOTHED), lashes.softened(self.eye.blur))) > _SOFT:
            layers = np.asarray(cv2.GaussianBlur(layers, (0, 0), blur), np.float32)
        place = _from(window, self.place)
        back = eye_patch.inverse(place)
        lids = np.asarray(cv2.warpAffine(layers[..., :4].copy(), back, window.size, flags=cv2.INTER_CUBIC), np.float32)
        alpha, lends = cv2.split(cv2.warpAffine(layers[..., 3:].copy(), back, window.size)[..., 1:])
        kept = window.seen_from(self.window).of(self.warped)
        colour: Float = lids[..., :3] + kept * (1 - lids[..., 3:])
        if self.eye.detail is not None:
            upper = list(self.eye.resting.eye.upper[0])
            travel = float((self.moved.points[upper] - self.eye.resting.points[upper])[:, 1].mean())
            colour = colour + lends[..., None] * self.eye.detail.over(place, window.size, travel)
        if self.eye.lashed:
            barred, bare = (
                np.asarray(cv2.warpAffine(lids, back, window.size, flags=cv2.INTER_CUBIC), np.float32)
                for lids in (self.picture + change, lashes.without(self.picture + change))
            )
            colour = colour + self.eye.lashed * lashes.drawn(barred, bare, place, self.moved)
        if before.any():
            photo = cv2.warpAffine(
                self.eye.region, eye_patch.chained(back, self.eye.place), window.size, flags=cv2.INTER_CUBIC
            )
            stays = cv2.warpAffine(before, back, window.size)[..., None]
            colour = colour + stays * (photo - colour)
        return Patch(window, np.clip(colour, 0, 255), np.asarray(alpha, np.float32))


def _lashes(made: Float, skin: Float) -> Float:
    """(64, 96) float32 in 0..1: where lids as ``made``, on plain ``skin``, both (64, 96, 3) float32, are so dark that they
    are lashes.
    """
    light = plain.brightness(made) / np.maximum(plain.brightness(skin), 1)
    return np.asarray(1 - np.clip((light - _LASHED[0]) / (_LASHED[1] - _LASHED[0]), 0, 1), np.float32)


def _from(window: Window, place: Float) -> Float:
    """``place`` (2, 3) of the region's pixels for those of ``window``."""
    moved = place.copy()
    moved[:, 2] += place[:, :2] @ window.corner
    return moved
