"""Makes one smooth motion out of beats, over what a living person does by itself: idle movement, blinks and breath."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from vivify.motion.parts import PARTS, only, strengthen
from vivify.motion.storyboard import Beat
from vivify.motion.template import Motion, Template

_BLINK_APART = (2.4, 5.6)  # seconds between blinks: people at rest blink 10 to 20 times a minute
_FIRST_BLINK = (1.0, 2.2)
_BREATH = (3.6, 4.6)  # seconds for one: 13 to 17 a minute
_BREATH_LIFT = 0.008  # eye distances that a breath lifts the neck
_BREATH_TILT = 0.3  # degrees that it tilts the head back
_LIDS_BUSY = 0.8  # a beat that closes the lids this far has blinks of its own


@dataclass(frozen=True)
class Life:
    """What goes on underneath every clip: ``idle`` movement and a ``blink``, both measured."""

    idle: Template
    blink: Template


def compose(
    beats: Sequence[Beat],
    life: Life | None,
    seconds: float,
    fps: float,
    strengths: Mapping[str, float] | None = None,
    *,
    seed: int = 0,
    loop: bool = False,
) -> Motion:
    """``round(seconds * fps)`` frames.

    ``strengths``: how far each part (vivify.motion.parts) goes, for the beats; life goes on as it is. ``seed``: sets the
    times of blinks and breath, and for any but 0 where in the idle motion the clip begins, so that two people in one photo
    never move as one. The first frame is at rest; with ``loop`` so is the one after the last.
    """
    count = max(2, round(seconds * fps))
    total = Motion.still(count)
    if life is not None:
        _live(total, life, beats, fps, seed)
    for beat in beats:
        part = beat.template.motion.at_length(max(2, round(beat.seconds * fps))).scaled(beat.strength)
        room = count if beat.room == float("inf") else max(2, round(beat.room * fps))
        part = part if len(part) <= room else part.cut(room).settled(fps, both_ends=True)
        _add(total, strengthen(part, strengths or {}), round(beat.start * fps))
    return total.settled(fps, both_ends=loop)


def _live(total: Motion, life: Life, beats: Sequence[Beat], fps: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    idle = only(life.idle.motion, [part for part in PARTS if part != "lids"])
    idle = idle.at_length(max(2, round(life.idle.seconds * fps)))
    begin = 0 if seed == 0 else -int(rng.integers(len(idle)))
    for start in range(begin, len(total), len(idle)):
        _add(total, idle, start)
    blink = life.blink.motion.at_length(max(2, round(life.blink.seconds * fps)))
    busy = [(b.start, b.start + b.seconds) for b in beats if b.template.motion.lids.max() > _LIDS_BUSY]
    when = rng.uniform(*_FIRST_BLINK)
    while when < len(total) / fps:
        if all(when > end or when + life.blink.seconds < start for start, end in busy):
            _add(total, blink, round(when * fps))
        when += life.blink.seconds + rng.uniform(*_BLINK_APART)
    _add(total, _breath(len(total), fps, rng.uniform(*_BREATH)), 0)


def _breath(count: int, fps: float, period: float) -> Motion:
    """Calm breathing: the neck rises and sinks, the head tilts with it."""
    full: NDArray[np.float32] = ((1 - np.cos(2 * np.pi * np.arange(count) / (period * fps))) / 2).astype(np.float32)
    nothing = np.zeros_like(full)
    return replace(
        Motion.still(count),
        rotation=np.stack([nothing, full * np.float32(_BREATH_TILT), nothing], axis=1),
        translation=np.stack([nothing, -full * np.float32(_BREATH_LIFT), nothing], axis=1),
    )


def _add(total: Motion, part: Motion, start: int) -> None:
    """Adds ``part`` from frame ``start`` on; what lies outside is left out. Lids that are closing close no further twice."""
    first, last = max(0, start), min(len(total), start + len(part))
    if last <= first:
        return
    closing = np.minimum(total.lids[first:last], part.lids[first - start : last - start]).clip(min=0)
    for field in fields(Motion):
        getattr(total, field.name)[first:last] += getattr(part, field.name)[first - start : last - start]
    total.lids[first:last] -= closing
