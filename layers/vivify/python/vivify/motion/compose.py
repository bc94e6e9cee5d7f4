"""Makes one smooth motion out of beats, over what a person does by itself: idle movement, blinks, looks, breath."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from vivify.arrays import Float
from vivify.faces.pose import mean_face
from vivify.motion.breath import Breath
from vivify.motion.lips import on_mouth
from vivify.motion.looks import Looks
from vivify.motion.parts import PARTS, strengthen
from vivify.motion.retarget import LIDS_FOLLOW
from vivify.motion.storyboard import Beat
from vivify.motion.template import Motion, Template, easing

_BLINK_APART = (2.4, 5.6)  # seconds between blinks: people at rest blink 10 to 20 times a minute
_FIRST_BLINK = (1.0, 2.2)
_BLINK_LASTS = (0.65, 1.35)  # times as long as the measured one: as the quick and the slow quarter of 177 filmed blinks
_SHUT = 0.43  # of a blink is over when the lids are shut
_TURNS = 8.0  # degrees of yaw: a head that goes so far turns to somewhere
# Seconds: a blink so near to a turn comes with it, half as far from its quickest moment as it would have been. 35% of filmed
# ones come in the fifth of the time in which the head goes fastest.
_GOES_ALONG, _AS_FAR = 0.6, 0.5
_IDLE_LASTS = (0.85, 1.2)  # times as long as measured: nobody sits still twice in the same way
_BREATH_NECK = 0.25  # of the way that a breath moves the chest, the neck goes
_BREATH_NODS = 9.4  # degrees for each eye distance of it
# Of its way that one side of a face goes farther than it would, and the other less: sigma, and at most. Of 54 people's broad
# smiles one corner goes .04, .07, .16 farther (quartiles), neither ahead of the other by more than .03 s (median of 16).
_UNEVEN, _MOST_UNEVEN = 0.05, 0.1
_SIDES_MEET = 2.0  # centimetres from the face's middle at which a side is one
_LIDS_BUSY = 0.8  # a beat that closes the lids this far has blinks of its own


@dataclass(frozen=True)
class Life:
    """What goes on underneath every clip: ``idle`` movement and a ``blink``, both measured."""

    idle: Template
    blink: Template


@dataclass(frozen=True)
class _Cue:
    """A template among the frames of a clip: from ``start`` on, in ``count`` of them, but for no more than ``room``.

    ``strengths``: how far each part goes. ``mirrored``: to the other side.
    """

    template: Template
    start: int
    count: int
    room: int
    strengths: Mapping[str, float] = field(default_factory=dict)
    mirrored: bool = False

    def motion(self, frames: range, fps: float, mouth_width: float) -> Motion:
        """Its ``frames``, counted from its start, on a mouth so wide."""
        asked = strengthen(self.template.motion.at_length(self.count, frames), self.strengths)
        fitted = replace(asked, displacement=on_mouth(asked.displacement, self.template.mouth_width, mouth_width))
        fitted = fitted.mirrored() if self.mirrored else fitted
        return fitted if self.count <= self.room else fitted.eased(easing(frames, self.room, fps, both_ends=True))

    def turns(self) -> Iterator[float]:
        """The frame at which its head turns fastest, if it turns."""
        yaw = self.template.motion.rotation[:, 0] * self.strengths["head"]
        if np.ptp(yaw) > _TURNS:
            yield self.start + (float(np.abs(np.diff(yaw)).argmax()) + 0.5) / len(yaw) * self.count


def frame_count(seconds: float, fps: float) -> int:
    """How many frames ``seconds`` take; a motion has at least two."""
    return max(2, round(seconds * fps))


def compose(
    beats: Sequence[Beat],
    life: Life | None,
    seconds: float,
    fps: float,
    strengths: Mapping[str, float] | None = None,
    *,
    mouth_width: float,
    seed: int = 0,
    loop: bool = False,
    frames: range | None = None,
) -> Motion:
    """``frame_count(seconds, fps)`` frames; of these ``frames``, or all.

    ``strengths``: how far each part (vivify.motion.parts) goes, for the beats; life goes on as it is. ``mouth_width``: of
    the mouth it is for, in eye distances; every template's lips go aside in proportion to it. ``seed``: sets the times of
    blinks, looks and breath, where in the idle motion the clip begins and which side of a living face goes farther, so that
    no two people move as one. The first frame is at rest; with ``loop`` so is the one after the last.
    """
    count = frame_count(seconds, fps)
    frames = frames or range(count)
    total = Motion.still(len(frames))
    uneven: Float = np.ones((1, 1), np.float32)
    asked = [_asked(beat, count, fps, strengths or {}) for beat in beats]
    if life is not None:
        rng = np.random.default_rng(seed)
        idle, blinks = list(_idle(life, count, fps, rng)), list(_blinks(life, asked, count, fps, rng))
        for cue in idle:
            _add(total, cue, frames, fps, mouth_width)
        _from_the_photo(total, idle, frames, count, fps, mouth_width, both_ends=loop)
        _breathe(total, Breath.of(rng).chest(frames, count, fps, both_ends=loop))
        shut = [(cue.start + _SHUT * cue.count) / fps for cue in blinks]
        _look(total, Looks.of(rng, seconds, shut).gaze(frames, fps))
        for cue in blinks:
            _add(total, cue, frames, fps, mouth_width)
        uneven = 1 + _uneven(rng)
    for cue in asked:
        _add(total, cue, frames, fps, mouth_width)
    total.displacement[:] *= uneven
    return total.eased(easing(frames, count, fps, both_ends=loop))


def _uneven(rng: np.random.Generator) -> Float:
    """(468, 1): how much farther each point goes, on one side of the face, and less on the other."""
    share = np.clip(rng.normal(0, _UNEVEN), -_MOST_UNEVEN, _MOST_UNEVEN)
    return np.asarray(share * np.tanh(mean_face()[:, :1] / _SIDES_MEET), np.float32)


def _asked(beat: Beat, count: int, fps: float, strengths: Mapping[str, float]) -> _Cue:
    each = {part: beat.strength * strengths.get(part, 1.0) for part in PARTS}
    room = count if beat.room == float("inf") else frame_count(beat.room, fps)
    return _Cue(beat.template, round(beat.start * fps), frame_count(beat.seconds, fps), room, each, beat.mirrored)


def _idle(life: Life, count: int, fps: float, rng: np.random.Generator) -> Iterator[_Cue]:
    """Idle movement over and over, never the same: slower or quicker, to one side or the other."""
    start: int | None = None
    while start is None or start < count:
        lasts = frame_count(life.idle.seconds * rng.uniform(*_IDLE_LASTS), fps)
        start = -int(rng.integers(lasts)) if start is None else start
        yield _Cue(life.idle, start, lasts, lasts, mirrored=bool(rng.integers(2)))
        start += lasts


def _blinks(life: Life, asked: Sequence[_Cue], count: int, fps: float, rng: np.random.Generator) -> Iterator[_Cue]:
    """Blinks where nothing ``asked`` blinks by itself, no two as long; those due about when a head turns come with it."""
    busy = [(cue.start, cue.start + cue.count) for cue in asked if cue.template.motion.lids.max() > _LIDS_BUSY]
    turns = [at / fps for cue in asked for at in cue.turns()]
    when = rng.uniform(*_FIRST_BLINK)
    while True:
        seconds = life.blink.seconds * rng.uniform(*_BLINK_LASTS)
        begins = _along_with(turns, when + _SHUT * seconds) - _SHUT * seconds
        first, lasts = round(begins * fps), frame_count(seconds, fps)
        if first + lasts >= count:  # nobody is left with shut eyes at the end
            return
        if all(first > end or first + lasts < start for start, end in busy):
            yield _Cue(life.blink, first, lasts, lasts)
        when = begins + seconds + rng.uniform(*_BLINK_APART)


def _along_with(turns: Sequence[float], when: float) -> float:
    """``when``, or nearer to the turn that is near to it."""
    nearest = min(turns, key=lambda at: abs(at - when), default=np.inf)
    return nearest + _AS_FAR * (when - nearest) if abs(nearest - when) < _GOES_ALONG else when


def _from_the_photo(
    total: Motion, idle: Sequence[_Cue], frames: range, count: int, fps: float, mouth_width: float, *, both_ends: bool
) -> None:
    """Takes the photo, in place, for the moment of the idle movement with which the clip begins: no head jumps into it; with
    ``both_ends`` more and more for the one with which it ends: none jumps back.
    """

    def at(cue: _Cue, frame: int) -> Motion:
        first = min(frame - cue.start, cue.count - 1)
        return cue.motion(range(first, first + 1), fps, mouth_width)

    begun = at(idle[0], 0)
    ended = at(idle[-1], count) if both_ends else begun
    part = np.arange(frames.start, frames.stop, dtype=np.float32)[:, None] / np.float32(count)
    for name in ("rotation", "translation", "gaze", "lids"):
        first, last = getattr(begun, name), getattr(ended, name)
        getattr(total, name)[:] -= first + part * (last - first)


def _breathe(total: Motion, chest: Float) -> None:
    """Adds a breath that moves the ``chest`` (T, 2) so, in place: the neck goes a little along, the head nods with it."""
    total.chest[:] += chest
    total.translation[:, :2] += np.float32(_BREATH_NECK) * chest
    total.rotation[:, 1] -= np.float32(_BREATH_NODS) * chest[:, 1]


def _look(total: Motion, gaze: Float) -> None:
    """Adds where the eyes look, in place: upper lids go up and down with them."""
    total.gaze[:] += gaze
    total.lids[:] += np.float32(LIDS_FOLLOW) * gaze[:, 1:]


def _add(total: Motion, cue: _Cue, frames: range, fps: float, mouth_width: float) -> None:
    """Adds to ``total``, in place, what of ``cue`` falls into ``frames``. Lids that are closing close no further twice, and
    shut ones are shut however wide the eyes were.
    """
    first = max(frames.start, cue.start)
    last = min(frames.stop, cue.start + min(cue.count, cue.room))
    if last <= first:
        return
    part = cue.motion(range(first - cue.start, last - cue.start), fps, mouth_width)
    here = slice(first - frames.start, last - frames.start)
    both = np.stack([total.lids[here], part.lids])
    closing, widening = both.max(axis=0).clip(min=0), both.clip(max=0).sum(axis=0)
    for curve in fields(Motion):
        getattr(total, curve.name)[here] += getattr(part, curve.name)
    total.lids[here] = closing + (1 - closing) * widening
