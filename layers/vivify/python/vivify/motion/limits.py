"""How far this face may go from how its photo shows it, before the picture would break.

A still holds one side of everything. What it does not hold is not asked for: a head seen half from the side turns less, one
cut off by the picture's border or pressed against another stays nearly where it is, an eye the photo shows shut is not
opened. What was held back is told, so that nobody wonders why a face moves less than another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vivify.arrays import Float
from vivify.faces.topology import (
    BEFORE_EARS,
    CHIN,
    EYES,
    LOWER_INNER_LIP,
    MOUTH_CORNERS,
    UPPER_INNER_LIP,
    mouth_width,
)
from vivify.faces.types import Pose
from vivify.motion.template import Motion

HEAD_TURNED: Final = "head_turned"
HEAD_CUT_OFF: Final = "head_cut_off"
HEADS_TOUCH: Final = "heads_touch"
EYES_SHUT: Final = "eyes_shut"
SMILES_ALREADY: Final = "smiles_already"
SULKS: Final = "sulks"
SMALL_CHILD: Final = "small_child"
LOOSE_TEETH: Final = "loose_teeth"
SPECTACLES: Final = "spectacles"
MOUTH_HIDDEN: Final = "mouth_hidden"
EYES_HIDDEN: Final = "eyes_hidden"

_FARTHEST = Pose(yaw=24.0, pitch=16.0, roll=20.0)  # degrees the head turns away from the photo's pose
_LEAN, _WALK = 1.0, 2.6  # eye distances: a body can lean by itself; and goes at most
_LEAST_LEAN = 0.4  # however near the picture's border is
_AWAY = 0.12  # in parts of the distance it is seen from
_IN_FULL = 0.8  # of any limit is granted as asked; from there on less and less
_TURNED_FROM, _TURNED_AWAY = 18.0, 45.0  # degrees of yaw in the photo: from here the head moves less, to there the least
_HIDES = 18.0  # degrees of yaw in the photo at which it shows too little of the far cheek to turn back more than half as far
_FARTHEST_IN_ALL, _LEAST = 38.0, 2.0  # degrees of yaw, the photo's and the motion's together; what is always granted
_LEFT_TO_MOVE = 0.15  # of the farthest, for a head turned all the way
_CUT = 0.35  # of the head's height along the picture's side: cut off as much as this it is held back fully
_CUT_ABOVE = 0.15  # of its width above, likewise
_LEFT_WHEN_CUT, _LEAN_WHEN_CUT = 0.2, 0.06  # of the farthest turn and lean
_DOWN_WHEN_CUT = 0.3  # of the farthest lean, down from a border that cuts the head's upper end off
_UP_WHEN_CUT = 0.85  # of the way down that a nod takes the forehead: else that is drawn out below the border by a quarter
_LEFT_WHEN_CUT_THROUGH = 0.05  # of that, away from a border that cuts through the face itself: it would widen towards there
_LEFT_WHEN_TOUCHING = 0.25  # of the farthest turn and lean
_ALREADY_SHUT = 0.1  # an opening below this share of the eye's width is a closed eye in the photo
_AS_OPEN = 0.7  # of the more open eye: what is less open is another matter, as in a wink
_BROADEST, _LEAST_WIDER = 1.16, 0.03  # eye distances from corner to corner of the broadest smiles; what is always granted
_HANGING = 0.06  # eye distances that corners of the mouth are below the middle of the lips: such a wide mouth smiles not
_SMILING = 0.12  # with less than this left of it a photo smiles already
# Irises' width and, times _SHORT, what the face is wider than its eyes are above the chin, in eye distances: up to the first
# an adult's, from the second on a small child's (decision 14).
_CHILDISH, _SHORT = (0.35, 0.37), 0.22
_BROWS_BEHIND_GLASSES = 0.25  # of the way
# Of the lips, of an eye: hands that cover as much lie over them. Of 62 faces with hands beside, none is read to have any
# of them covered; of 24 whose lips a hand lies over, the fewest, 0.043.
_LIPS_COVERED, _EYE_COVERED = 0.02, 0.1
_CHILD_PARTS = 0.25  # of the way that lips part in a smile: what is behind those of a small child is not an adult's


def leaning(motion: Motion) -> float:
    """How far a body must be able to go, in eye distances, to be where ``motion`` takes it; hardly if it sits still."""
    return min(float(np.abs(motion.translation[:, :2]).max()) / _IN_FULL, _WALK)


@dataclass(frozen=True)
class Room:
    """What picture and neighbours leave to a head. All but ``crowded`` in the head's own upright axes.

    ``lean``: eye distances its body must go; ``free``: until the face leaves the picture, to its left, right, up and down;
    ``cut_beside``, ``cut_above``: the share 0..1 of the head's height along which a side of the picture cuts it off, and of
    its width above; ``cut_through``: how surely, 0..1, the picture ends within the face, to its left and right;
    ``crowded``: how near the next head is, 0 out of reach, 1 touching.
    """

    lean: float = _LEAN
    free: tuple[float, float, float, float] = (np.inf, np.inf, np.inf, np.inf)
    cut_beside: float = 0.0
    cut_above: float = 0.0
    cut_through: tuple[float, float] = (0.0, 0.0)
    crowded: float = 0.0


@dataclass(frozen=True)
class Limits:
    """How far, towards minus and plus.

    ``yaw``, ``pitch``, ``roll``: degrees. ``aside``, ``along``: eye distances to the left and right, up and down; ``wider``:
    that the corners of the mouth may go farther apart. ``child``: how surely, 0..1, it is a small one. ``parting``,
    ``brows``, ``mouth``, ``gaze``: the share of the way that lips part, that brows, the lower face as a whole and irises
    move. ``up``: the share of the way down that a nod takes the forehead by which it is held up. ``eyes``: whether the right
    and the left one can close.
    ``reasons``: what holds this face back, HEAD_TURNED and so on.
    """

    yaw: tuple[float, float]
    pitch: float
    roll: float
    aside: tuple[float, float]
    along: tuple[float, float]
    wider: float
    eyes: tuple[bool, bool]
    reasons: tuple[str, ...]
    child: float = 0.0
    parting: float = 1.0
    brows: float = 1.0
    up: float = 0.0
    mouth: float = 1.0
    gaze: float = 1.0

    @classmethod
    def of(cls, shape: Float, pose: Pose, room: Room = Room()) -> Limits:
        """The limits of a face. ``shape``: (478, 3) float32, landmarks in its head frame; ``pose``: its head's.

        ``room``: what picture and neighbours leave to it.
        """
        # A turned head hides a side that turning back would have to show, and has little left to turn away.
        turned = float(np.clip((abs(pose.yaw) - _TURNED_FROM) / (_TURNED_AWAY - _TURNED_FROM), 0, 1))
        cut, cut_above = min(1.0, room.cut_beside / _CUT), min(1.0, room.cut_above / _CUT_ABOVE)
        apart = 1 - room.crowded * (1 - _LEFT_WHEN_TOUCHING)
        upright = (1 - cut * (1 - _LEFT_WHEN_CUT)) * apart
        aside = (1 - cut * (1 - _LEAN_WHEN_CUT)) * apart
        from_left, from_right = (1 - share * (1 - _LEFT_WHEN_CUT_THROUGH) for share in room.cut_through)
        left, right, up, down = (min(max(room.lean, _LEAN), max(free, _LEAST_LEAN)) for free in room.free)
        part = (1 - turned * (1 - _LEFT_TO_MOVE)) * upright
        back = max(_LEAST, _FARTHEST.yaw / (1 + (pose.yaw / _HIDES) ** 2)) * upright
        on = min(_FARTHEST.yaw * part, max(_LEAST, _FARTHEST_IN_ALL - abs(pose.yaw)))
        rightwards, leftwards = (back, on) if pose.yaw > 0 else (on, back)
        eyes = _open(shape)
        wider = _BROADEST - float(mouth_width(shape))
        hangs = float(shape[list(MOUTH_CORNERS), 1].mean() - shape[[UPPER_INNER_LIP[4], LOWER_INNER_LIP[4]], 1].mean())
        child = childish(shape)
        reasons = {
            HEAD_TURNED: abs(pose.yaw) > _HIDES,
            HEAD_CUT_OFF: max(cut, cut_above) > 0,
            HEADS_TOUCH: room.crowded > 0,
            EYES_SHUT: not all(eyes),
            SMILES_ALREADY: wider < _SMILING and hangs < _HANGING,
            SULKS: wider < _SMILING and hangs >= _HANGING,
            SMALL_CHILD: child > 0.5,
        }
        return cls(
            yaw=(rightwards * from_left, leftwards * from_right),
            pitch=_FARTHEST.pitch * part,
            roll=_FARTHEST.roll * upright * min(from_left, from_right),
            aside=(left * aside * from_right, right * aside * from_left),
            along=(up, down * (1 - cut_above * (1 - _DOWN_WHEN_CUT))),
            wider=max(wider, _LEAST_WIDER),
            child=child,
            eyes=eyes,
            up=_UP_WHEN_CUT * cut_above,
            reasons=tuple(reason for reason, applies in reasons.items() if applies),
        )

    def parts(self, smile: Float, child: float = 0.0) -> Float:
        """The share of the way that lips part, of the shape of ``smile`` (0..1, how far the mouth smiles). A small child's
        smile bares less, but a jaw that drops opens every mouth: an upper lip drawn up alone would sulk. Told by who is so
        surely a small ``child``, a child's smile goes as far as his.
        """
        return np.minimum(self.parting, 1 - self.child * (1 - child) * (1 - _CHILD_PARTS) * smile)

    def parted_by(self, share: float) -> Limits:
        """The same, but for lips that part ``share`` of the way at most, less than 1 where what shows hangs from none."""
        return replace(self._held_by(LOOSE_TEETH, applies=share < 1), parting=min(self.parting, share))

    def behind_spectacles(self, worn: float) -> Limits:
        """The same, but for brows and the skin above the lids, which move less, the surer it is (0..1) that spectacles are
        ``worn``.
        """
        return replace(self._held_by(SPECTACLES, applies=worn > 0.5), brows=1 - worn * (1 - _BROWS_BEHIND_GLASSES))

    def seeing(self, seen: tuple[bool, bool]) -> Limits:
        """The same, but for eyes of which nothing is ``seen``, which stay as they are."""
        right, left = (able and told for able, told in zip(self.eyes, seen, strict=True))
        squeezed = (right, left) != self.eyes and EYES_SHUT not in self.reasons
        return replace(self._held_by(EYES_SHUT, applies=squeezed), eyes=(right, left))

    def without_mouth(self) -> Limits:
        """The same for a face whose mouth is behind something, which stays as it is."""
        return replace(self._held_by(MOUTH_HIDDEN, applies=MOUTH_HIDDEN not in self.reasons), mouth=0.0)

    def behind_hands(self, lips: float, eyes: tuple[float, float]) -> Limits:
        """The same for a face of which hands cover such shares (0..1) of ``lips`` and of the right and the left eye: what is
        covered stays as it is; brows and irises do where an eye is.
        """
        held = self
        bare = [share < _EYE_COVERED for share in eyes]
        if not all(bare):
            right, left = (able and free for able, free in zip(self.eyes, bare, strict=True))
            held = replace(self._held_by(EYES_HIDDEN, applies=True), eyes=(right, left), brows=0.0, gaze=0.0)
        return held.without_mouth() if lips >= _LIPS_COVERED else held

    def _held_by(self, reason: str, *, applies: bool) -> Limits:
        return replace(self, reasons=(*self.reasons, reason)) if applies else self

    def turns(self, rotation: Float) -> Float:
        """``rotation`` (T, 3) within the limits: near them the head slows down instead of stopping."""
        return _slowed(rotation, self.yaw, (self.pitch, self.pitch), (self.roll, self.roll))

    def moves(self, translation: Float) -> Float:
        """``translation`` (T, 3) within the limits, likewise."""
        return _slowed(translation, self.aside, self.along, (_AWAY, _AWAY))


def _slowed(asked: Float, *bounds: tuple[float, float]) -> Float:
    """``asked`` (T, N) up to ``_IN_FULL`` of its bounds towards minus and plus, then slower and slower, never beyond."""
    minus, plus = np.array(bounds, np.float32).T
    bound = np.where(asked < 0, minus, plus)
    full, rest = bound * np.float32(_IN_FULL), bound * np.float32(1 - _IN_FULL)
    over = np.maximum(np.abs(asked) - full, 0)
    return (np.sign(asked) * (np.minimum(np.abs(asked), full) + rest * np.tanh(over / rest))).astype(np.float32)


def childish(shape: Float) -> float:
    """How surely, 0..1, this is a small child: irises are nearly full-grown at birth, faces are not, least of all below the
    eyes. Each iris across or down, whichever the lids leave.
    """
    if not all(_open(shape)):
        return 0.0  # of a shut eye's iris nothing is known
    rims = [shape[list(eye.iris[1:])] for eye in EYES]
    irises = np.mean([np.linalg.norm(rim[:2] - rim[2:], axis=1).max() for rim in rims])
    right, left = shape[list(BEFORE_EARS)]
    below = shape[CHIN, 1] - np.mean([shape[[eye.outer, eye.inner], 1] for eye in EYES])
    short = np.linalg.norm(right - left) - below
    start, full = _CHILDISH
    return float(np.clip((irises + _SHORT * short - start) / (full - start), 0, 1))


def _open(shape: Float) -> tuple[bool, bool]:
    """Whether the right and the left eye can close. Eyes about as open as one another blink together: narrow ones whose
    reading straddles the bound winked.
    """
    right, left = (float(eye.apart(shape)) for eye in EYES)
    more = max(right, left)
    right, left = (more if opening >= _AS_OPEN * more else opening for opening in (right, left))
    return right >= _ALREADY_SHUT, left >= _ALREADY_SHUT
