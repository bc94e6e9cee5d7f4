"""Who plays what in a clip: the role of each face, from what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vivify.depth.head import HeadFrame
from vivify.faces import Face
from vivify.faces.topology import mouth_width
from vivify.motion import (
    PARTS,
    Beat,
    Life,
    Role,
    Template,
    compose,
    delayed,
    ends,
    follow,
    frame_count,
    in_turn,
    load_storyboard,
    require_followable,
    template,
)
from vivify.motion.library import BLINK, IDLE
from vivify.progress import OnProgress, unheard

if TYPE_CHECKING:
    from vivify.engine import Options

DEFAULT_MOTIONS = ("turn-left", "gentle-smile")
_USUAL_SECONDS = 6.0
_AGAIN = 10.0  # seconds of a clip for which the usual motions do once
_LATEST, _LATEST_PART = 0.7, 0.125  # seconds, and of the clip, that somebody sets off late at most
_APART = 0.382  # of that between one face of a group and the next: by the golden section no two set off together


@dataclass(frozen=True)
class Score:
    """What ``options`` ask for, read: ``motions`` to play in turn, or else a storyboard's ``beats``; neither where a driver
    is followed. ``seed``: sets when people set off, blink, look elsewhere and breathe.
    """

    options: Options
    seed: int
    motions: tuple[Template, ...] = ()
    beats: tuple[Beat, ...] = ()

    @classmethod
    def of(cls, options: Options, seed: int) -> Score:
        """Raises MotionInvalid and VideoError, at once: what a driver does is only looked at for its roles."""
        if options.driver is not None:
            require_followable(options.driver, options.seconds)
            return cls(options, seed)
        if options.storyboard is not None:
            return cls(options, seed, beats=tuple(load_storyboard(options.storyboard)))
        names = options.motions
        return cls(options, seed, tuple(Template.load(Path(n)) if n.endswith(".json") else template(n) for n in names))

    def roles(self, people: int = 1, following: OnProgress = unheard) -> Callable[[int, Face], Role]:
        """The role of each face: who it is, counted among the ``people`` that move, and the face itself, for its mouth.

        ``following``: called with each frame of a driver that is looked at; then VideoError and NoFaceInVideo may be raised.
        """
        options = self.options
        strengths = {part: options.strength * options.parts.get(part, 1.0) for part in PARTS}
        if options.driver is not None:
            driver = follow(options.driver, options.seconds, following)
            return lambda number, face: driver.role(
                options.fps,
                strengths,
                shown=HeadFrame.of(face).local(face.landmarks),
                seed=self.seed + number,
                loop=options.loop,
            )
        seconds, each = self._as_told(people) if self.beats else self._in_turn(people)
        return lambda number, face: self._role(number, face, each[number], seconds, strengths)

    def _role(self, number: int, face: Face, beats: list[Beat], seconds: float, strengths: Mapping[str, float]) -> Role:
        fps, width = self.options.fps, float(mouth_width(face.landmarks)) / HeadFrame.of(face).unit
        motion = partial(
            compose,
            beats,
            Life(template(IDLE), template(BLINK)),
            seconds,
            fps,
            strengths,
            mouth_width=width,
            seed=self.seed + number,
            loop=self.options.loop,
        )
        return Role(frame_count(seconds, fps), lambda frames: motion(frames=frames), width)

    def _as_told(self, people: int) -> tuple[float, list[list[Beat]]]:
        """The clip's seconds and everybody's beats. The first one sets off when the storyboard says; where its length is
        free, the clip waits for the last.
        """
        asked, whole = self.options.seconds, ends(self.beats)
        lates = _lates(asked or whole, 0.0, people)
        seconds = asked or whole + max(lates)
        return seconds, [delayed(self.beats, seconds, late) for late in lates]

    def _in_turn(self, people: int) -> tuple[float, list[list[Beat]]]:
        """Likewise; each one begins with another motion. The usual ones, which nobody asked for, come again in a long clip,
        every other time to the other side, as for every other round of people.
        """
        seconds = self.options.seconds or _USUAL_SECONDS
        lates = _lates(seconds, np.random.default_rng(self.seed).random(), people)
        played = [found for found in self.motions if found.name != IDLE]
        usual = self.options.motions == DEFAULT_MOTIONS
        times, each = max(1, round(seconds / _AGAIN)) if usual else 1, []
        for number, late in enumerate(lates):
            rounds, first = divmod(number, max(1, len(played)))
            beats = in_turn((played[first:] + played[:first]) * times, seconds, late)
            sides = [usual and (rounds + place // len(played)) % 2 == 1 for place in range(len(beats))]
            each.append([replace(beat, mirrored=side) for beat, side in zip(beats, sides, strict=True)])
        return seconds, each


def _lates(seconds: float, first: float, people: int) -> list[float]:
    """How many seconds late each of ``people`` sets off in a clip of so many; ``first``: 0..1, how late the first does."""
    latest = min(_LATEST, _LATEST_PART * seconds)
    return [latest * ((first + number * _APART) % 1) for number in range(people)]
