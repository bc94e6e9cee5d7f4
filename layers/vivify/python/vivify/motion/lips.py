"""Lips measured on one person, on the mouth of another: as wide as it is, closed where it is, and never inside out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vivify.arrays import Float
from vivify.easing import smoothstep
from vivify.faces.topology import (
    INNER_LIPS,
    LOWER_INNER_LIP,
    LOWER_LIP_ROWS,
    MESH,
    MOUTH_CORNER_ROWS,
    MOUTH_CORNERS,
    NOSTRILS,
    OUTER_LIPS,
    UPPER_INNER_LIP,
    UPPER_LIP_ROWS,
    lips_apart,
    mouth_width,
)
from vivify.motion.limits import Limits
from vivify.motion.opening import USUAL, Opening

_QUIET_LIPS = 0.03  # eye distances: lip gaps that change by less than this are noise
_BESIDE_CORNERS = ((57, 185), (287, 409))  # landmarks above and outside each corner
_CORNER_HELD = 0.5  # of the way to their height
_FULL_SMILE = 0.14  # eye distances that corners move apart in a full smile
# Eye distances that corners are usually below the middle of lips at rest. Eight filmed people's are by -0.01 to 0.04, and
# end above it by 0.08 to 0.13 in a broad smile, wherever they began.
_TURNED_DOWN = 0.015
_PURSED = 0.36  # eye distances that corners come together at most; less, where they are farther apart than unsmiling:
_UNSMILING, _SMILE_HOLDS = 0.85, 3.0  # eye distances, and the power of that
_TOUCH, _SLIT, _TEETH, _GRIN = 0.012, 0.022, 0.10, 0.18  # eye distances between lips: from the second to the third they are
# a little apart. Nine filmed people's smiles begin so: their lips part by this share of how far the corners do, where these
# rise over the middle by more than this.
_SMILE_PARTS, _CURVED = 0.43, 0.03
_LIP_BENDS = np.sqrt(np.sin(np.linspace(0, np.pi, 11)[1:-1])).astype(np.float32)  # most in the middle
_PARTED = 0.06  # eye distances: lips farther apart show teeth
_KISS = 0.25  # eye distances that corners come together, the lips touching, in a kiss
_GRIN_CLOSES, _GAPES = 0.2, 0.35  # eye distances: lips that the photo shows so far apart close in a kiss, and do not
_NOT_BOTH = 20.0  # per square eye distance: how much the photo's opening takes from the motion's
_UPPER_COMES = 0.25  # of how far parted lips come together: the jaw does most of it
# How sharply corners slow down near their limit. With half of it two filmed people whose smiles came to .93 of the limit,
# and whose lips came together as far, were followed .86 of the way.
_SOFTLY = 8
# Eye distances: so far within the corners of the mouth lips touch still, when they are so far apart (filmed ones that open
# round, 0.10 to 0.15; with all of that wide openings get points at their ends).
_CORNER, _WIDE_OPEN = 0.07, 0.25
# Of a lip's own thickness: no motion makes it thinner. Filmed lower lips come to .42 beside the corners (median of eight
# people's least), all others to .7 and more.
_THINNEST = np.array([0.4, *[0.65] * 7, 0.4], np.float32)
_NOSE_BASE, _UPPER_LIP_MIDDLE = 2, (37, 0, 267)  # landmarks
_LIP_RISES = 0.55  # of the way to the nose, at most
_NOSE_TIP, _NOSTRILS_RISE = 4, 0.022  # landmark; eye distances towards it, at most
_AROUND_LIPS, _AROUND_CORNERS = 0.13, 0.22  # eye distances: how far the lips' edge takes skin along
_LIPS = list(dict.fromkeys(OUTER_LIPS + INNER_LIPS))
_COLUMNS = np.array(  # (20, 4): the points of each of INNER_LIPS, from the lips' inner edge to their outer
    [
        MOUTH_CORNER_ROWS[0],
        *zip(UPPER_INNER_LIP, *UPPER_LIP_ROWS, OUTER_LIPS[1:10], strict=True),
        MOUTH_CORNER_ROWS[1],
        *reversed(list(zip(LOWER_INNER_LIP, *LOWER_LIP_ROWS, OUTER_LIPS[:10:-1], strict=True))),
    ]
)
_NEAR_CORNER = np.tile(np.cos(np.linspace(0, 2 * np.pi, 20, endpoint=False)) ** 2, 2).astype(np.float32)  # of each of them
_NARROWER, _WIDER = 0.7, 1.3  # what a mouth differs from the measured one at most


@dataclass(frozen=True)
class Lips:
    """The lips of whom a motion was measured on, at rest, in eye distances. ``apart``: their middles; ``down``: how far the
    corners of the mouth are below these; ``edge``: (20, 2), where INNER_LIPS are, None if that was not kept; ``child``: how
    surely, 0..1, they are a small child's.
    """

    apart: float = 0.0
    down: float = 0.0
    edge: Float | None = field(default=None, compare=False)
    child: float = 0.0

    @classmethod
    def of(cls, shape: Float) -> Lips:
        """``shape``: (>=468, 3), landmarks in the head frame, in eye distances."""
        middle = (shape[UPPER_INNER_LIP[4], 1] + shape[LOWER_INNER_LIP[4], 1]) / 2
        return cls(
            float(lips_apart(shape)), float(shape[list(MOUTH_CORNERS), 1].mean() - middle), shape[list(INNER_LIPS), :2]
        )


SHUT = Lips()  # and level: as of those the library was measured on


def on_mouth(displacement: Float, measured: float, width: float) -> Float:
    """``displacement`` (T, 468, 3), ``measured`` on a mouth so wide, on one of another ``width``: lips go aside as it is,
    and the smile of a narrower one parts them less.
    """
    moved = displacement.copy()
    size = float(np.clip(width / measured, _NARROWER, _WIDER))
    moved[:, _LIPS, 0] *= np.float32(size)
    smile = smiling(moved)[:, None]
    corners = moved[:, list(MOUTH_CORNERS), 1].mean(axis=1, keepdims=True)
    moved[:, _LIPS, 1] += (corners - moved[:, _LIPS, 1]) * smile * max(1 - size, 0)
    return moved


def together(shape: Float, part: float) -> Float:
    """(468, 3): how the lips of ``shape``, (>=468, 3), come together by ``part``, 0..1, of how far they are apart."""
    moved = np.zeros((MESH, 3), np.float32)
    gap = part * np.maximum(shape[list(LOWER_INNER_LIP), 1] - shape[list(UPPER_INNER_LIP), 1], 0)
    for row in (UPPER_INNER_LIP, *UPPER_LIP_ROWS, OUTER_LIPS[1:10]):
        moved[list(row), 1] = _UPPER_COMES * gap
    for row in (LOWER_INNER_LIP, *LOWER_LIP_ROWS, OUTER_LIPS[:10:-1]):
        moved[list(row), 1] = (_UPPER_COMES - 1) * gap
    return moved


def fit_lips(displacement: Float, shape: Float, limits: Limits, measured: float, lips: Lips = SHUT) -> Float:
    """``displacement`` (T, 468, 3), eye distances, with lips and the skin around them fitted to another face.

    ``shape``: (>=468, 3), that face's landmarks in its head frame; ``limits``: how far it may go; ``measured``: the width of
    the mouth it was measured on, eye distances; ``lips``: its lips.
    """
    width = float(mouth_width(shape))
    form = USUAL if lips.edge is None else Opening.of(lips.edge + displacement[:, list(INNER_LIPS), :2]).form()
    displacement = on_mouth(displacement, measured, width)
    smile = smiling(displacement)[:, None]
    kiss = smoothstep(-_widened(displacement) / _KISS)[:, None]
    left = np.sqrt(_temper_smile(displacement, width, limits.wider))[:, None]
    share = limits.parts(smile, lips.child) * (1 - smile * (1 - left))
    _turn_up(displacement, shape, lips.down, smile)
    _lift_off_teeth(displacement, shape, lips.apart)
    _keep_philtrum(displacement, shape)
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    rest = shape[lower, 1] - shape[upper, 1]
    change = displacement[:, lower, 1] - displacement[:, upper, 1]
    size = np.abs(change)
    noise = _QUIET_LIPS * (1 - smoothstep(rest / _PARTED))  # which would be seen where lips are closed
    quiet = np.sign(change) * np.minimum(size, 2 * np.maximum(size - noise, 0))  # all of it from twice the noise on
    # A mouth that the photo shows wide open has not as far to go: two openings do not add up. Small motions stay, but not in
    # a smile: there the lower lip keeps to the teeth, and what the photo has apart is part of the way already.
    # Nor is what the measured mouth had apart as well, and opened from.
    wide, more = np.maximum(rest - max(_PARTED, lips.apart), 0), np.maximum(rest - max(_SLIT, lips.apart), 0)
    opens = np.maximum(quiet, 0)
    opens = opens / (1 + _NOT_BOTH * wide * opens) * share
    opens += smile * (np.hypot(more, opens) - more - opens)
    quiet = np.where(quiet > 0, opens, quiet)
    # Lips that purse without parting come together, even those that the photo shows apart; those of a mouth wide open round
    # themselves: closed without the jaw's whole way a lower lip is crumpled to a tongue.
    gapes = smoothstep((rest.max() - _GRIN_CLOSES) / (_GAPES - _GRIN_CLOSES))
    quiet -= kiss * (1 - gapes) * np.maximum(rest - lips.apart, 0) * (1 - smoothstep(opens / _PARTED))
    # Lips may touch but not pass through one another.
    wanted = np.maximum(rest + quiet, np.minimum(rest, 0.004))
    correction = wanted - rest - change
    # Each lip takes half of it; but an upper lip comes no lower for it than it would be at rest, the jaw closes instead.
    raised = np.maximum(-displacement[:, upper, 1], 0)
    from_upper = np.maximum(correction / 2, -raised)
    displacement[:, lower, 1] += correction - from_upper
    displacement[:, upper, 1] -= from_upper
    # The rest of each lip goes along, so that lips keep their thickness.
    displacement[:, list(OUTER_LIPS[11:]), 1] += (correction - from_upper).mean(axis=1, keepdims=True)
    displacement[:, list(OUTER_LIPS[1:10]), 1] -= from_upper.mean(axis=1, keepdims=True)
    _round(displacement, shape, form)
    _keep_flesh(displacement, shape, (upper, *UPPER_LIP_ROWS, OUTER_LIPS[1:10]), down=1)
    _keep_flesh(displacement, shape, (lower, *LOWER_LIP_ROWS, OUTER_LIPS[:10:-1]), down=-1)
    # Beside a corner of the mouth lies a thin strip of skin: a corner that drops alone would blow it up.
    for (*_, corner), beside in zip(MOUTH_CORNER_ROWS, _BESIDE_CORNERS, strict=True):
        displacement[:, corner, 1] += _CORNER_HELD * (
            displacement[:, list(beside), 1].mean(axis=1) - displacement[:, corner, 1]
        )
    now, before = (smoothstep(gap.max(axis=-1) / _WIDE_OPEN) for gap in (rest + change + correction, rest))
    _meet(displacement, shape, (1 - smile[:, 0] ** 2) * np.maximum(now - before, 0))
    for inside, *between, outside in MOUTH_CORNER_ROWS:
        for step, point in enumerate(between, 1):
            part = step / (len(between) + 1)
            displacement[:, point] = (1 - part) * displacement[:, inside] + part * displacement[:, outside]
    # Skin next to the lips goes with them: measured on a longer chin or a longer lip it would fold here.
    along, near = _around_lips(shape)
    displacement += near[:, None] * (
        np.tensordot(along, displacement[:, list(OUTER_LIPS)], axes=(1, 1)).swapaxes(0, 1) - displacement
    )
    _keep_nostrils(displacement)
    return displacement


def _meet(displacement: Float, shape: Float, opened: Float) -> None:
    """Lets lips that part touch still near the corners of the mouth, in place, as far as it is ``opened`` (T,), 0..1: the
    opening keeps its form, and ends farther within. Nothing is drawn aside, or the dark of the corners would be drawn out.
    """
    apart = np.mean([abs(shape[outside, 0] - shape[inside, 0]) for inside, *_, outside in MOUTH_CORNER_ROWS])
    rings = [[INNER_LIPS[0], *lip, INNER_LIPS[10]] for lip in (UPPER_INNER_LIP, LOWER_INNER_LIP)]
    for index in np.flatnonzero(opened):
        place = shape[rings, :2] + displacement[index, rings, :2]
        across = np.maximum.accumulate(place[..., 0].mean(axis=0))
        width = max(across[-1] - across[0], 4 * _CORNER)  # narrower ones are no mouths
        part = (across - across[0]) / width
        within = opened[index] * max(_CORNER - apart, 0) / width
        begun = (part - within) / (1 - 2 * within)
        for lip, rows, tall in zip(rings, (UPPER_LIP_ROWS, LOWER_LIP_ROWS), place[..., 1], strict=True):
            height = tall - tall[0] - (tall[-1] - tall[0]) * part
            change = (np.interp(begun, part, height, 0, 0) - height)[1:-1].astype(np.float32)
            for step, row in enumerate((lip[1:-1], *rows)):
                displacement[index, list(row), 1] += change * np.float32(1 - step / (1 + len(rows)))


def _widened(displacement: Float) -> Float:
    """(T,): how far the corners of the mouth go apart."""
    right, left = MOUTH_CORNERS
    return np.asarray(displacement[:, left, 0] - displacement[:, right, 0], np.float32)


def smiling(displacement: Float) -> Float:
    """(T,), 0..1: how far the mouth is as wide as in a smile."""
    return smoothstep(_widened(displacement) / _FULL_SMILE)


def _temper_smile(displacement: Float, width: float, room: float) -> Float:
    """Keeps the corners of the mouth, ``width`` apart in the photo, within ``room`` more, in place: one that smiles there
    has not as far to go; nor do lips purse as far out of a smile, cheeks would fold. Returns (T,): the share that is left.
    """
    growth = _widened(displacement)
    together = _PURSED * min(1.0, _UNSMILING / width) ** _SMILE_HOLDS
    part = (1 + (np.abs(growth) / np.where(growth > 0, room, together)) ** _SOFTLY) ** (-1 / _SOFTLY)
    displacement[:, _LIPS, 0] *= part[:, None]
    displacement[:, _LIPS, 1] *= 1 - _NEAR_CORNER * (1 - part[:, None])
    return np.asarray(part, np.float32)


def _turn_up(displacement: Float, shape: Float, measured: float, smile: Float) -> None:
    """Lifts the corners of a mouth that the photo has turned down as it comes to ``smile`` (T, 1), 0..1, in place: smiles
    end in a line of their own, not as far below it as the mouth began. Corners ``measured`` so far down have come up by
    themselves.
    """
    down = Lips.of(shape).down - max(_TURNED_DOWN, measured)
    displacement[:, _LIPS, 1] -= max(down, 0) * smile * _NEAR_CORNER


def _lift_off_teeth(displacement: Float, shape: Float, apart: float) -> None:
    """Raises the upper lip of a smile, in place, where the photo has the lips a little apart: it rises off the teeth then,
    while the lower one stays. A smile measured on lips less ``apart`` would only draw the slit out.
    """
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    rest = float((shape[lower, 1] - shape[upper, 1]).max())
    slit = smoothstep((rest - max(_TOUCH, apart)) / (_SLIT - _TOUCH)) * (1 - smoothstep((rest - _TEETH) / (_GRIN - _TEETH)))
    middle = (displacement[:, UPPER_INNER_LIP[4], 1] + displacement[:, LOWER_INNER_LIP[4], 1]) / 2
    rise = middle - displacement[:, list(MOUTH_CORNERS), 1].mean(axis=1)
    now = displacement[:, LOWER_INNER_LIP[4], 1] - displacement[:, UPPER_INNER_LIP[4], 1]
    smile = smoothstep(rise / _CURVED) * np.maximum(_widened(displacement), 0)
    lift = (slit * np.maximum(_SMILE_PARTS * smile - np.maximum(now, 0), 0))[:, None] * _LIP_BENDS
    for row in (UPPER_INNER_LIP, *UPPER_LIP_ROWS, OUTER_LIPS[1:10]):
        displacement[:, list(row), 1] -= lift


def _keep_philtrum(displacement: Float, shape: Float) -> None:
    """Keeps the upper lip off the nose, in place: a lip that rises on a long face would crush the skin of a short one."""
    room = _LIP_RISES * float((shape[list(_UPPER_LIP_MIDDLE), 1] - shape[_NOSE_BASE, 1]).mean())
    rise = np.maximum(
        (displacement[:, _NOSE_BASE, None, 1] - displacement[:, list(_UPPER_LIP_MIDDLE), 1]).mean(axis=1), 1e-6
    )
    part = (1 + (rise / max(room, 1e-3)) ** _SOFTLY) ** (-1 / _SOFTLY)
    lip = [*UPPER_INNER_LIP, *np.ravel(UPPER_LIP_ROWS), *OUTER_LIPS[1:10]]
    displacement[:, lip, 1] += (1 - part[:, None]) * np.maximum(-displacement[:, lip, 1], 0)


def _keep_nostrils(displacement: Float) -> None:
    """Keeps what is below the tip of the nose from rising into it, in place: nostrils seen at a slant would be crushed."""
    rise = displacement[:, _NOSE_TIP, None, 1] - displacement[:, list(NOSTRILS), 1]
    part = (1 + (np.maximum(rise, 0) / _NOSTRILS_RISE) ** _SOFTLY) ** (-1 / _SOFTLY)
    displacement[:, list(NOSTRILS), 1] += (1 - part) * rise


def _round(displacement: Float, shape: Float, form: Float) -> None:
    """Gives a mouth that opens wide its ``form``, (..., 20, 2), in place, as far as both its sides open."""
    opening = Opening.of(shape[list(INNER_LIPS), :2] + displacement[:, list(INNER_LIPS), :2])
    photo = float(np.linalg.norm(shape[UPPER_INNER_LIP[4], :2] - shape[LOWER_INNER_LIP[4], :2]))
    displacement[:, _COLUMNS, :2] += opening.change(form, photo)[:, :, None]
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    rest = (shape[lower] - shape[upper])[:, 1]
    gap = rest + (displacement[:, lower] - displacement[:, upper])[..., 1]
    displacement[:, upper, 1] += np.minimum(gap - np.minimum(rest, 0), 0)  # where a mouth is crooked


def _around_lips(shape: Float) -> tuple[Float, Float]:
    """(468, 20): each point's shares in the lips' outer edge; (468,): how far it follows that edge, 0 for the lips' own."""
    away = np.linalg.norm(shape[:MESH, None, :2] - shape[None, list(OUTER_LIPS), :2], axis=2)
    share = 1 / (away**2 + 0.002) ** 2
    reach = np.where(np.isin(OUTER_LIPS, MOUTH_CORNERS), _AROUND_CORNERS, _AROUND_LIPS)
    near = np.exp(-((away / reach).min(axis=1) ** 2))
    near[[*OUTER_LIPS, *INNER_LIPS, *np.ravel((UPPER_LIP_ROWS, LOWER_LIP_ROWS)), *np.ravel(MOUTH_CORNER_ROWS)]] = 0
    return (share / share.sum(axis=1, keepdims=True)).astype(np.float32), near.astype(np.float32)


def _keep_flesh(displacement: Float, shape: Float, rows: Sequence[Sequence[int]], down: int) -> None:
    """Keeps a lip's thickness: one thinner than the measured one must not be turned inside out by its motion.

    ``rows``: of the lip's points, from its inner edge to its outer; ``down``: 1 where the inner edge lies below the outer
    (the upper lip), -1 where above.
    """
    inner, outer = list(rows[0]), list(rows[-1])
    own = down * (shape[inner, 1] - shape[outer, 1])
    now = own + down * (displacement[:, inner, 1] - displacement[:, outer, 1])
    displacement[:, outer, 1] -= down * np.maximum(np.minimum(_THINNEST * own, own) - now, 0)
    for row in rows[1:-1]:
        part = np.clip(down * (shape[inner, 1] - shape[list(row), 1]) / np.maximum(own, 1e-4), 0, 1)[:, None]
        displacement[:, list(row)] = (1 - part) * displacement[:, inner] + part * displacement[:, outer]
