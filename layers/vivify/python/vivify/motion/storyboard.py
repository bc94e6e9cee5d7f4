"""What happens when: motions placed on a time line.

A storyboard file is JSON:

    {"schema": "vivify.storyboard/1", "beats": [{"motion": "nod", "start": 0.5, "strength": 1, "speed": 1}]}

``motion`` is a name of the library; ``start`` is in seconds; ``strength`` and ``speed`` may be left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vivify.errors import MotionInvalid
from vivify.motion.format import Format
from vivify.motion.library import template
from vivify.motion.template import Template

SCHEMA = "vivify.storyboard/1"
_EXAMPLE = f'{{"schema": "{SCHEMA}", "beats": [{{"motion": "nod", "start": 0.5}}]}}'
_FORMAT = Format("The storyboard", SCHEMA, largest=1_000_000, remedy=f"One that does is {_EXAMPLE}.")
_OF_A_BEAT = ("motion", "start", "strength", "speed")
_MOST_BEATS = 1000
_LATEST = 600  # seconds: as long as clips may be asked for
_LEAD_IN = 0.2  # seconds of rest before the first motion: the clip begins as the photo
_FASTEST = 2.0  # a template is sped up at most this much to fit its share; slowed down, blinks and turns look sleepy


@dataclass(frozen=True)
class Beat:
    """One motion on the time line. ``start``, ``seconds``: when and for how long; ``room``: after how many it is cut;
    ``mirrored``: to the other side.
    """

    template: Template
    start: float
    seconds: float
    strength: float = 1.0
    room: float = float("inf")
    mirrored: bool = False


def in_turn(templates: Sequence[Template], seconds: float, late: float = 0.0) -> list[Beat]:
    """The templates one after another, each with a share of the time as it takes by itself: sped up a little to fit it, or
    at its own pace in the middle of it.

    ``late``: seconds that the first begins later than it might, where all are whole nevertheless; the last ends with the
    rest.
    """
    start, whole = min(_LEAD_IN, seconds / 8), sum(found.seconds for found in templates)
    start += float(np.clip(seconds - start - whole / _FASTEST, 0, late))
    stretch = (seconds - start) / whole if templates else 1.0
    beats = []
    for found in templates:
        share = stretch * found.seconds
        length = float(np.clip(share, found.seconds / _FASTEST, found.seconds))
        beats.append(Beat(found, start + max(0.0, share - length) / 2, length, room=share))
        start += share
    return beats


def ends(beats: Sequence[Beat]) -> float:
    """After how many seconds the last of them is over."""
    return max(beat.start + beat.seconds for beat in beats)


def delayed(beats: Sequence[Beat], seconds: float, late: float) -> list[Beat]:
    """The same, ``late`` seconds later, or as late as all of them are over in ``seconds`` nevertheless."""
    late = float(np.clip(seconds - ends(beats), 0, late))
    return [replace(beat, start=beat.start + late) for beat in beats]


def load_storyboard(path: Path) -> list[Beat]:
    """The beats of a storyboard file, by start. Raises MotionInvalid."""
    return parse_storyboard(_FORMAT.read(path))


def parse_storyboard(document: object) -> list[Beat]:
    """The beats of decoded JSON. Raises MotionInvalid."""
    rows = _FORMAT.checked(document).get("beats")
    if not isinstance(rows, list) or not 1 <= len(rows) <= _MOST_BEATS:
        raise _FORMAT.invalid(f"beats must be a list of 1 to {_MOST_BEATS}")
    return sorted((_beat(number, row) for number, row in enumerate(rows, 1)), key=lambda beat: beat.start)


def _beat(number: int, row: object) -> Beat:
    def wrong(why: str) -> MotionInvalid:
        return _FORMAT.invalid(f"in beat {number} {why}")

    if not isinstance(row, dict) or not isinstance(row.get("motion"), str):
        raise wrong("there is no name of a motion")
    if not row.keys() <= set(_OF_A_BEAT):  # a word mistyped would go unheard
        raise wrong(f"there is more than {', '.join(_OF_A_BEAT)}")

    def figure(name: str, default: float | None, low: float, high: float) -> float:
        value = row.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise wrong(f"{name} is no number from {low:g} to {high:g}")
        return float(value)

    found = template(row["motion"])
    start = figure("start", None, 0, _LATEST)
    speed = figure("speed", 1.0, 0.25, 4)
    return Beat(found, start, found.seconds / speed, figure("strength", 1.0, 0, 3))
