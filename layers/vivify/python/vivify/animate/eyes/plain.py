"""An eye's patch with plain skin for the eye, and what lashes and paint do to that."""

from __future__ import annotations

import cv2
import numpy as np

from vivify.arrays import Float, Pixels

WITHIN = 2
"""Pixels within landmarks' openings that the dark line at the roots of lashes reaches."""
_AROUND, _STRANGE, _ALIKE = 10, 2.0, 16.0  # pixels around the lashes; in deviations, and levels: what there is no skin
_UNLIKE = 40.0  # levels: what is no skin in any case
_NEARBY, _FEW = 9.0, 0.01  # pixels; share of skin nearby that is too little to go by
_LASH_LINE = 4  # pixels: half the width of what is broader than lashes and the dark line at their roots
_SOFT = 0.8  # pixels
_ABOVE, _BESIDE = 12, 3  # pixels above an opening to which a lid shows, and around it where lashes are
_BRIGHT, _SEEN = 0.6, 0.4  # of the skin's light, what is darker are lashes; of the lid, what must be no lashes
_SHADE, _SPECK = 0.15, 4  # of the light around, what is darker is a stroke, of so many pixels at least
_LIT = 0.75  # of the usual light: what is darker around a stroke is a brow
_STROKE, _LONG, _WIDER = 5, 14.0, 4  # pixels: half the width of what is broader than strokes; how far they reach; and how
# much more than they reach outwards they may reach along the eye, as creases do
_ROOTS, _BESIDES = 1.5, 2  # pixels from the mask that are left out, and around a stroke that go with it
_ROOTED, _RIM = 1, (5, 7)  # pixels within an opening, and size of what is around it, where lashes' roots are
_LASH = (0.29, 1.6)  # logarithms: what lacks more of the skin's light has a colour of its own; more yet, none to be seen
# The colour of lashes around open eyes, and what shut ones are redder (medians of 72 filmed people; from the one the other
# is told within 0.03, 0.02 and 0.05, the network's guess is 0.05, 0.04 and 0.07 away).
_OPEN_LASHES, _SHUT_LASHES = np.array(((0.13, -0.095, -0.13), (0.04, -0.015, -0.06)), np.float32)
_BLACK = 8.0  # levels of a channel below which noise is all its colour
_FILMED = np.array(((0, -0.3, -0.75), (0.33, 0.08, 0.04)), np.float32)  # the least and the most that is seen
_EVENLY = np.full(3, 1 / 3, np.float32)
_FAITH = 20.0  # as heavy as some 40 pixels of half the skin's light
_BARE, _PAINTED = 0.25, 0.35  # of a channel: more colour than this nobody's bare lid has (258 faces); paint has


def lidded(picture: Pixels, eye: Pixels) -> Pixels:
    """The patch ``picture`` (64, 96, 3) uint8 with plain skin for ``eye`` (64, 96): 255 where eye and lashes are."""
    around = cv2.dilate(eye, disc(_AROUND)) > eye
    usual = np.median(picture[around], axis=0)
    # Spectacle frames, hair and brows are no skin: skin is what most of the eye's surroundings look like.
    away = np.abs(picture - usual).max(axis=2)
    strange = away > min(_STRANGE * np.median(away[around]) + _ALIKE, _UNLIKE)
    skin = cv2.erode((~strange & (eye == 0)).astype(np.float32), np.ones((3, 3), np.uint8))[..., None]
    # The mean of the skin nearby, and what is usual where there is none.
    seen = cv2.GaussianBlur(np.dstack([picture * skin, skin]).astype(np.float32), (0, 0), _NEARBY)
    plain = (seen[..., :3] + _FEW * usual) / (seen[..., 3:] + _FEW)
    mask = cv2.GaussianBlur(eye, (0, 0), _SOFT)[..., None] / 255
    return np.asarray(np.round(picture + (plain - picture) * mask), np.uint8)


def lashes_shade(picture: Pixels, skin: Pixels, opening: Pixels) -> Float:
    """(64, 96) float32 in 0..1: the part of the light of plain ``skin`` that lashes and their line take in ``picture``, both
    (64, 96, 3) uint8. ``opening``: (64, 96) uint8, 255 where the eye is open.

    Broad shades are left out: paint and shadows, spread over a lid that comes down, would turn it grey.
    """
    left, light = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY).astype(np.float32) for each in (picture, skin))
    left /= np.maximum(light, 1)
    left[cv2.erode(opening, disc(WITHIN)) > 0] = 1
    broad = np.clip(cv2.morphologyEx(left, cv2.MORPH_CLOSE, disc(_LASH_LINE)), 0.01, 1)
    # Softly: the opening's edge is one of whole pixels.
    return np.asarray(cv2.GaussianBlur(np.maximum(1 - left / broad, 0), (0, 0), _SOFT), np.float32)


def stubs(picture: Pixels, mask: Pixels) -> Pixels:
    """(64, 96) uint8: 255 where dark strokes stand out of ``mask`` (64, 96) and end nearby in ``picture`` (64, 96, 3).

    These are tips of long lashes, ends of liner and of the fold at the outer corner, the red of the inner one. Hair, frames
    and crow's feet go on, creases run along the eye, and around hairs of a brow it is dark.
    """
    light = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), _SOFT)
    around = np.maximum(cv2.morphologyEx(light, cv2.MORPH_CLOSE, disc(_STROKE)), 1)
    free = (mask == 0).astype(np.uint8)
    away = cv2.distanceTransform(free, cv2.DIST_L2, 3)
    # At their roots lashes run together.
    skin = around > _LIT * np.median(around[(away > 0) & (away < _AROUND)])
    dark = (skin & (away > _ROOTS) & (1 - light / around > _SHADE)).astype(np.uint8)
    found = np.zeros_like(mask)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    for label, (x, y, width, height, area) in enumerate(boxes[1:], start=1):
        stroke = labels == label
        near, far = float(away[stroke].min()), float(away[stroke].max())
        ends = x > 0 and y > 0 and x + width < mask.shape[1] and y + height < mask.shape[0] and far <= _LONG
        if ends and area >= _SPECK and near <= _ROOTS + 1 and max(width, height) <= far - near + _WIDER:
            found[stroke] = 255
    return np.asarray(cv2.dilate(found, disc(_BESIDES)), np.uint8)


def paint(picture: Pixels, skin: Pixels, opening: Pixels) -> Float:
    """(3,) float32: how much more red, green and blue, in parts, the lid above ``opening`` (64, 96) is than plain ``skin``,
    with as much light, in ``picture``: 0 but for eye shadow of a strong colour.
    """
    lid = cv2.dilate(opening, np.ones((_ABOVE, 1), np.uint8), anchor=(0, 0)) > 0
    lid &= cv2.dilate(opening, disc(_BESIDE)) == 0
    light, plain = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (picture, skin))
    bright = lid & (light > _BRIGHT * plain)
    if bright.sum() <= _SEEN * lid.sum():
        return np.zeros(3, np.float32)
    shown, bare = (np.median(each[mask], axis=0) + 1 for each, mask in ((picture, bright), (skin, opening > 0)))
    shown, bare = shown / shown.mean(), bare / bare.mean()
    if np.ptp(shown) <= np.ptp(bare):
        return np.zeros(3, np.float32)
    strength = np.clip((np.abs(shown - bare).max() - _BARE) / (_PAINTED - _BARE), 0, 1)
    return np.asarray(strength * (shown / bare - 1), np.float32)


def shut_lash_colour(picture: Pixels, skin: Pixels, opening: Pixels) -> Float:
    """The ``lash_colour`` of lids that shut over ``opening`` (64, 96), told from that of the open eye in ``picture``."""
    rim = cv2.dilate(opening, np.ones(_RIM[::-1], np.uint8)) > cv2.erode(opening, disc(_ROOTED))
    told = lash_colour(picture.astype(np.float32), skin.astype(np.float32), rim.astype(np.float32), _OPEN_LASHES)
    return np.asarray(np.clip(told + _SHUT_LASHES, *_FILMED), np.float32)


def lash_colour(picture: Float, skin: Float, where: Float, usual: Float) -> Float:
    """(3,) float32: how much redder, greener and bluer what is dark in ``picture`` is than plain ``skin``, both (64, 96, 3)
    float32, ``where`` (64, 96) float32 in 0..1: logarithms, for each e-fold of light that it lacks. ``usual`` (3,), where
    little is dark.
    """
    lacks = lacking(picture, skin)
    dark = (where > 0) & (lacks > _LASH[0]) & (lacks < _LASH[1])
    lack = lacks[dark][:, None]
    weight = where[dark][:, None] * lack
    colour = np.log(np.maximum(picture[dark], _BLACK) / np.maximum(skin[dark], _BLACK)) + lack
    return np.asarray(((weight * colour).sum(axis=0) + _FAITH * usual) / ((weight * lack).sum() + _FAITH), np.float32)


def lacking(picture: Float, skin: Float) -> Float:
    """(64, 96) float32: the logarithm of how much brighter ``skin`` is than ``picture``, from 0 to where all is black."""
    light, most = (np.maximum(brightness(each), _BLACK) for each in (picture, skin))
    return np.asarray(np.clip(np.log(most / light), 0, _LASH[1]), np.float32)


def brightness(picture: Float) -> Float:
    """(h, w) float32: the mean of the channels of ``picture`` (h, w, 3) float32."""
    return np.asarray(picture @ _EVENLY, np.float32)


def disc(radius: int) -> Pixels:
    """(2 * radius + 1, 2 * radius + 1) uint8, 1 within ``radius`` pixels of the middle."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)
