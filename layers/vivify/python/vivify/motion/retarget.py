"""Fits a motion measured on one person to the geometry of another.

Everything is relative to how the face is in the photo. Lids do not copy distances but travel to this eye's own closed
line, so that eyes of any size close fully; lips move in proportion to this mouth's width, and a closed mouth stays closed
until the measured one really opens.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from vivify.arrays import Float
from vivify.faces.topology import EYES, FOREHEAD, NECK, Eye
from vivify.motion.bite import bite
from vivify.motion.limits import Limits
from vivify.motion.lips import SHUT, Lips, fit_lips, smiling
from vivify.motion.parts import strengthen
from vivify.motion.relax import relax
from vivify.motion.template import Motion

LOOKS_ON = np.array([0.008, 0.003], np.float32)
"""Eye widths of gaze, aside and down, for each degree of yaw and of pitch, of eyes that stay where they look while the head
turns (20 filmed people) and nods (medians of 23, whom it correlates in by 0.83)."""
LIDS_FOLLOW = 3.0
"""Of the way to shut that upper lids go down for each eye width that eyes look down: as far as the iris does, in eyes a
third as high as they are wide (films: 1.7 and 4.3, the median and the upper quartile of 63)."""
_CLOSED_LINE = 0.95  # where the lids meet: this far from the upper lid's place to the lower's
# And in parts of the opening's height lower than that, from the outer to the inner corner: a shut eye's lashes fall outwards
# (41 filmed people's blinks, where the skin around the eye shows what the head did meanwhile). All are 0.05 lower than those
# fell: pictures of 35 shut people are met as well (L1 11.6, before 11.5), and lids are seen shut more often.
_FALLING = np.array([[0.25], [0.18], [0.11], [0.05], [0.03], [0.02], [0.01]], np.float32)
_WIDEST = -0.3  # closure: how far lids open beyond the photo's
_CREASE, _UPPER_SKIN = 0.15, 0.12  # how far rows of skin above the lid's edge follow it; the crease stays
# Of the opening, that a cheek pushes a lower lid up at most, which else goes as far as that. Filmed ones are read to go 0.6
# of the cheek's way (eight people's smiles); but of lids that are moved so, no more than half is read.
_FROM_BELOW = 0.4
_LEFT_ABOVE = 0.75  # of that is left out above: with all of it, a smiling driver's eyes were followed by .93, not .96
_BULGE = np.sin(np.linspace(0, np.pi, 9)[1:-1]).astype(np.float32)  # most in its middle
_BEGINS = 0.05  # eye distances: half of so small a way counts
_LOWER_SKIN, _PRESSED = 1.0, 0.5  # below the lower lid it rises along, and half of how far the line falls it is pressed down


@dataclass(frozen=True)
class FaceTrack:
    """A motion for one particular face. All relative to how the face is in the photo, in its own head frame.

    ``rotation``: (T, 3) float32 yaw, pitch, roll in degrees. ``translation``: (T, 3) float32: right and down in eye
    distances, away in parts of the distance it is seen from. ``displacement``: (T, 468, 3) float32, eye distances, lids and
    lips already fitted to this face. ``lids``: (T, 2) float32, how far the right and left eye's upper one is down: 1 is
    shut, 0 as in the photo. ``gaze``: (T, 2) float32, both eyes; shift right and down in eye widths. ``chest``: (T, 2)
    float32, where it goes by itself, right and down in the picture, in eye distances. ``bite``: (T, 3) float32, where the
    rows of teeth are, see ``vivify.motion.bite``.
    """

    rotation: Float
    translation: Float
    displacement: Float
    lids: Float
    gaze: Float
    chest: Float
    bite: Float

    def __len__(self) -> int:
        return len(self.rotation)

    def during(self, frames: slice) -> FaceTrack:
        """Those of its frames."""
        return FaceTrack(*(getattr(self, field.name)[frames] for field in fields(self)))


def retarget(motion: Motion, shape: Float, limits: Limits, mouth_width: float, lips: Lips = SHUT) -> FaceTrack:
    """The track of one face.

    ``shape``: (478, 3) float32, this face's landmarks in its head frame, in eye distances; ``limits``: how far it may go;
    ``mouth_width``, ``lips``: of the person the motion was measured on, at rest, in eye distances.
    """
    motion = strengthen(motion, {"brows": limits.brows, "mouth": limits.mouth, "gaze": limits.gaze})
    displacement = fit_lips(motion.displacement, shape, limits, mouth_width, lips)
    relax(displacement, shape, limits.brows * smiling(displacement))
    lids = np.minimum(motion.lids, 1.0) * np.array(limits.eyes, np.float32)
    for side, eye in enumerate(EYES):
        lids[:, side] = _fit_lids(displacement, shape, eye, lids[:, side], limits.brows)
    rotation, translation = limits.turns(motion.rotation), limits.moves(motion.translation)
    translation[:, 1] -= limits.up * _sinking(shape, rotation[:, 1])
    return FaceTrack(
        rotation=rotation,
        translation=translation,
        displacement=displacement,
        lids=lids,
        gaze=_looking_on(motion.gaze, (motion.rotation - rotation)[:, :2]),
        chest=motion.chest,
        bite=bite(shape, displacement),
    )


def _looking_on(gaze: Float, held: Float) -> Float:
    """``gaze`` (T, 2) where the head turns and nods less by ``held`` (T, 2) degrees: those that look on look back less."""
    less = np.clip(LOOKS_ON * held * np.sign(gaze), 0, np.abs(gaze))
    return np.asarray(gaze - np.sign(gaze) * less, np.float32)


def _sinking(shape: Float, pitch: Float) -> Float:
    """How far nods by ``pitch`` (T,) degrees take the forehead down, (T,) eye distances; less of the first bit, none up."""
    down, away = (shape[FOREHEAD] - NECK)[1:]
    angle = np.radians(-pitch)
    sinks = np.maximum(down * (np.cos(angle) - 1) - away * np.sin(angle), 0)
    return np.asarray(sinks**2 / (sinks + _BEGINS), np.float32)


def _fit_lids(displacement: Float, shape: Float, eye: Eye, closure: Float, above: float) -> Float:
    """Moves the lids of one eye by ``closure`` (T,): 0 as in the photo, 1 shut. Returns how far, (T,), the upper one comes
    down for it. ``above``: see ``move_lids``.
    """
    upper, lower = shape[list(eye.upper[0])], shape[list(eye.lower[0])]
    falling = _FALLING * (lower - upper)[3]
    line = upper + (lower - upper) * _CLOSED_LINE + falling
    # Motions add up and are scaled, lids meet at most. Wider than in the photo they show eyeball it never held: a little.
    closure = np.clip(closure, _WIDEST, 1.0)
    cheek = displacement[:, list(eye.lower[2]), 1].mean(axis=1) - displacement[:, [eye.outer, eye.inner], 1].mean(axis=1)
    gap = max(float((lower - upper)[3, 1]), 1e-3)
    room = np.float32(_FROM_BELOW * gap)
    pushed = (1 - np.maximum(closure, 0)) * room * np.tanh(np.minimum(cheek, 0) / room)
    # Most of what the cheek narrows an eye from below is left out above: eyes smile with lower lids, else they look sleepy.
    lowered = np.maximum(closure + _LEFT_ABOVE * pushed / gap, np.minimum(closure, 0))
    c = lowered[:, None, None]
    rising = np.zeros_like(displacement[:, list(eye.lower[0])])
    rising[..., 1] = pushed[:, None] * _BULGE
    move_lids(displacement, eye, c * (line - upper), c * (line - lower) + rising, above)
    displacement[:, list(eye.lower[1])] += _PRESSED * c * falling * (_FALLING > 0)  # lest the mesh folds over
    return np.asarray(lowered, np.float32)


def move_lids(displacement: Float, eye: Eye, upper_travel: Float, lower_travel: Float, above: float = 1.0) -> None:
    """Moves the lids' edges by ``upper_travel`` and ``lower_travel`` (T, 7, n), and the skin behind them as far as it goes.

    ``displacement``: (T, 468, n), of the whole face, changed in place: an eye goes as one, as far as its corners do on
    average. ``above``: the share of its way that skin above the upper lid goes, which would bend a spectacle frame that lies
    before it.
    """
    carried = displacement[:, [eye.outer, eye.inner]].mean(axis=1, keepdims=True)
    # Skin behind the lids keeps what was measured on the outermost row (brows, cheeks), plus its share of the travel.
    brow, cheek = displacement[:, list(eye.upper[2])], displacement[:, list(eye.lower[2])]
    displacement[:, list(eye.upper[1])] = above * _CREASE * upper_travel + 0.5 * brow + 0.5 * carried
    rising = lower_travel * (lower_travel[..., 1:2] < 0)  # where the upper lid comes down over the lower one, that stays
    displacement[:, list(eye.lower[1])] = _LOWER_SKIN * rising + 0.5 * cheek + 0.5 * carried
    displacement[:, list(eye.upper[2])] = brow + above * _UPPER_SKIN * upper_travel
    displacement[:, list(eye.upper[0])] = upper_travel + carried
    displacement[:, list(eye.lower[0])] = lower_travel + carried
    displacement[:, [eye.outer, eye.inner]] = carried
