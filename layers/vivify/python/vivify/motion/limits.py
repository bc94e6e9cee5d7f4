"""How far this face may go from how its photo shows it, before the picture would break.

A still holds one side of everything. What it does not hold is not asked for: a head seen half from the side turns less, one
cut off by the picture's border or pressed against another stays nearly where it is, an eye the photo shows shut is not
opened. What was held back is
told, so that nobody wonders why a face moves less than another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vivify.faces.topology import EYES, MOUTH_CORNERS, Eye
from vivify.faces.types import Pose

Float = NDArray[np.float32]

HEAD_TURNED: Final = "head_turned"
HEAD_CUT_OFF: Final = "head_cut_off"
HEADS_TOUCH: Final = "heads_touch"
EYES_SHUT: Final = "eyes_shut"
SMILES_ALREADY: Final = "smiles_already"
SMALL_CHILD: Final = "small_child"

_FARTHEST = Pose(yaw=24.0, pitch=16.0, roll=20.0)  # degrees the head turns away from the photo's pose
_LEAN, _AWAY = 1.0, 0.12  # eye distances a body can lean; away in parts of the distance it is seen from
_IN_FULL = 0.6  # of any limit is granted as asked; from there on less and less
_TURNED_FROM, _TURNED_AWAY = 18.0, 45.0  # degrees of yaw in the photo: from here the head moves less, to there the least
_HIDES = 11.0  # degrees of yaw in the photo at which it shows too little of the far cheek to turn back more than half as far
_FARTHEST_IN_ALL, _LEAST = 38.0, 2.0  # degrees of yaw, the photo's and the motion's together; what is always granted
_LEFT_TO_MOVE = 0.15  # of the farthest, for a head turned all the way
_CUT = 0.35  # of the head's height along the picture's side: cut off as much as this it is held back fully
_LEFT_WHEN_CUT, _LEAN_WHEN_CUT = 0.2, 0.06  # of the farthest turn and lean
_LEFT_WHEN_TOUCHING = 0.25  # of the farthest turn and lean
_ALREADY_SHUT = 0.1  # an opening below this share of the eye's width is a closed eye in the photo
_BROADEST, _LEAST_WIDER = 1.16, 0.03  # eye distances from corner to corner of the broadest smiles; what is always granted
_SMILING = 0.12  # with less than this left of it a photo smiles already
_SMALL_CHILD = 0.242  # of the eyes' distance: irises as wide as this; they are nearly full-grown at birth, faces are not
_CHILD_PARTS = 0.25  # of the way that lips part: what is behind those of a small child is not an adult's


@dataclass(frozen=True)
class Limits:
    """``yaw``: degrees towards minus and plus; ``pitch``, ``roll``: degrees either way. ``aside``, ``wider``: eye distances,
    the latter how much farther apart the corners of the mouth may go. ``parting``: the share of the way that lips part.
    ``eyes``: whether the right and the left one can close. ``reasons``: what holds this face back, HEAD_TURNED and so on.
    """

    yaw: tuple[float, float]
    pitch: float
    roll: float
    aside: float
    wider: float
    parting: float
    eyes: tuple[bool, bool]
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, shape: Float, pose: Pose, cut_off: float = 0.0, crowded: float = 0.0) -> Limits:
        """The limits of a face.

        ``shape``: (478, 3) float32, its landmarks in its head frame; ``pose``: of the head in the photo; ``cut_off``: the
        share 0..1 of the head's height along which a side of the picture cuts it off; ``crowded``: how near the next head
        is, 0 out of reach, 1 touching.
        """
        # A turned head hides a side that turning back would have to show, and has little left to turn away.
        turned = float(np.clip((abs(pose.yaw) - _TURNED_FROM) / (_TURNED_AWAY - _TURNED_FROM), 0, 1))
        cut = min(1.0, cut_off / _CUT)
        room = 1 - crowded * (1 - _LEFT_WHEN_TOUCHING)
        upright = (1 - cut * (1 - _LEFT_WHEN_CUT)) * room
        part = (1 - turned * (1 - _LEFT_TO_MOVE)) * upright
        back = max(_LEAST, _FARTHEST.yaw / (1 + (pose.yaw / _HIDES) ** 2)) * upright
        on = min(_FARTHEST.yaw * part, max(_LEAST, _FARTHEST_IN_ALL - abs(pose.yaw)))
        eyes = tuple(_opening(shape, eye) >= _ALREADY_SHUT for eye in EYES)
        wider = _BROADEST - float(np.linalg.norm(shape[MOUTH_CORNERS[0]] - shape[MOUTH_CORNERS[1]]))
        child = all(eyes) and _irises(shape) >= _SMALL_CHILD
        reasons = {
            HEAD_TURNED: abs(pose.yaw) > _HIDES,
            HEAD_CUT_OFF: cut > 0,
            HEADS_TOUCH: crowded > 0,
            EYES_SHUT: not all(eyes),
            SMILES_ALREADY: wider < _SMILING,
            SMALL_CHILD: child,
        }
        return cls(
            yaw=(back, on) if pose.yaw > 0 else (on, back),
            pitch=_FARTHEST.pitch * part,
            roll=_FARTHEST.roll * upright,
            aside=_LEAN * (1 - cut * (1 - _LEAN_WHEN_CUT)) * room,
            wider=max(wider, _LEAST_WIDER),
            parting=_CHILD_PARTS if child else 1.0,
            eyes=(eyes[0], eyes[1]),
            reasons=tuple(reason for reason, applies in reasons.items() if applies),
        )

    def turns(self, rotation: Float) -> Float:
        """``rotation`` (T, 3) within the limits: near them the head slows down instead of stopping."""
        bound = np.broadcast_to(np.array([0, self.pitch, self.roll], np.float32), rotation.shape).copy()
        bound[:, 0] = np.where(rotation[:, 0] < 0, *self.yaw)
        return _slowed(rotation, bound)

    def moves(self, translation: Float) -> Float:
        """``translation`` (T, 3) within the limits, likewise."""
        return _slowed(translation, np.array([self.aside, _LEAN, _AWAY], np.float32))


def _slowed(asked: Float, bound: Float) -> Float:
    """``asked`` up to ``_IN_FULL`` of its ``bound``, then slower and slower, never beyond it."""
    full, rest = bound * np.float32(_IN_FULL), bound * np.float32(1 - _IN_FULL)
    over = np.maximum(np.abs(asked) - full, 0)
    return (np.sign(asked) * (np.minimum(np.abs(asked), full) + rest * np.tanh(over / rest))).astype(np.float32)


def _opening(shape: Float, eye: Eye) -> float:
    """How far the lids are apart over the eye's width."""
    upper, lower = shape[list(eye.upper[0])], shape[list(eye.lower[0])]
    width = float(np.linalg.norm(shape[eye.outer] - shape[eye.inner]))
    return float(np.linalg.norm((upper - lower)[2:5], axis=1).mean()) / width


def _irises(shape: Float) -> float:
    """How wide the irises are, in eye distances: each across or down, whichever the lids leave."""
    rims = [shape[list(eye.iris[1:])] for eye in EYES]
    return float(np.mean([np.linalg.norm(rim[:2] - rim[2:], axis=1).max() for rim in rims]))
