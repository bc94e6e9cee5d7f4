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
from vivify.animate.mouth.lips import between_lips
from vivify.animate.mouth.tones import LUMA, Tones
from vivify.animate.patch import Window
from vivify.arrays import Float, Pixels
from vivify.depth.raster import filled
from vivify.easing import smoothstep
from vivify.faces.topology import INNER_LIPS

Matrix = NDArray[np.float64]

# In millimetres.
_LEAST_GAP = 2.5  # lips nearer than this show nothing to speak of
_RIM, _SHADED = 0.8, 1.7  # that the lips' own edge reaches inwards, and their shade; that by _SLIT of the gap at most
_SLIT = 0.3
_GONE = 3.5  # a lip this much farther away has left its shade behind
_END = 0.4  # from the edge: what belongs to it
_TOOTH = 0.65  # of the teeth's green: surely no gum
_SHADY, _REDDEST = 0.9, 0.4  # shade deeper than this colours; by this power at most
_CAST_LEAST = 0.4  # of the light: what the lips leave at least
_SHUT = 0.8  # rows with less between them are
_DRAWN_OUT, _ALL_MADE = 0.5, 2.0  # of its height that the dark is drawn out; then it is made, all by as much again, or this
_SOFT, _CUT, _MERGES = 0.6, 0.25, 3.0  # softness of what stays, of the cut along the teeth, and of what the jaw carries
_RISES, _CROWN = 8.0, 9.5  # that a lip rises over teeth; from their edge to their neck
_COLUMN, _INTO, _NONE = 0.5, 0.3, 1e3  # width of a column that goes on above, from so far into it
_SEEN = 0.25  # share of the columns seen that surely show a tooth: from fewer nothing goes on above, lips shade all
_GUM, _NECK = 0.7, 1.5  # what there is above a tooth is gum, if it is higher; there it turns into that
_GUMS, _EVEN, _TAPER = (
    0.3,
    3.0,
    5.0,
)  # share of columns that show gum; how even what goes on is; less high at both ends
_BRIGHTEST, _TOUCHING = (
    4.0,
    0.87,
)  # power of luma that tells teeth from the dark between; of theirs, where they touch
_ROUND = 1.2  # of an edge that the photo does not show
_ALIKE = 1.0  # how alike neighbouring columns end
_BLED, _OWN_HUE = 2.0, 70  # pixels that a lip bleeds into teeth; percentile of luma from which they have their own hue
_LOWER_PART = 3.0  # what there is below the upper teeth must be as high as this to be the jaw's


@dataclass(frozen=True)
class Shown:
    """What a photo shows between the lips.

    ``edge``: where the upper teeth end. ``gap``: millimetres between the lips. ``window``: the part of the region it was
    read in; ``colours``: (h, w, 3) float32, without the lips' shade; ``near``, ``far``: (h, w), how much of them stays while
    the lips are near and once they have gone. ``sure``, ``upper``, ``ends``, ``lower``: (h, w) bool, where no lip is near,
    what there surely is upper teeth, where those end, and what is seen of lower ones. ``white``: (3,), the brightest that
    they are; ``warm``: (3,), the powers of the lips' shade on them. ``place``: (2, 3), see ``View.beside_lip``.
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

    @classmethod
    def read(cls, region: Pixels, landmarks: Float, place: Matrix, tones: Tones) -> Shown | None:
        """What ``region`` (H, W, 3) uint8 shows, ``None`` where no teeth are seen; ``landmarks``: (>=468, 3) in it."""
        polygon = landmarks[list(INNER_LIPS), :2]
        unit = float(np.linalg.norm(place[:, 1]))
        above = polygon - _RISES * place[:, 1].astype(np.float32)  # as far as the lip may leave teeth
        under = polygon + LIP * place[:, 1].astype(np.float32)
        window = Window.around(np.concatenate([polygon, above, under]), 2 * _SOFT * unit + 2, region.shape)
        if window is None or np.linalg.norm(polygon[5] - polygon[15]) < _LEAST_GAP * unit:
            return None
        picture = window.of(region).astype(np.float32)
        green = picture[..., 1].copy()  # in which lips and gums are darker than teeth
        polygon = (polygon - window.corner).astype(np.float32)
        inside = filled(polygon, window.size)
        x, y = _seen_from(place, window)
        edge = find_edge(green, inside > 127, x, y, unit, tones.skin)
        if edge is None:
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
        warm = _reddened(picture[upper], cast[upper], tones)
        picture /= np.maximum(cast, _CAST_LEAST)[..., None] ** warm
        kept = _shrunk(inside, min(_RIM * unit, _SLIT * gap))
        colours, over = _under_lip(_continued(picture, kept), sure, upper, edge, place, window)
        colours, behind = _behind_lip(colours, toothed & kept, edge, place, window)
        hidden = np.maximum(over, behind)
        near, far = (
            np.asarray(cv2.GaussianBlur(np.maximum(mask, hidden).astype(np.float32), (0, 0), soft), np.float32)
            for mask in (inside > 127, sure)
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
        )

    def lay_on(self, rgb: Float, window: Window, places: tuple[Matrix, Matrix], parting: float, cast: Float) -> None:
        """Draws the pixels over ``rgb`` (h, w, 3) of ``window``.

        ``places``: (2, 3) each, where ``place`` is for the skull and for the jaw; ``parting``: millimetres that the lips
        have parted, or slid, farther than in the photo; ``cast``: (h, w), how much light they leave now.
        """
        edge, place = self.edge, self.place
        (skull_x, skull_y), (jaw_x, jaw_y) = (_seen_from(part, window) for part in places)
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


def _reddened(teeth: Float, cast: Float, tones: Tones) -> Float:
    """(3,): the powers of ``cast`` (N,) for R, G, B, that make ``teeth`` (N, 3) half as colourless as teeth are in daylight.

    Little but light from the lips themselves comes through a slit.
    """
    if not len(teeth) or (shade := float(cast.mean())) > _SHADY:
        return tones.warm
    hue = teeth.mean(axis=0) / shade**tones.warm
    redder = np.log(np.maximum(hue / (hue @ LUMA), 1e-2) / tones.tooth) / np.log(shade) / 2
    return np.asarray(tones.warm + np.clip(redder, -_REDDEST, _REDDEST), np.float32)


def _continued(picture: Float, sure: NDArray[np.bool_]) -> Float:
    """``picture`` (h, w, 3) that beyond what is ``sure`` goes on as it ends there: lips shaded what they now uncover."""
    if not sure.any():
        return picture
    _, nearest = cv2.distanceTransformWithLabels((~sure).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((int(nearest.max()) + 1, 3), np.float32)
    colours[nearest[sure]] = picture[sure]
    return colours[nearest]


def _under_lip(
    picture: Float, sure: NDArray[np.bool_], upper: NDArray[np.bool_], edge: Edge, place: Matrix, window: Window
) -> tuple[Float, Float]:
    """``picture`` (h, w, 3) with what the upper lip hides, and (h, w) how much of it there is, 0..1: a tooth goes on up to
    its neck, gum as far as a lip rises.
    """
    x, y = _seen_from(place, window)
    if not edge.hanging or not sure.any():
        return picture, np.zeros_like(x)
    columns = np.arange(x[sure].min(), x[sure].max() + _COLUMN, _COLUMN, dtype=np.float32)
    lip, tooth = _highest(sure, x, y, columns), _highest(upper, x, y, columns)
    toothed, seen = tooth < _NONE, lip < _NONE
    if toothed.sum() < _SEEN * seen.sum():
        return picture, np.zeros_like(x)
    gum = toothed & (tooth - lip > _GUM)
    gums = bool(gum.sum() > _GUMS * toothed.sum())
    line = edge.at(columns) - edge.covered
    # Never from below their edge, where a column shows a tongue.
    begins = np.minimum(np.where(gum | ~toothed, lip, tooth), line - 2 * _INTO)
    beside = smoothstep(np.minimum(columns - columns[0], columns[-1] - columns) / _TAPER)
    ends = lip - _RISES * beside if gums else line - _CROWN
    begin, end = (np.interp(x, columns[seen], each[seen]).astype(np.float32) + _INTO for each in (begins, ends))
    over = np.asarray(np.where((y < begin) & (y > end), np.interp(x, columns, beside), 0), np.float32)
    found = _sampled(picture, place, window, x, np.where(over > 0, begin, y))
    higher = (over > 0) * smoothstep((begin - y) / _NECK)
    told = gum if gums else seen
    band = _sampled(picture, place, window, columns[told][None], begins[told][None] + np.float32(_INTO))[0]
    even = _evened(found, x, columns, columns[told], band, teeth=not gums)
    found += (even - found) * higher[..., None]
    return found.astype(np.float32), over


def _evened(found: Float, x: Float, columns: Float, at: Float, band: Float, *, teeth: bool) -> Float:
    """``found`` (h, w, 3) as even as the ``band`` (N, 3) of what goes on, which was seen ``at`` some of the ``columns``."""
    near = np.exp(-(((columns[:, None] - at) / _EVEN) ** 2)) + 1e-6
    if teeth:  # their edges stand apart, elsewhere they touch: the dark between them does not go on
        near *= (band @ LUMA) ** _BRIGHTEST
    band = near @ band / near.sum(axis=1, keepdims=True)
    even = np.dstack([np.interp(x, columns, each) for each in band.T])
    if teeth:
        even = even * np.maximum((found @ LUMA) / np.maximum(even @ LUMA, 1), _TOUCHING)[..., None]
    return even.astype(np.float32)


def _behind_lip(picture: Float, teeth: NDArray[np.bool_], edge: Edge, place: Matrix, window: Window) -> tuple[Float, Float]:
    """``picture`` (h, w, 3) with what the lower lip hides of the upper ``teeth``, each column going on as it ends, and
    (h, w) how much of it there is, 0..1; their rounded edges are left to the modelled row.
    """
    x, y = _seen_from(place, window)
    if not edge.covered or not teeth.any():
        return picture, np.zeros_like(x)
    columns = np.arange(x[teeth].min(), x[teeth].max() + _COLUMN, _COLUMN, dtype=np.float32)
    lowest = -_highest(teeth, x, -y, columns)
    seen = lowest > -_NONE
    ends = np.interp(columns, columns[seen], lowest[seen]).astype(np.float32)
    ends = cv2.GaussianBlur(ends[None], (0, 0), _ALIKE / _COLUMN, borderType=cv2.BORDER_REPLICATE)[0]
    tops = np.interp(columns, columns[seen], _highest(teeth, x, y, columns)[seen]).astype(np.float32)
    clean = np.maximum(ends - np.float32(_INTO + _BLED / np.linalg.norm(place[:, 1])), (tops + ends) / 2)
    end, begin = (np.interp(x, columns, each).astype(np.float32) for each in (ends, clean))
    found = _sampled(picture, place, window, x, np.minimum(y, begin))
    band = _sampled(picture, place, window, columns[None], clean[None])[0]
    even = _evened(found, x, columns, columns, band, teeth=True) @ LUMA
    luma = picture[teeth] @ LUMA
    tooth = picture[teeth][luma >= np.percentile(luma, _OWN_HUE)].mean(axis=0)
    even = even[..., None] * tooth / (tooth @ LUMA)  # the hue of one mouth's teeth is one, but for what lips lend them
    beside = (x > columns[0]) & (x < columns[-1])
    lipped = smoothstep((y - begin) / np.maximum(end - begin, 1e-3)) * beside
    here = beside & (y > begin) & (y < edge.at(x) - _ROUND)
    return (picture + (even - picture) * lipped[..., None]).astype(np.float32), here.astype(np.float32)


def _sampled(picture: Float, place: Matrix, window: Window, x: Float, y: Float) -> Float:
    """``picture`` of ``window`` at ``x``, ``y`` in millimetres, see ``_seen_from``."""
    across, down = (place[row, 0] * x + place[row, 1] * y + place[row, 2] - window.corner[row] for row in (0, 1))
    at = np.dstack([across, down]).astype(np.float32)
    return np.asarray(cv2.remap(picture, at, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _highest(mask: NDArray[np.bool_], x: Float, y: Float, columns: Float) -> Float:
    """(N,): the least ``y`` of ``mask`` around each of the ``columns``; ``_NONE`` where it has none."""
    highest = np.full(len(columns), _NONE, np.float32)
    np.minimum.at(highest, np.clip(np.round((x[mask] - columns[0]) / _COLUMN).astype(int), 0, len(columns) - 1), y[mask])
    return highest


def _seen_from(place: Matrix, window: Window) -> tuple[Float, Float]:
    """The pixels of ``window`` as millimetres to the right of and below the origin of ``place``: (h, w) each."""
    (a, b), (c, d) = np.linalg.inv(place[:, :2]).astype(np.float32)
    dx = np.arange(window.x0, window.x1, dtype=np.float32)[None] - np.float32(place[0, 2])
    dy = np.arange(window.y0, window.y1, dtype=np.float32)[:, None] - np.float32(place[1, 2])
    return a * dx + b * dy, c * dx + d * dy


def _shrunk(mask: NDArray[np.uint8], rim: float) -> NDArray[np.bool_]:
    """Where ``mask`` goes on for ``rim`` pixels."""
    side = 2 * max(1, round(rim)) + 1
    return np.asarray(cv2.erode(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))) > 127)
