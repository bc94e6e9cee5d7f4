"""What the photo says about a mouth it does not show: the light on the face, its colours, its sharpness and its grain.

One calibration a photo, never one a frame. Teeth are almost colourless and as bright as the face's lights, within bounds set
by its skin: in smiling photos of all complexions they come near to those. Flesh is skin, redder. All colour goes as far as
the photo's own: in black and white it is none, in a toned print the tone's.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.patch import Window
from vivify.arrays import Float, Pixels
from vivify.depth.raster import filled
from vivify.easing import smoothstep
from vivify.faces.topology import EYES, LEFT_BROW, OUTER_LIPS, OVAL, RIGHT_BROW

LUMA = np.array([0.299, 0.587, 0.114], np.float32)

_MUZZLE = (50, 205, 206, 280, 425, 426, 200, 164)  # landmarks around skin near the mouth
_RIGHT_CHEEK, _LEFT_CHEEK = (50, 205, 187, 123), (280, 425, 411, 352)
_SIDE_MOST = 0.35
_OF_SKIN, _OF_WHITES = 0.11, 0.25  # powers of the hues of the skin and of the whites of the eyes, in the hue of teeth
_WHITES, _LEAST_WHITE = 88, 20  # percentile of an eye's luma from which it is white; pixels of an eye
# Teeth are less yellow than whites and lights, a percentile of these, by so much at most; from the first yellow on by less,
# from the second by nothing: that is varnish, which tints all. A picture that has bluer lights, the same percentile of all,
# is not varnished, but so blurred that eyes show no white: the Mona Lisa has .19, two such photos -.41 and .05.
_BLUER, _LEAST_YELLOW, _VARNISH, _TINTED = 0.1, 2, (0.25, 0.5), (0.06, 0.16)
_IVORY = np.array([1.0, 1.0, 0.965], np.float32)  # what teeth are in white light
_LIGHTS, _OF_LIGHTS = 98, 1.06  # percentile of the face's luma, and how near to it teeth come
_TEETH = (0.0, 0.65)  # of the skin's luma: how much brighter they are, at least and at most
_FULL_PRINT = 0.75  # of the skin's luma: how much darker the darkest is in a photo that is not faded
_BLACKEST, _VEIL = 0.5, 0.6  # percentile of the picture's luma; of that: the inside of a mouth is darker
_BRIGHTEST, _BRIGHT = 236.0, 99.9  # of teeth, luma; percentile of the picture's: nothing in it is made brighter than that
# Gums have no skin's pigment: its hue to a power, as far as it tells the light, and a pink of their own.
_GUM_OF_SKIN, _GUM = 0.5, np.array([1.17, 0.89, 0.89], np.float32)
# Tongue and cheeks from inside, where light were full, against the skin: in 80 filmed mouths tongues as bright as .65 of the
# skin are of its hue but a little redder and bluer, what is as dark as .2 is half as red again.
_INSIDE = np.array([1.0, 1.05, 1.21], np.float32)
_LEAST_RED = 0.22  # log of red against green: blood shows inside of faces that are powdered or painted paler than 9 in 10
# Deviations of red and blue from luma in a face that make a black-and-white or toned print, and a colour photo.
_COLOURLESS, _COLOURED = 1.2, 4.2
_BLUR_SEEN = ((0.30, 0.37, 0.49, 0.62), (2.6, 1.7, 0.8, 0.45))  # detail at one scale against the next: sigma in pixels
_LEAST_FACE = 128  # pixels: smaller ones are not looked at at half their size
_GRAIN_PATCH = 0.25  # eye distances


@dataclass(frozen=True)
class Tones:
    """RGB factors on ``skin``, the luma of the skin near the mouth, 0..255; ``veil``: RGB levels that even the dark has;
    ``warm``: powers of shade for R, G, B.

    ``colour``: 0 for black and white and toned prints, 1 for colour. ``teeth``: the luma of the brightest twentieth of them
    against the skin's. ``side``: log of how much brighter the viewer's right is. ``blur``: sigma of the photo's edges in
    pixels. ``grain``: (h, w, 3) of the photo's own, fit to be tiled.
    """

    skin: float
    tooth: Float
    teeth: float
    dentine: Float
    flesh: Float
    inside: Float
    warm: Float
    colour: float
    veil: Float
    side: float
    blur: float
    grain: Float


def read_tones(region: Pixels, landmarks: Float, unit: float) -> Tones:
    """The tones of a face. ``region``: (H, W, 3) RGB; ``landmarks``: (>=468, 3) in it; ``unit``: pixels per eye distance."""
    lips = landmarks[list(OUTER_LIPS), :2]
    window = Window.around(landmarks[list(OVAL), :2], 1, region.shape)
    if window is None:
        window = Window(0, 0, region.shape[1], region.shape[0])
    face, points = window.of(region).astype(np.float32), landmarks[:, :2] - window.corner
    muzzle = _inside(face, _hull(points, _MUZZLE)) & ~_inside(face, lips - window.corner)
    skin = np.median(face[muzzle], axis=0) + 4 if muzzle.any() else np.full(3, 128, np.float32)
    luma = float(skin @ LUMA)
    hue = (skin / luma).astype(np.float32)
    paler = max(_LEAST_RED - float(np.log(hue[0] / hue[1])), 0.0)
    blood = hue * np.exp(paler * np.array([0.5, -0.5, -0.5], np.float32))
    whole = _inside(face, points[list(OVAL)])
    colour = _colourfulness(face[whole])

    def toned(factor: Float) -> Float:
        """``factor`` at luma 1, its hue drawn to the photo's one tone when that is all the photo has."""
        mixed = hue * (factor / hue) ** np.float32(colour)
        return np.asarray(mixed / (mixed @ LUMA), np.float32)

    lights = float(np.percentile(face[whole] @ LUMA, _LIGHTS)) if whole.any() else luma
    darkest = float(np.percentile(face[whole] @ LUMA, 1)) if whole.any() else 0.0
    printed = float(np.clip((1 - darkest / luma) / _FULL_PRINT, 0.5, 1))
    teeth = min(1 + printed * float(np.clip(_OF_LIGHTS * lights / luma - 1, *_TEETH)), _brightest(region) / luma)
    whites = _whites(face, points, hue)
    ivory = hue**_OF_SKIN * whites**_OF_WHITES * _IVORY
    tooth = toned(_no_bluer(ivory, face[whole], luma, whites, region))
    cheeks = [_inside(face, _hull(points, cheek)) for cheek in (_RIGHT_CHEEK, _LEFT_CHEEK)]
    right, left = (float(np.median(face[cheek] @ LUMA)) + 8 if cheek.any() else luma for cheek in cheeks)
    return Tones(
        skin=luma,
        tooth=tooth,
        teeth=teeth,
        dentine=toned(tooth * np.array([1.03, 1.0, 0.90], np.float32)),
        flesh=toned(blood**_GUM_OF_SKIN * _GUM),
        inside=toned(blood * _INSIDE),
        warm=(1 + np.array([-0.2, 0.09, 0.15], np.float32) * colour).astype(np.float32),
        colour=colour,
        veil=np.asarray(_VEIL / 2 * (_darkest(region) + _darkest(window.of(region))), np.float32),
        side=float(np.clip(np.log(left / right), -_SIDE_MOST, _SIDE_MOST)),
        blur=_edge_blur(face @ LUMA, points),
        grain=_grain(face, points, unit),
    )


def _whites(face: Float, points: Float, hue: Float) -> Float:
    """(3,): the hue of the whites of the eyes, which have the picture's tint; of eyes too small, what the skin's tells."""
    found = []
    for eye in EYES:
        white = face[_inside(face, points[list(eye.opening)])]
        if len(white) >= _LEAST_WHITE:
            luma = white @ LUMA
            found.append(white[luma >= np.percentile(luma, _WHITES)].mean(axis=0) + 1)
    if not found:
        return np.asarray(hue ** (_OF_SKIN / _OF_WHITES), np.float32)
    white = np.mean(found, axis=0)
    return np.asarray(white / (white @ LUMA), np.float32)


def _no_bluer(tooth: Float, face: Float, skin: float, whites: Float, region: Pixels) -> Float:
    """``tooth`` (3,), with as much less blue as the ``whites`` and all of the ``face`` (N, 3) that is brighter than the
    ``skin``'s luma are yellower than such lights are beside teeth, or as they are where all of the ``region`` is tinted.
    """
    lit = face[face @ LUMA >= skin] + 1
    if not len(lit):
        return tooth
    light = min(_yellow(whites), float(np.percentile(np.log(lit[:, 0] / lit[:, 2]), _LEAST_YELLOW)))
    varnish, tinted = (
        float(smoothstep((yellow - start) / (full - start)))
        for yellow, (start, full) in ((light, _VARNISH), (_least_yellow(region), _TINTED))
    )
    less = _BLUER * (1 - varnish * tinted)
    short = max(light - less - _yellow(tooth), 0.0)
    return np.asarray(tooth * np.exp([0, 0, -short]), np.float32)  # red would make them pink


def _least_yellow(region: Pixels) -> float:
    """The log of red against blue of what is bluest in ``region`` (H, W, 3), its dark left out."""
    some = region[:: max(1, len(region) // 200), :: max(1, region.shape[1] // 200)].reshape(-1, 3).astype(np.float32)
    luma = some @ LUMA
    some = some[luma >= np.median(luma)] + 1
    return float(np.percentile(np.log(some[:, 0] / some[:, 2]), _LEAST_YELLOW))


def _yellow(hue: Float) -> float:
    """The log of red against blue."""
    return float(np.log(hue[0] / hue[2]))


def _darkest(region: Pixels) -> Float:
    """(3,): the mean colour of the darkest of ``region``, in a print that has faded no black."""
    luma = cv2.cvtColor(region, cv2.COLOR_RGB2GRAY)
    dark = luma <= np.percentile(luma[:: max(1, len(luma) // 400)], _BLACKEST)
    return np.asarray(region[dark].mean(axis=0) if dark.any() else np.zeros(3), np.float32)


def _brightest(region: Pixels) -> float:
    """The luma that teeth have at most."""
    luma = cv2.cvtColor(region, cv2.COLOR_RGB2GRAY)
    return min(float(np.percentile(luma[:: max(1, len(luma) // 400)], _BRIGHT)), _BRIGHTEST)


def _hull(points: Float, chosen: tuple[int, ...]) -> Float:
    return np.asarray(cv2.convexHull(np.ascontiguousarray(points[list(chosen)]))[:, 0], np.float32)


def _inside(picture: Float, polygon: Float) -> NDArray[np.bool_]:
    return np.asarray(filled(polygon, (picture.shape[1], picture.shape[0])) > 127)


def _colourfulness(pixels: Float) -> float:
    """0 for black and white and toned prints, 1 for colour: how far hues differ at one brightness."""
    if len(pixels) < 50:
        return 1.0
    some = pixels[:: max(1, len(pixels) // 20000)]
    luma = some @ LUMA
    spread = 0.0
    for channel in (0, 2):
        difference = some[:, channel] - luma
        off = np.abs(difference - np.median(difference))
        usual = off <= np.percentile(off, 90)
        degree = min(2, len(np.unique(luma[usual])) - 1)  # two tones have no curve
        rest = difference - np.polyval(np.polyfit(luma[usual], difference[usual], degree), luma)
        # Nine tenths of the skin, as a deviation: a stamp or a scribble on a black-and-white print is no colour of it.
        spread += float(np.subtract(*np.percentile(rest, (95, 5)))) / 3.29
    return float(np.clip((spread / 2 - _COLOURLESS) / (_COLOURED - _COLOURLESS), 0, 1))


def _edge_blur(luma: Float, points: Float) -> float:
    """The sigma of the photo's edges in pixels, told by the sharpest of eyes, lips and brows.

    How much detail there is at one scale against the next coarser tells it; the table is of portraits blurred by known
    amounts. Where it nears its end, at half the size there is more to tell.
    """
    eyes, brows = [points[list(eye.opening)] for eye in EYES], [_hull(points, brow) for brow in (RIGHT_BROW, LEFT_BROW)]
    smooth = [np.asarray(cv2.GaussianBlur(luma, (0, 0), s)) for s in (0.7, 1.4, 2.8)]
    fine, coarse = np.abs(smooth[0] - smooth[1]), np.abs(smooth[1] - smooth[2])
    found = [0.0]
    for features in (eyes, brows, [points[list(OUTER_LIPS)]]):
        mask = np.any([_inside(luma, polygon) for polygon in features], axis=0)
        if mask.any():
            found.append(float(fine[mask].mean()) / max(float(coarse[mask].mean()), 1e-3))
    blur = float(np.interp(max(found), *_BLUR_SEEN))
    if max(found) > _BLUR_SEEN[0][1] or min(luma.shape) < _LEAST_FACE:
        return blur
    return max(blur, 2 * _edge_blur(np.asarray(cv2.pyrDown(luma), np.float32), points / np.float32(2)))


def _grain(face: Float, points: Float, unit: float) -> Float:
    """The high frequencies of the flattest patch of cheek, mirrored so that it tiles."""
    side = max(6, round(_GRAIN_PATCH * unit))
    found: list[tuple[float, Float]] = []
    for at in (205, 425, 50, 280):
        x, y = (points[at] - side / 2).astype(int)
        patch = face[max(0, y) : max(0, y) + side, max(0, x) : max(0, x) + side]
        if min(patch.shape[:2]) >= 4:
            fine = patch - np.asarray(cv2.GaussianBlur(patch, (0, 0), 1.5))
            found.append((float(np.median(np.abs(fine))), fine))
    if not found:
        return np.zeros((2, 2, 3), np.float32)
    usual, fine = min(found, key=lambda each: each[0])
    limit = min(3.5 * usual + 0.5, 12.0)  # what stands out farther is a hair or a mark, not grain
    fine = np.clip(fine, -limit, limit)
    fine = np.concatenate([fine, fine[:, ::-1]], axis=1)
    return np.asarray(np.concatenate([fine, fine[::-1]]), np.float32)
