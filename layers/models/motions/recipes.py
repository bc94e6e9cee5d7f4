"""The library's motions: of which frames of which clip each was measured, and what was done to it then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vivify.motion import PARTS, Motion, Template, extract, strengthen

from . import edits
from .clips import D11, D12, D13, D19, LATENT_SYNC, LIVE_PORTRAIT_KJ, S18, S29, Clip


@dataclass(frozen=True)
class Take:
    """A part of a clip whose motion is measured.

    ``first``, ``last``: frames of the clip, the last not among them. ``keep``: the parts whose motion is wanted.
    ``rest``: frames in which the face rests; without, it does at both ends of the take.
    ``strength``: how many times as far a part goes then; ``slower``: how many times as long it takes.
    ``told``: what a source says of all this, after the clip and the seconds. ``cited``: said instead of clip and seconds.
    """

    clip: Clip
    first: int
    last: int
    keep: Sequence[str] = PARTS
    rest: tuple[int, int] | None = None
    strength: Mapping[str, float] = field(default_factory=dict)
    slower: float = 1.0
    told: str = ""
    cited: str = ""

    @property
    def source(self) -> str:
        seconds = f"{self.first / self.clip.fps:.2f}-{self.last / self.clip.fps:.2f}"
        return (self.cited or self.clip.cited.format(seconds)) + self.told

    def measured(self, folders: Sequence[Path]) -> Template:
        """The take as a template of its own. Raises FileNotFoundError, VideoError, NoFaceInVideo."""
        fps = self.clip.fps
        template = extract(
            self.clip.found(folders),
            name="take",
            shows="a take",
            start=self.first / fps,
            end=self.last / fps,
            keep=self.keep,
            rest=None if self.rest is None else (self.rest[0] / fps, self.rest[1] / fps),
        )
        motion = template.motion
        if self.slower != 1:
            motion = motion.at_length(round(len(motion) * self.slower))
        return replace(template, motion=strengthen(motion, self.strength))


@dataclass(frozen=True)
class Recipe:
    """One motion of the library: what one sees, its takes, and the edit that makes one motion of them."""

    shows: str
    takes: tuple[Take, ...]
    edit: Callable[..., Motion] = edits.unchanged

    @property
    def source(self) -> str:
        return "; ".join(take.source for take in self.takes)

    @property
    def licence(self) -> str:
        return " AND ".join(dict.fromkeys(take.clip.licence for take in self.takes))

    def made(self, name: str, folders: Sequence[Path]) -> Template:
        """The template, measured anew from the clips in ``folders``."""
        takes = [take.measured(folders) for take in self.takes]
        motion = self.edit(*takes)
        return Template(name, self.shows, self.source, self.licence, takes[0].fps, takes[0].mouth_width, motion)


HEAD, LIDS, MOUTH, BROWS = ("head",), ("lids",), ("mouth",), ("brows",)
ALL_BUT_GAZE = ("head", "lids", "face")
PEOPLES_PACE = "; at 0.7 of its time, as 41 filmed people blink"
BLINK = Take(S18, 152, 176, LIDS, slower=0.7, told=PEOPLES_PACE)
WINK = "its lids' closing, half in the clip, brought to shut, the mouth's motion at 0.6"
D13_REST, LAUGH_REST = "against its rest at 0.10-0.50 s", "against its rest at 3.68-3.88 s"
ALIKE = "; both lids alike"
LOOKING_ON = "the eyes staying on the viewer, as filmed people's do"
SWINGS = "smoothed over 0.06 s"
NECK_ALONE = "about the neck alone"
TURN_ALONE = f"the turn {NECK_ALONE}, smoothed over 0.14 s"
CALM = f"; at 0.8 of its size, 1.5 times slower, {TURN_ALONE}; {LOOKING_ON}"
LEANS = Take(
    S29,
    45,
    131,
    HEAD,
    strength={"head": 0.3},
    told=f"; at 0.3 of its motion, as long as that, {TURN_ALONE}; {LOOKING_ON}: the head",
)
TO_ONE_SIDE = "left and right evened out, as the clip pulls to one side"

RECIPES = {
    "blink": Recipe("Both eyes shut and open again.", (replace(BLINK, told=PEOPLES_PACE + ALIKE),), edits.lids_alike),
    "double-blink": Recipe(
        "Both eyes blink twice, quickly.",
        (
            BLINK,
            Take(S18, 1, 25, LIDS, slower=0.7,
                 cited="and its blink at 0.03-0.83 s, as quick, begun 0.4 s after the first", told=ALIKE),
        ),
        edits.two_blinks,
    ),
    "wink-left": Recipe(
        "The person's left eye winks, the cheek and the corner of the mouth below it rise.",
        (Take(D19, 0, 34, ALL_BUT_GAZE, strength={"mouth": 0.6}, told=f"; the left half of the face; {WINK}"),),
        edits.left_wink,
    ),
    "wink-right": Recipe(
        "The person's right eye winks, the cheek and the corner of the mouth below it rise.",
        (Take(D19, 36, 64, ALL_BUT_GAZE, strength={"mouth": 0.6}, told=f"; the right half of the face; {WINK}"),),
        edits.right_wink,
    ),
    "gentle-smile": Recipe(
        "The lips widen to a gentle smile, stay so and relax.",
        (
            Take(D19, 66, 118, strength={"mouth": 0.8, "brows": 0.6, "lids": 0.6}, slower=1.7,
                 told="; 1.7 times slower, the mouth at 0.8, brows and lids at 0.6 of their motion, the lids at most 0.18, "
                 f"leaving out half a blink; {TO_ONE_SIDE}; held twice as long where it is broadest"),
            LEANS,
        ),
        edits.held_smile_leaning,
    ),
    "broad-smile": Recipe(
        "A broad smile that shows the teeth; the cheeks rise.",
        (
            Take(D19, 219, 250, ("lids", "face"), rest=(219, 225), slower=1.6,
                 told=f"; 1.6 times slower; {TO_ONE_SIDE}; held for 1.4 s where it is broadest, as the clip ends there; it "
                 "goes as it came, 1.5 times slower still"),
            LEANS,
        ),
        edits.smile_and_back_leaning,
    ),
    "laugh": Recipe(
        "A hearty laugh: the head bobs and tilts, the cheeks narrow the eyes, the lips part to an open smile.",
        (
            Take(D13, 186, 238, ("lids", "face"), rest=(3, 15), strength={"mouth": 0.65, "lids": 1.5},
                 told=f"; {D13_REST}; {TO_ONE_SIDE}; the mouth at 0.65, the lids at 1.5 of their motion; it breaks out "
                 "twice"),
            Take(D19, 219, 250, MOUTH, rest=(219, 225), strength={"mouth": 0.55},
                 told=f"; {TO_ONE_SIDE}; at 0.55 of its motion, as long as that: its smile"),
            Take(LATENT_SYNC, 0, 72, HEAD, rest=(92, 97), strength={"head": 0.45},
                 told=f"; {LAUGH_REST}; at 0.45 of its motion, as far up as down: the head"),
        ),
        edits.laughing,
    ),
    "surprise": Recipe(
        "The brows go up, the mouth opens.",
        (
            Take(D12, 108, 142, ALL_BUT_GAZE, strength={"mouth": 0.75, "brows": 1.5}, slower=1.4,
                 told="; 1.4 times slower, the mouth at 0.75, the brows at 1.5 of their motion, the head "
                 f"{NECK_ALONE}{ALIKE}"),
        ),
        edits.startled,
    ),
    "raised-brows": Recipe(
        "The brows go up and come down.",
        (Take(D11, 9, 60, ("lids", "brows"), strength={"brows": 0.7}, told=f"; at 0.7 of its size{ALIKE}"),),
        edits.lids_alike,
    ),
    "frown": Recipe(
        "The brows and the corners of the mouth go down.",
        (
            Take(D13, 257, 272, MOUTH, rest=(3, 15), strength={"mouth": 1.3}, slower=3,
                 told=f"; {D13_REST}; at 1.3 of its size, 3 times slower: the mouth"),
            Take(LATENT_SYNC, 177, 219, BROWS, strength={"brows": 2.0},
                 told=f"; {TO_ONE_SIDE}; at twice its size: the brows"),
        ),
        edits.mouth_and_brows,
    ),
    "kiss": Recipe(
        "The lips purse for a kiss.",
        (
            Take(LIVE_PORTRAIT_KJ, 24, 50, MOUTH, rest=(0, 24), strength={"mouth": 0.8}, slower=1.6,
                 told=f"; {TO_ONE_SIDE}; at 0.8 of its size, 1.6 times slower"),
        ),
        edits.evened,
    ),
    "turn-left": Recipe(
        "The head turns to the person's own left and back.",
        (Take(D12, 30, 64, HEAD, strength={"head": 0.8}, slower=1.5, told=CALM),),
        edits.turn_looking_on,
    ),
    "turn-right": Recipe(
        "The head turns to the person's own right and back.",
        (Take(D12, 68, 103, HEAD, strength={"head": 0.8}, slower=1.5, told=CALM),),
        edits.turn_looking_on,
    ),
    "look-around": Recipe(
        "Head and eyes look to the person's own left, then right.",
        (
            Take(D12, 28, 104, ("head", "gaze", "lids"), strength={"head": 0.6, "gaze": 0.6},
                 told=f"; at 0.6 of its size; {TURN_ALONE}{ALIKE}"),
        ),
        edits.calm_turn,
    ),
    "nod": Recipe(
        "The head nods a few times.",
        (Take(D11, 30, 72, HEAD, slower=1.8, told=f"; 1.8 times slower, {SWINGS}; {LOOKING_ON}"),),
        edits.nod_looking_on,
    ),
    "shake": Recipe(
        "The head shakes twice.",
        (
            Take(D11, 195, 221, HEAD, slower=1.8,
                 told=f", played twice, the second time at 0.7; 1.8 times slower, {SWINGS}, "
                 f"{NECK_ALONE}; {LOOKING_ON}"),
        ),
        edits.twice,
    ),
    "tilt": Recipe(
        "The head tilts to one side and back.",
        (
            Take(S29, 45, 131, HEAD, strength={"head": 1.3},
                 told="; the roll alone, at 1.3 of its size, smoothed over 0.14 s"),
        ),
        edits.rolled,
    ),
    "natural-idle": Recipe(
        "A person sitting still: small movements of the head, the eyes and the face.",
        (
            Take(S18, 0, 282, strength={"head": 1.3}, told="; without its blinks, the head at 1.3 of its motion"),
            Take(D13, 3, 285, HEAD, strength={"head": 0.9},
                 told=f"; at 0.9 of its motion, on top: a head that is held still, and never is; {LOOKING_ON}"),
        ),
        edits.sitting,
    ),
}  # fmt: skip
