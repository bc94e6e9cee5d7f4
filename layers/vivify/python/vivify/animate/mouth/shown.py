"""The inside of the mouth that the photo itself shows: those pixels stay, and teeth stay rigid.

A mesh would stretch teeth as the lips part. So what the photo holds between the lips is cut along the edge of the upper
teeth: the part above goes with the skull, the part below with the jaw, the dark between the two is drawn out. Only what
opens up around them is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.mouth.edge import LIP, Edge, find_edge
from vivify.animate.mouth.hidden import RISES, behind_lower_lip, continued, seen_from, under_upper_lip
from vivify.animate.mouth.lips import between_lips
from vivify.animate.mouth.tones import LUMA, Tones
from vivify.animate.mouth.worth import Worth, redder_than, worth
from vivify.animate.patch import Window
from vivify.arrays import Float, Pixels
from vivify.depth.raster import filled
from vivify.easing import smoothstep
from vivify.faces.topology import INNER_LIPS, OUTER_LIPS

Matrix = NDArray[np.float64]

# In millimetres.
_LEAST_GAP = 2.5  # lips nearer than this show nothing to speak of
_RIM, _SHADED = 0.8, 1.7  # that the lips' own edge reaches inwards, and their shade; that by _SLIT of the gap at most
_SLIT = 0.3
_GONE = 3.5  # a lip this much farther away has left its shade behind
_END = 0.4  # from the edge: what belongs to it
_TOOTH = 0.65  # of the teeth's green: surely no gum
_SHADY, _REDDEST, _DIMMEST = 0.9, 0.4, 0.5  # shade deeper than this colours and hides light; by these powers at most
# Of the powers of shade, that teeth which a photo shows in the open are spared: between lips 3 to 5.5 mm apart the brightest
# of 34 filmed mouths is .8 as bright as in the same mouth wide open, and 16 % redder.
_SPARED = 0.5
_USUAL = 0.95  # of the brightest: what all of a photo's teeth are on average
_CAST_LEAST = 0.4  # of the light: what the lips leave at least
_SHUT = 0.8  # rows with less between them are
_DRAWN_OUT, _ALL_MADE = 0.5, 2.0  # of its height that the dark is drawn out; then it is made, all by as much again, or this
_SOFT, _CUT, _MERGES = 0.6, 0.25, 3.0  # softness of what stays, of the cut along the teeth, and of what the jaw carries
_FRONT = 13.0  # to either side: where gums are looked for
# Log of red against green, beyond the teeth's: gums have .36, teeth that lips blur into .08 to .24; in how much colour.
_GUM_RED, _COLOURED = 0.3, 0.5
_TELLS = (9.0, 14.0)  # lips farther apart than this tell what is below the upper teeth, too
_LOWER_CLEAR = 1.2  # of the lower lip's green: a lower row has 1.28 and 1.36 of it, what was lip 1.11 and .81
_LOWER_PART = 3.0  # what there is below the upper teeth must be as high as this to be the jaw's


@dataclass(frozen=True)
class Shown:
    """What a photo shows between the lips.

    ``edge``: where the upper teeth end. ``gap``: millimetres between the lips. ``window``: the part of the region it was
    read in; ``colours``: (h, w, 3) float32, without the lips' shade; ``near``, ``far``: (h, w), how much of them stays while
    the lips are near and once they have gone. ``sure``, ``upper``, ``ends``, ``lower``: (h, w) bool, where no lip is near,
    what there surely is upper teeth, where those end, and what is seen of lower ones. ``white``: (3,), the brightest that
    they are; ``warm``: (3,), the powers of the lips' shade on them. ``place``: (2, 3), see ``View.beside_lip``.
    ``gums``: whether what is dimmer above them may be gum.
    """

    edge: Edge
    gap: float
    window: Window
    colours: Float
    near: Float
    far: Float
    sure: NDArray[np.bool_]
    upper: NDArray[np.bool_]
    ends: NDArray[np.bool_]
    lower: NDArray[np.bool_]
    white: Float
    warm: Float
    place: Matrix
    worth: Worth
    gums: bool

    @classmethod
    def read(cls, region: Pixels, landmarks: Float, place: Matrix, tones: Tones) -> Shown | None:
        """What ``region`` (H, W, 3) uint8 shows, ``None`` where no teeth are seen; ``landmarks``: (>=468, 3) in it."""
        polygon = landmarks[list(INNER_LIPS), :2]
        unit = float(np.linalg.norm(place[:, 1]))
        above = polygon - RISES * place[:, 1].astype(np.float32)  # as far as the lip may leave teeth
        under = polygon + LIP * place[:, 1].astype(np.float32)
        window = Window.around(np.concatenate([polygon, above, under]), 2 * _SOFT * unit + 2, region.shape)
        if window is None or np.linalg.norm(polygon[5] - polygon[15]) < _LEAST_GAP * unit:
            return None
        picture = window.of(region).astype(np.float32)
        green = picture[..., 1].copy()  # in which lips and gums are darker than teeth
        polygon = (polygon - window.corner).astype(np.float32)
        inside = filled(polygon, window.size)
        x, y = seen_from(place, window)
        edge = find_edge(green, inside > 127, x, y, unit, tones.skin)
        lower_lip, lips = _lips(region, landmarks)
        if edge is None or (edge.lower and edge.bright < _LOWER_CLEAR * lower_lip):  # that lip, below a dark mouth
            return None
        below = y - edge.at(x)
        has_jaw = below[inside > 127].max() > _LOWER_PART
        inside = inside * ((below < 0) | has_jaw)
        gap = float(np.linalg.norm(polygon[5] - polygon[15]))
        sure, soft = _shrunk(inside, min(_SHADED * unit, _SLIT * gap)), max(_SOFT * unit, 0.4)
        cast = between_lips(polygon, window.size, place[:, 1] / unit, unit, tones.side).cast
        white = np.maximum(np.percentile(picture[inside > 127], 99, axis=0), tones.tooth * tones.teeth * tones.skin)
        toothed = (below < -edge.covered) & (green > _TOOTH * edge.bright)
        upper = sure & toothed
        full, redder = float(tones.tooth[1]) * tones.teeth * tones.skin, redder_than(tones.inside, picture[upper])
        told = worth(green, upper, x, unit, full=full, lips=lips, redder=redder)
        warm = _shaded(picture[upper], cast[upper], tones)
        picture /= np.maximum(cast, _CAST_LEAST)[..., None] ** warm
        kept = _shrunk(inside, min(_RIM * unit, _SLIT * gap))
        gums = _are_gums(picture[sure & (below < -edge.covered) & ~toothed & (np.abs(x) < _FRONT)], picture[upper], tones)
        colours, over = under_upper_lip(continued(picture, kept), sure, upper, edge, place, window, gums=gums)
        colours, behind = behind_lower_lip(colours, toothed & kept, edge, place, window)
        goes_on = told.at(x)
        hidden = np.maximum(over, behind) * goes_on
        wide = float(smoothstep((gap / unit - _TELLS[0]) / (_TELLS[1] - _TELLS[0])))
        jaws = below >= (edge.dark if edge.lower else 0)  # not the dark above lower teeth
        stays = np.where(~jaws, goes_on, np.float32(max(told.front, wide, edge.lower)))
        near, far = (
            np.asarray(cv2.GaussianBlur(np.maximum(mask, hidden).astype(np.float32), (0, 0), soft), np.float32)
            for mask in (inside > 127, sure * stays)
        )
        return cls(
            edge=edge,
            gap=gap / unit,
            window=window,
            colours=colours,
            near=near,
            far=far,
            sure=sure,
            upper=upper,
            ends=sure & (np.abs(below) < _END) & (edge.covered == 0),
            lower=sure & (below > 2 * _END) & (below < _LOWER_PART) & (edge.dark == 0),
            white=white.astype(np.float32),
            warm=warm,
            place=place,
            worth=told,
            gums=gums,
        )

    def lay_on(self, rgb: Float, window: Window, places: tuple[Matrix, Matrix], parting: float, cast: Float) -> None:
        """Draws the pixels over ``rgb`` (h, w, 3) of ``window``.

        ``places``: (2, 3) each, where ``place`` is for the skull and for the jaw; ``parting``: millimetres that the lips
        have parted, or slid, farther than in the photo; ``cast``: (h, w), how much light they leave now.
        """
        edge, place = self.edge, self.place
        (skull_x, skull_y), (jaw_x, jaw_y) = (seen_from(part, window) for part in places)
        below = skull_y - edge.at(skull_x) - edge.sheer  # how far below the skull's part
        above = edge.at(jaw_x) + edge.sheer + edge.dark - jaw_y  # and above the jaw's
        part = np.clip(below / np.maximum(below + np.maximum(above, 0), 1e-3), 0, 1)
        x = skull_x + (jaw_x - skull_x) * part
        y = np.where(above > 0, edge.at(x) + edge.sheer + edge.dark * part, jaw_y)
        y = np.where(below > 0, y, skull_y)
        # Drawn out far it would become a curtain. Rows that were shut leave none, and too little of the lower one to carry.
        shut = edge.dark < _SHUT
        cut = max(_CUT, 1 / float(np.linalg.norm(place[:, 1])))
        opened = smoothstep((below + above - (1 + _DRAWN_OUT) * edge.dark) / max(_ALL_MADE, edge.dark))
        lost = np.clip(below / cut, 0, 1) * np.maximum(smoothstep(above / max(cut, _MERGES)), shut) * opened
        source_x = (place[0, 0] * x + place[0, 1] * y + place[0, 2] - self.window.x0).astype(np.float32)
        source_y = (place[1, 0] * x + place[1, 1] * y + place[1, 2] - self.window.y0).astype(np.float32)
        gone = smoothstep(parting / _GONE)
        own = np.dstack([self.colours, self.near + (self.far - self.near) * gone])
        own = cv2.remap(own, source_x, source_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        kept = np.clip(own[..., 3], 0, 1) * (1 - lost)
        colour = np.minimum(own[..., :3] * cast[..., None] ** self.warm, self.white)
        rgb += (colour - rgb) * kept[..., None].astype(np.float32)


def _lips(region: Pixels, landmarks: Float) -> tuple[float, float]:
    """The green of the lower lip and of both, half way between their edges."""
    at = (landmarks[list(INNER_LIPS), :2] + landmarks[list(OUTER_LIPS), :2]) / 2
    seen = cv2.remap(region, at.astype(np.float32)[None], np.empty(0, np.float32), cv2.INTER_LINEAR)
    green = seen[0, :, 1]
    return float(np.median(green[11:])) + 1, float(np.median(green)) + 1


def _are_gums(dim: Float, teeth: Float, tones: Tones) -> bool:
    """Whether what is ``dim``, (N, 3) above ``teeth`` (M, 3), may be gum, and not teeth in the lips' shade."""
    if tones.colour < _COLOURED or not len(teeth):
        return True
    return redder_than(teeth.mean(axis=0), dim) > _GUM_RED


def _shaded(teeth: Float, cast: Float, tones: Tones) -> Float:
    """(3,): the powers of ``cast`` (N,) for R, G, B, that make ``teeth`` (N, 3) half as colourless, and half as bright, as
    teeth are in daylight; of those that are in the open, what filmed ones lose.

    Little but light from the lips themselves comes through a slit.
    """
    if not len(teeth):
        return tones.warm
    if (shade := float(cast.mean())) > _SHADY:
        return np.asarray(tones.warm - _SPARED, np.float32)
    lit = teeth.mean(axis=0) / shade**tones.warm
    luma = float(lit @ LUMA)
    redder = np.log(np.maximum(lit / luma, 1e-2) / tones.tooth) / np.log(shade) / 2
    dimmer = np.log(luma / (_USUAL * tones.teeth * tones.skin)) / np.log(shade) / 2
    return np.asarray(tones.warm + np.clip(redder, -_REDDEST, _REDDEST) + np.clip(dimmer, 0, _DIMMEST), np.float32)


def _shrunk(mask: NDArray[np.uint8], rim: float) -> NDArray[np.bool_]:
    """Where ``mask`` goes on for ``rim`` pixels."""
    side = 2 * max(1, round(rim)) + 1
    return np.asarray(cv2.erode(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))) > 127)
