"""One row of teeth and its gum, unrolled to a flat picture: what each square of it is made of and how it catches light.

Drawn once a photo. Every face has its own: widths, lengths, tilts and tones vary by a seed, as in people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from vivify.animate.mouth.anatomy import LOWER, LOWER_ARCH, MILK_LOWER, MILK_UPPER, UPPER, UPPER_ARCH, Arch, Crown
from vivify.arrays import Float

# In millimetres.
_HALF = 48.0  # of the row that is drawn, to either side
_ABOVE, _BELOW = 2.0, 22.0  # beyond the edge, and from it past the neck over the gum
_FINEST = 6.0  # pixels per millimetre that crowns are at least drawn at, before they are reduced
_GAP = 0.05  # between neighbours
_STANDS_OUT = (-0.10, 0.04)  # how much darker and brighter than usual: one bright tooth in a row is what is seen first
_FRONT_ALIKE = 0.6  # how unruly the two in the middle are, against the others


@dataclass(frozen=True)
class Row:
    """One row as (h, w) float32 maps; columns run along the arch, rows from the edge of the teeth to the gum.

    ``tooth``, ``gum``: how much of each there is; what is neither nor is seen through. ``light``: how bright, 1 is full.
    ``yellow``: how far the tone is dentine's. ``gloss``: how much it shines. ``scale``: pixels per millimetre.
    """

    tooth: Float
    gum: Float
    light: Float
    yellow: Float
    gloss: Float
    arch: Arch
    crowns: tuple[tuple[Crown, ...], tuple[Crown, ...]]
    scale: float

    def column(self, along: Float) -> Float:
        """Columns at the arc lengths ``along``, in millimetres from the middle."""
        return ((along + _HALF) * self.scale - 0.5).astype(np.float32)

    @property
    def along(self) -> Float:
        """(w,): the arc lengths of the columns, millimetres from the middle."""
        return ((np.arange(self.tooth.shape[1]) + 0.5) / self.scale - _HALF).astype(np.float32)

    def line(self, height: Float) -> Float:
        """Rows at ``height``: millimetres from the teeth's edge towards the gum."""
        return ((height + _ABOVE) * self.scale - 0.5).astype(np.float32)


def draw_row(*, upper: bool, milk: bool, scale: float, rng: np.random.Generator) -> Row:
    """The upper or lower row at ``scale`` pixels per millimetre, individual by ``rng``; ``milk``: a small child's."""
    crowns = (MILK_UPPER if upper else MILK_LOWER) if milk else (UPPER if upper else LOWER)
    arch = UPPER_ARCH if upper else LOWER_ARCH
    over = max(2, int(np.ceil(_FINEST / scale)))
    fine = scale * over
    size = (round((_ABOVE + _BELOW) * scale) * over, round(2 * _HALF * scale) * over)
    along = ((np.arange(size[1]) + 0.5) / fine - _HALF).astype(np.float32)
    height = ((np.arange(size[0]) + 0.5) / fine - _ABOVE).astype(np.float32)
    maps = {name: np.zeros(size, np.float32) for name in ("tooth", "gum", "light", "yellow", "gloss")}
    neck = np.full(size[1], 7.0, np.float32)
    unruly = 1.0 if upper else 1.4  # lower incisors stand closest and least straight
    own: list[tuple[Crown, ...]] = []
    for side in (-1, 1):
        start, chosen = _GAP / 2, []
        for number, usual in enumerate(crowns):
            crown = _varied(usual, number, rng, unruly)
            chosen.append(crown)
            alike = unruly if number else _FRONT_ALIKE * unruly
            _draw_crown(maps, neck, along, height, crown, side, start + crown.width / 2, fine, rng, alike)
            start += crown.width + _GAP + max(0.0, rng.normal(-0.1, 0.12))
        own.append(tuple(chosen))
    _draw_gum(maps, neck, height, fine, rng)
    _fall_off(maps["light"], arch, along)
    small = (size[1] // over, size[0] // over)
    done = {name: np.asarray(cv2.resize(m, small, interpolation=cv2.INTER_AREA), np.float32) for name, m in maps.items()}
    return Row(**done, arch=arch, crowns=(own[0], own[1]), scale=scale)


def _varied(crown: Crown, number: int, rng: np.random.Generator, unruly: float) -> Crown:
    return replace(
        crown,
        width=crown.width * (1 + rng.normal(0, 0.025)),
        length=crown.length * (1 + rng.normal(0, 0.03)),
        raised=crown.raised + rng.normal(0, 0.2 if number else 0.1) * unruly,
        mesial=crown.mesial * rng.uniform(0.7, 1.4),
        distal=crown.distal * rng.uniform(0.75, 1.35),
    )


def _draw_crown(
    maps: dict[str, Float],
    neck: Float,
    along: Float,
    height: Float,
    crown: Crown,
    side: int,
    middle: float,
    fine: float,
    rng: np.random.Generator,
    unruly: float,
) -> None:
    half = crown.width / 2
    columns = np.flatnonzero(np.abs(along - side * middle) < half + 1.0)
    if len(columns) < 2:  # a crown beyond what this mouth can show
        return
    lean = np.float32(np.tan(np.radians(rng.normal(-2.0, 1.4 * unruly))))  # roots converge: crowns lean to the middle
    turned = np.float32(rng.normal(0, 0.12 * unruly))  # about its own length: one flank nearer to the light
    stands_out = float(np.clip(rng.normal(0, 0.045 * unruly), *_STANDS_OUT))
    y = height[:, None] - np.float32(crown.raised)
    x = (along[None, columns] - side * middle) * side + lean * (y - crown.length * 0.4)  # positive: away from the middle
    up = np.clip(y / crown.length, 0, 1)  # 0 at the edge, 1 at the neck
    # Widest at the contact, a quarter up; narrower at the neck.
    reach = half * (1 - (1 - crown.neck) * np.clip((up - 0.25) / 0.75, 0, 1) ** 1.8)
    edge = crown.cusp * (np.abs(x) / half) ** 1.35 + 0.12 * np.clip(x / half, -1, 1)
    corner = np.where(x > 0, crown.distal, crown.mesial).astype(np.float32)
    inset_x, inset_y = np.abs(x) - reach + corner, edge - y + corner
    outside = np.hypot(np.maximum(inset_x, 0), np.maximum(inset_y, 0)) + np.minimum(np.maximum(inset_x, inset_y), 0) - corner
    tooth = np.clip(0.5 - outside * fine, 0, 1).astype(np.float32)

    bulge = np.sqrt(np.clip(1 - (np.abs(x) / np.maximum(reach, 1e-3)) ** 3.0, 0, 1)) * half * 0.25
    lobes = 0.05 * np.cos(x / half * np.pi * 1.55) * np.clip(1 - up * 1.3, 0, 1)
    belly = -0.9 * (up - 0.62) ** 2 * (1 + rng.normal(0, 0.1))
    slope_y, slope_x = np.gradient(np.asarray(cv2.GaussianBlur(bulge + lobes + belly, (0, 0), 0.3 * fine)), 1 / fine)
    length = np.sqrt(1 + slope_x**2 + slope_y**2)
    facing = (0.93 + 0.30 * slope_y + (turned - 0.04) * slope_x) / length  # light from the front and a little above
    light = 0.60 + 0.43 * np.clip(facing, 0, 1)
    between = np.exp(np.minimum(outside, 0) / 0.32)
    contact = np.exp(-(((up - 0.3) / 0.2) ** 2))
    light *= 1 - between * (0.21 - 0.10 * contact)
    tip = np.clip(1 - (y - edge) / (0.17 * crown.length), 0, 1)
    light *= 1 - 0.15 * tip**1.2  # thin enamel: the dark of the mouth shines through
    light *= 1 - 0.12 * np.clip((up - 0.72) / 0.28, 0, 1)
    light *= 1 + stands_out + 0.022 * mottle(light.shape, 1.6 * fine, rng) + 0.010 * mottle(light.shape, 0.35 * fine, rng)
    canine = 1.0 if crown.cusp > 1.2 and crown.thick < 4 else 0.0
    yellow = 0.22 + 0.55 * np.clip((up - 0.35) / 0.65, 0, 1) ** 1.3 - 0.35 * tip + 0.14 * canine + rng.normal(0, 0.07)
    shine = np.exp(-((x / half - turned * 2 + 0.12) ** 2) / 0.10 - (up - 0.50) ** 2 / 0.045)
    gloss = shine * (0.7 + 0.5 * mottle(light.shape, 0.7 * fine, rng))

    part = np.ix_(np.arange(len(height)), columns)
    for name, value in (("light", light * (1 - 0.05 * canine)), ("yellow", yellow), ("gloss", np.maximum(gloss, 0))):
        maps[name][part] += (value - maps[name][part]) * tooth
    maps["tooth"][part] = np.maximum(maps["tooth"][part], tooth)
    line = crown.raised + crown.length * (1 - 0.34 * np.clip(np.abs(x[-1]) / half, 0, 1.15) ** 2.3)
    near = np.abs(along[columns] - side * middle) <= half + _GAP
    neck[columns[near]] = line[near]


def _draw_gum(maps: dict[str, Float], neck: Float, height: Float, fine: float, rng: np.random.Generator) -> None:
    """Gum over the necks, a scallop to each tooth, and the shade between the teeth below it."""
    neck = np.asarray(cv2.GaussianBlur(neck[None], (0, 0), 0.25 * fine), np.float32)[0]
    over = height[:, None] - neck[None]
    gum = np.clip(0.5 + over * fine / 1.5, 0, 1)
    roll = np.exp(-(((over - 0.9) / 0.8) ** 2))
    light = 0.80 + 0.12 * roll - 0.022 * np.clip(over - 2, 0, 9) + 0.05 * mottle(over.shape, 1.2 * fine, rng)
    cast = 1 - 0.25 * np.exp(-np.maximum(-over, 0) / 0.45)  # the gum's rim shades the neck
    maps["light"] *= cast
    maps["light"] += (light - maps["light"]) * gum
    maps["gloss"] *= 1 - gum
    maps["gloss"] += 0.3 * roll * gum * np.clip(0.5 + 0.5 * mottle(over.shape, 0.9 * fine, rng), 0, 1)
    # Behind the contacts other crowns go on: the space between two teeth is dim, not a hole.
    body = np.clip((height[:, None] - 0.14 * neck[None]) / (0.16 * neck[None]), 0, 1)
    fill = body * (1 - np.maximum(maps["tooth"], gum))
    maps["tooth"] += fill * (1 - gum)
    maps["light"] += (0.55 - maps["light"]) * fill
    maps["tooth"] *= 1 - gum
    maps["gum"] += gum


def _fall_off(light: Float, arch: Arch, along: Float) -> None:
    """The farther back along the arch, the less of the light from the front arrives."""
    _, z = arch.points(along)
    light *= np.exp(-np.maximum(z - 10, 0) / 55)[None].astype(np.float32)


def mottle(shape: tuple[int, ...], size: float, rng: np.random.Generator) -> Float:
    """Smooth noise of unit deviation and ``size`` pixels."""
    step = max(1, int(size / 2))
    few = rng.normal(size=(-(-shape[0] // step) + 4, -(-shape[1] // step) + 4)).astype(np.float32)
    few = np.asarray(cv2.GaussianBlur(few, (0, 0), max(size / step, 0.6)), np.float32)
    few /= few.std() + 1e-6
    return np.asarray(cv2.resize(few, (few.shape[1] * step, few.shape[0] * step)), np.float32)[: shape[0], : shape[1]]
