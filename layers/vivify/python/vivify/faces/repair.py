"""Repairs what age did to the face of an old photo: scratches, creases and dust are filled in, faded tones drawn apart.

An undamaged photo comes back as it is, bit for bit, so what counts is when NOT to repair. A hair, a spectacle rim, a wrinkle
or a crack of old paint looks like a scratch; what none of them does is lie all over the picture. Hence the statistic: of
the photo's cells (0.6 eye distances square), the share through which a *mark* goes: a thin spot or line, lighter than both
its sides, on ground that is smooth beside it, and no more colourful than it. Damage is mostly of one kind, a picture's own
detail of both, so dark marks are counted as well and speak against it; for a proof they are too much like hair. Measured on
(light, dark): two scratched photos 0.59, 0.02 and 0.54, 0.05; of some two hundred healthy photos and video frames the
highest are 0.58, 0.24 (a drawing) and 0.38, 0.02. A few scratches on an otherwise good photo are therefore left alone, and
so are dark ones, and light and dark ones mixed: they cannot be told from a picture's own detail.

Faded means that the whole photo spans few tones and has lost its blacks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.errors import PhotoDamaged
from vivify.faces.topology import CHIN, EYES, FOREHEAD, LEFT_BROW, OUTER_LIPS, OVAL, RIGHT_BROW
from vivify.faces.types import Face, Verdict

if TYPE_CHECKING:
    from vivify.photos import Photo

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

# Lengths are in eye distances unless they say pixels; tones are L of 8-bit Lab, 0..255.
DAMAGED = 0.45  # share of cells with a light mark from which a photo is damaged ...
ONE_KIND = 3.5  # ... where so many times fewer cells hold a dark one
KIND_TOO = 0.12  # share from which dark marks of a damaged photo are repaired too: fewer may be moles and lashes
FEWEST = 16  # cells with a mark: fewer prove nothing
CELL = 0.6
LOOK_UNIT, LOOK_SIDE = 80.0, 1000.0  # pixels: eye distance and longer side at which the photo is judged
FIX_UNIT = 120.0  # pixels: eye distance at which the marks are found and filled in
LONGEST_FILL = 0.12  # area over length of a mark that is still thin
FILL_RADIUS = 3.0  # pixels that the filling looks around
HEAD_REACH, HEAD_RAISED = 2.1, 0.4  # the circle that is repaired: its radius, and how far above the face's middle it lies
TOO_LITTLE = 0.30  # share of the face under marks beyond which the filling would be the face

# Tones between the photo's darkest and lightest 0.5%, and the darkest. Healthy photos taken in soft light span down to 130
# with a darkest of at most 63 (gallery and 110 video frames): span alone says nothing, lost blacks and a narrow span do.
FADED, LOST_BLACK = 115.0, 75.0
BLANK = 24.0  # fewer than this and there is nothing to draw apart
FULL_RANGE, MOST_GAIN = 208.0, 1.7

_LIGHT, _DARK = cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT


@dataclass(frozen=True)
class Limits:
    """What counts as a mark.

    ``seed``, ``seed_ratio``: how far its core stands out, in tones and over the detail usual around it; ``edge``,
    ``edge_ratio``: how far the rest of it does. ``contrast``: its mean tone to that of the ground. ``half_width``: of the
    widest mark. ``rough``: the ground's own spread may be such a part of the contrast; ``rough_line``: under a fine line, or
    a line on a face.
    """

    seed: float
    seed_ratio: float
    edge: float
    edge_ratio: float
    contrast: float
    half_width: float
    rough: float
    rough_line: float


PROOF = Limits(seed=22, seed_ratio=7, edge=9, edge_ratio=3, contrast=16, half_width=0.035, rough=0.30, rough_line=0.30)
KNOWN = Limits(seed=14, seed_ratio=4.5, edge=7, edge_ratio=2, contrast=9, half_width=0.035, rough=0.5, rough_line=0.8)
"""Once the photo is known to be damaged."""
WIDE = Limits(seed=30, seed_ratio=4.5, edge=10, edge_ratio=2, contrast=22, half_width=0.055, rough=0.35, rough_line=0.6)
"""The same for wider marks: on a face alone, since elsewhere a ribbon or a cigarette is no less."""


@dataclass(frozen=True)
class Repaired:
    """``photo``: the photo itself if nothing was done. ``faces``: as given, but with a verdict where too little is left.

    ``repaired``: which faces' surroundings were changed, one flag a face.
    """

    photo: Photo
    faces: list[Face]
    repaired: list[bool]


def repair(photo: Photo, faces: list[Face]) -> Repaired:
    """The photo with the faces that can be animated repaired, if it is damaged. Never writes to ``photo``."""
    subjects = [i for i, face in enumerate(faces) if face.verdict is None]
    done, checked = [False] * len(faces), list(faces)
    if not subjects:
        return Repaired(photo, checked, done)
    kinds = _damage(photo.pixels, [faces[i] for i in subjects])
    tones = _faded(photo.pixels)
    if not kinds and tones is None:
        return Repaired(photo, checked, done)
    pixels = photo.pixels.copy()
    if kinds:
        masks = {i: _mask(photo.pixels, faces[i], faces, kinds) for i in subjects}
        for i, (_, mask, covered) in masks.items():
            done[i] = bool(mask.any())
            if covered > TOO_LITTLE:
                checked[i] = replace(faces[i], verdict=Verdict(PhotoDamaged.code, _message(covered)))
        _fill(pixels, [(box, mask) for box, mask, _ in masks.values()], max(faces[i].eye_distance for i in subjects))
    if tones is not None:
        for i in subjects:
            _refresh(pixels, faces[i], *tones)
            done[i] = True
    return Repaired(replace(photo, pixels=pixels) if any(done) else photo, checked, done)


def _message(covered: float) -> str:
    return (
        f"Damage covers {100 * covered:.0f}% of the face; too little is left of it. "
        "Have the photo restored first, or choose another one."
    )


def _damage(pixels: Pixels, faces: list[Face]) -> list[int]:
    """The kinds of marks (_LIGHT, _DARK) to repair; none if the photo is not damaged."""
    unit = max(face.eye_distance for face in faces)
    zoom = min(1.0, LOOK_UNIT / unit, LOOK_SIDE / max(pixels.shape[:2]))
    lab = _lab(pixels, zoom)
    features = np.zeros(lab.shape[:2], np.uint8)
    for face in faces:
        _draw_features(features, face.landmarks[:, :2] * zoom, zoom * face.eye_distance, brows=True, around=0.1)
    cell = CELL * zoom * unit
    light, dark = (_cells(_marks(lab, zoom * unit, kind, PROOF, features), cell) for kind in (_LIGHT, _DARK))
    cells = max(lab.shape[0] * lab.shape[1] / cell**2, 1.0)
    if light < max(FEWEST, DAMAGED * cells) or dark * ONE_KIND > light:
        return []
    return [_LIGHT, _DARK] if dark >= KIND_TOO * cells else [_LIGHT]


def _cells(marked: NDArray[np.int32], cell: float) -> int:
    """How many cells of that side (pixels) hold a part of a mark."""
    rows, columns = np.nonzero(marked)
    return len(set(zip((rows / cell).astype(int).tolist(), (columns / cell).astype(int).tolist(), strict=True)))


def _marks(
    lab: Pixels, unit: float, kind: int, limits: Limits, spared: Pixels, skin: Pixels | None = None
) -> NDArray[np.int32]:
    """(H, W): the number, from 1, of the mark a pixel belongs to, or 0. ``unit``: pixels an eye distance.

    ``spared``: not 0 where nothing is a mark.
    ``skin``: 1 on the face, where lines need less even a ground, since a face is shaded and its features are spared.
    """
    tone = lab[..., 0].astype(np.float32)
    radius = max(1, round(limits.half_width * unit))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    stands = cv2.morphologyEx(lab[..., 0], kind, disc).astype(np.float32)
    window = int(CELL * unit) | 1
    ratio = stands / (cv2.blur(stands, (window, window)) + 1.0)
    low = ((stands > limits.edge) & (ratio > limits.edge_ratio) & (spared == 0)).astype(np.uint8)
    count, label, box, _ = cv2.connectedComponentsWithStats(low, connectivity=8)
    seeds = np.bincount(label[(stands > limits.seed) & (ratio > limits.seed_ratio)], minlength=count)
    area = box[:, cv2.CC_STAT_AREA].astype(np.float64)
    length = np.hypot(box[:, cv2.CC_STAT_WIDTH], box[:, cv2.CC_STAT_HEIGHT])
    likely = (seeds >= 2) & (area / length < LONGEST_FILL * unit)
    likely[0] = False

    # The ground beside the marks: its tone and colour, and how far it strays from that itself.
    beside = (cv2.dilate(likely[label].astype(np.uint8), disc) == 0).astype(np.float32)
    sigma = 2.0 * radius + 1.0
    weight = np.maximum(cv2.GaussianBlur(beside, (0, 0), sigma), 1e-3)
    ground = cv2.GaussianBlur(tone * beside, (0, 0), sigma) / weight
    above = tone - ground
    spread = cv2.GaussianBlur(above * above * beside, (0, 0), sigma) / weight
    colour = np.hypot(*(lab[..., c].astype(np.float32) - 128.0 for c in (1, 2)))
    colour -= cv2.GaussianBlur(colour * beside, (0, 0), sigma) / weight

    def mean(of: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.bincount(label.ravel(), of.ravel(), count) / np.maximum(area, 1.0)

    contrast = mean(above) * (1.0 if kind == _LIGHT else -1.0)
    fine = (length > 0.35 * unit) & (area < 0.045 * unit * length)
    if skin is not None:
        fine |= (length > 0.2 * unit) & (mean(skin) > 0.5)
    rough = np.where(fine, limits.rough_line, limits.rough)
    keep = likely & (contrast > limits.contrast) & (np.sqrt(mean(spread)) < rough * contrast)
    keep &= mean(colour) < 3.0
    return np.asarray((np.cumsum(keep) * keep)[label], np.int32)


def _mask(pixels: Pixels, face: Face, everybody: list[Face], kinds: list[int]) -> tuple[NDArray[np.int64], Pixels, float]:
    """Where to fill on one head: the box it speaks of (x0, y0, x1, y1), the mask in it, the share of the face under it."""
    box = _around(face, 2.9, pixels.shape).astype(np.int64)
    x0, y0, x1, y1 = box
    view = pixels[y0:y1, x0:x1]
    zoom = min(1.0, FIX_UNIT / face.eye_distance)
    unit = zoom * face.eye_distance
    lab = _lab(view, zoom)
    features = np.zeros(lab.shape[:2], np.uint8)
    for other in everybody:
        points = (other.landmarks[:, :2] - np.array([x0, y0], np.float32)) * zoom
        _draw_features(features, points, other.eye_distance * zoom, brows=False, around=0.08)
    oval = np.zeros(lab.shape[:2], np.uint8)
    points = (face.landmarks[list(OVAL), :2] - np.array([x0, y0], np.float32)) * zoom
    cv2.fillPoly(oval, [np.rint(points).astype(np.int32)], (1,))
    near = _away(face, (x0, y0), zoom, lab.shape, raised=HEAD_RAISED) < HEAD_REACH
    marked = np.zeros(lab.shape[:2], bool)
    for kind, limits in product(kinds, (KNOWN, WIDE)):
        label = _marks(lab, unit, kind, limits, features, oval)
        # A mark is filled whole or not at all, since a stump shows more: if it touches the face, or lies mostly on the head.
        chosen = np.bincount(label.ravel(), near.ravel()) > 0.5 * np.bincount(label.ravel())
        inside = np.bincount(label.ravel(), oval.ravel())
        chosen = inside > 0.5 * np.bincount(label.ravel()) if limits is WIDE else chosen | (inside > 0)
        chosen[0] = False
        marked |= chosen[label]
    reach = max(1, round(0.03 * unit))
    mask = np.asarray(cv2.dilate(marked.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), np.uint8)
    mask[features > 0] = 0
    covered = float(mask[oval > 0].mean()) if oval.any() else 0.0
    if zoom < 1:
        mask = np.asarray(cv2.resize(mask, view.shape[1::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
    return box, mask, covered


def _fill(pixels: Pixels, masks: list[tuple[NDArray[np.int64], Pixels]], unit: float) -> None:
    """Fills ``pixels`` under all masks at once, so that no filling is drawn from another."""
    boxes = np.array([box for box, _ in masks])
    (x0, y0), (x1, y1) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    whole = np.zeros((y1 - y0, x1 - x0), np.uint8)
    for (left, top, right, bottom), mask in masks:
        whole[top - y0 : bottom - y0, left - x0 : right - x0] |= mask
    view = pixels[y0:y1, x0:x1]
    zoom = min(1.0, FIX_UNIT / unit)  # filling is smooth: on a large face it is found on fewer pixels
    size = (max(1, round(view.shape[1] * zoom)), max(1, round(view.shape[0] * zoom)))
    small = np.ascontiguousarray(view if zoom == 1 else cv2.resize(view, size, interpolation=cv2.INTER_AREA))
    under = whole if zoom == 1 else (cv2.resize(whole * 255, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    filled = cv2.inpaint(small, under, FILL_RADIUS, cv2.INPAINT_TELEA)
    if zoom < 1:
        filled = cv2.resize(filled, view.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    np.copyto(view, np.asarray(filled, np.uint8), where=whole[..., None] > 0)


def _faded(pixels: Pixels) -> tuple[float, float] | None:
    """The photo's darkest and lightest tone if it is faded."""
    tone = _lab(pixels, min(1.0, 512 / max(pixels.shape[:2])))[..., 0]
    low, high = (float(v) for v in np.percentile(tone, [0.5, 99.5]))
    return (low, high) if BLANK < high - low < FADED and low > LOST_BLACK else None


def _refresh(pixels: Pixels, face: Face, low: float, high: float) -> None:
    """Draws the tones around one head apart, in ``pixels``; colours stay, and nothing shows where it ends."""
    gain = min(MOST_GAIN, FULL_RANGE / (high - low))
    # Centred so that both ends keep the same room.
    middle = np.clip((low + high) / 2, gain * (high - low) / 2, 255 - gain * (high - low) / 2)
    table = np.clip(middle + gain * (np.arange(256) - (low + high) / 2), 0, 255).round().astype(np.uint8)
    x0, y0, x1, y1 = _around(face, 3.6, pixels.shape).astype(int)
    view = pixels[y0:y1, x0:x1]
    lab = cv2.cvtColor(view, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.LUT(lab[..., 0], table)
    fall = np.clip((3.5 - _away(face, (x0, y0), 1.0, view.shape)) / 1.3, 0.0, 1.0)[..., None]
    weight = fall * fall * (3.0 - 2.0 * fall)
    mixed = view + weight * (cv2.cvtColor(lab, cv2.COLOR_LAB2RGB).astype(np.float32) - view)
    view[:] = np.rint(mixed).astype(np.uint8)


def _lab(pixels: Pixels, zoom: float) -> Pixels:
    if zoom < 1:
        size = (max(1, round(pixels.shape[1] * zoom)), max(1, round(pixels.shape[0] * zoom)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB), np.uint8)


def _around(face: Face, reach: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """x0, y0, x1, y1 of the square ``reach`` eye distances around the face's middle, whole pixels within the photo."""
    middle, far = face.landmarks[:, :2].mean(axis=0).astype(float), reach * face.eye_distance
    limits = np.array(shape[1::-1], float)
    return np.concatenate([np.clip(np.floor(middle - far), 0, limits), np.clip(np.ceil(middle + far), 0, limits)])


def _away(
    face: Face, corner: tuple[int, int], zoom: float, shape: tuple[int, ...], raised: float = 0.0
) -> NDArray[np.float32]:
    """(H, W) distance in eye distances from the face's middle, or from ``raised`` above it towards the hair."""
    up = face.landmarks[FOREHEAD, :2] - face.landmarks[CHIN, :2]
    middle = face.landmarks[:, :2].mean(axis=0) + up * np.float32(raised * face.eye_distance / max(np.hypot(*up), 1.0))
    x, y = (middle - np.array(corner, np.float32)) * np.float32(zoom)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.asarray(np.hypot(columns - x, rows - y) / (face.eye_distance * zoom), np.float32)


def _draw_features(mask: Pixels, points: NDArray[np.float32], unit: float, *, brows: bool, around: float) -> None:
    """Marks eyes, mouth and perhaps brows in ``mask`` (1), ``around`` eye distances wider than they are."""
    groups = [eye.opening for eye in EYES] + [OUTER_LIPS] + ([RIGHT_BROW, LEFT_BROW] if brows else [])
    for group in groups:
        outline = cv2.convexHull(np.rint(points[list(group)]).astype(np.int32))
        cv2.fillPoly(mask, [outline], (1,))
        cv2.polylines(mask, [outline], True, (1,), max(1, round(2 * around * unit)))
