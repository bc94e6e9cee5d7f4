"""A video of somebody that a portrait follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vivify.arrays import Float
from vivify.easing import smoothstep
from vivify.errors import MotionInvalid
from vivify.faces.topology import EYES, INNER_LIPS, LOWER_INNER_LIP, UPPER_INNER_LIP, lips_apart, mouth_width
from vivify.motion.breath import Breath
from vivify.motion.compose import frame_count
from vivify.motion.limits import childish
from vivify.motion.lips import Lips, together
from vivify.motion.measure import measure, to_motion
from vivify.motion.parts import only, strengthen
from vivify.motion.role import Role
from vivify.motion.template import Motion, easing
from vivify.progress import OnProgress, unheard
from vivify.video import probe

_MOST_FRAMES = 18_000  # measuring takes 56 KB for each, a gigabyte in all
_CLOSEST = 10  # percent of the frames: those in which the lips are closest
_AS_CLOSE = 0.03  # eye distances: lips apart by so much more or less are measured the same, by twice that no more
_PARTED, _WIDE_OPEN = 0.12, 0.2  # likewise: lips that the photo shows parted so far can come together, and cannot
_COMES_BACK = 0.8  # seconds: 15 filmed turns by more than 18 degrees take 0.58 to 1.02 (quartiles)
_AS_OPEN = 0.1  # of the opening: eyes as open but for so much are measured the same


@dataclass(frozen=True)
class Driver:
    """What a video's person does: ``motion``, frame by frame against the first, at the video's ``fps``. ``first``: (478, 3)
    float32, that frame's landmarks in eye distances. ``body``: the share of the head's way that the body goes, if seen.
    """

    motion: Motion
    fps: float
    first: Float
    body: float | None = None

    @property
    def mouth_width(self) -> float:
        """In eye distances, in the first frame: what the mouth does is told against that one, smiling or not."""
        return float(mouth_width(self.first))

    def role(self, fps: float, strengths: Mapping[str, float], *, shown: Float, seed: int, loop: bool) -> Role:
        """The same at ``fps``, each of vivify.motion.parts as far as ``strengths`` says, by somebody with the landmarks
        ``shown``, (478, 3) in eye distances; ``loop``: from rest and back. ``seed``: sets how somebody breathes whose
        driver's chest is not seen.
        """
        count = frame_count(len(self.motion) / self.fps, fps)
        beginning, already = self._beginning(shown), self._already_shut(shown)
        breath = None if self.motion.chest.any() else Breath.of(np.random.default_rng(seed))

        def motion(frames: range) -> Motion:
            part = self.motion.at_length(count, frames)
            begun = easing(frames, count, fps, both_ends=False)[:, None]
            lids = np.maximum((part.lids - begun * already) / (1 - begun * already), np.minimum(part.lids, 0))
            displacement = part.displacement + begun[..., None] * beginning
            part = strengthen(replace(part, displacement=displacement, lids=lids), strengths)
            part = part.eased(_coming_back(frames, count, fps)) if loop else part
            return part if breath is None else replace(part, chest=breath.chest(frames, count, fps, both_ends=loop))

        lips = Lips.of(self.first)
        edge = self.first[list(INNER_LIPS), :2] - beginning[list(INNER_LIPS), :2]  # from where it goes as is told
        return Role(count, motion, self.mouth_width, self.body, replace(lips, edge=edge, child=childish(self.first)))

    def _beginning(self, shown: Float) -> Float:
        """(468, 3): how the mouth comes from as it is ``shown`` to as it is in the first frame, where one is shut and the
        other is not. Else shut lips would hardly ever part with a driver who begins in the middle of a word, and parted lips
        never touch with one who begins with his mouth shut.
        """
        apart = float(lips_apart(shown))
        closer = float(lips_apart(self.first)) - apart
        told = min(abs(closer), max(0.0, 2 * (abs(closer) - _AS_CLOSE)))
        return -self._closing(told) if closer > 0 else together(shown, _able_to_close(apart) * told / max(apart, told, 1e-6))

    def _closing(self, wanted: float) -> Float:
        """(468, 3): how lips come closer by as much as is ``wanted`` than in the first frame, or as they ever do."""
        moved = self.motion.displacement[..., 1]
        further = (moved[:, LOWER_INNER_LIP[3:6]] - moved[:, UPPER_INNER_LIP[3:6]]).mean(axis=1)
        closest = further <= np.percentile(further, _CLOSEST)
        most = -float(further[closest].mean())
        if min(most, wanted) <= 0:
            return np.zeros_like(self.motion.displacement[0])
        closed = replace(Motion.still(1), displacement=self.motion.displacement[closest].mean(axis=0, keepdims=True))
        return only(closed, ("mouth",)).displacement[0] * np.float32(min(1.0, wanted / most))

    def _already_shut(self, shown: Float) -> np.float32:
        """How far lids are already shut that the photo shows narrower than the driver's in the first frame, or, below 0,
        wider: no farther than his usually are, lest narrow eyes follow wide ones no more. Told against a first frame of
        surprise, eyes would be half shut whenever his are as usual; against one of half a blink they would stare.
        """
        first, photo = (float(np.mean([eye.apart(points) for eye in EYES])) for points in (self.first, shown))
        already, usual = 1 - photo / first, float(np.median(self.motion.lids))
        side, far = np.sign(already), abs(already)
        return np.float32(side * max(0.0, min(far, 2 * (far - _AS_OPEN), side * usual)))


def _coming_back(frames: range, count: int, fps: float) -> Float:
    """(len(frames),): how far ``frames`` of ``count`` still are from the photo, to which a loop comes back at its end."""
    left = range(count - frames.stop + 1, count - frames.start + 1)
    return easing(left, count, fps, both_ends=False, over=_COMES_BACK)[::-1]


def _able_to_close(apart: float) -> float:
    """0..1, less for lips so far ``apart`` that it takes the jaw to close them, or that bare the teeth of a grin."""
    return float(1 - smoothstep((apart - _PARTED) / (_WIDE_OPEN - _PARTED)))


def require_followable(video: Path, seconds: float | None) -> None:
    """Raises VideoError where ``video`` is none, MotionInvalid where as far as ``seconds`` (None: to its end) it has more
    frames than there is memory for: in 20 to 70 ms of the drivers we have, as no frame is decoded.
    """
    info = probe(video)
    if min(info.seconds, np.inf if seconds is None else seconds) * info.fps > _MOST_FRAMES:
        raise MotionInvalid(f"The driver is too long: {_MOST_FRAMES} frames can be followed. Ask for fewer seconds of it.")


def follow(video: Path, seconds: float | None, progress: OnProgress = unheard) -> Driver:
    """Measures a followable ``video`` as far as ``seconds`` (None: to its end), calling ``progress`` with each frame.

    Raises VideoError when the video cannot be read, NoFaceInVideo.
    """
    measured = measure(video, 0.0, seconds, progress).read_once()
    motion = to_motion(measured)
    if motion.lids[0].any():
        # All else is told against the first frame; lids that begin in a blink come to it from the photo's.
        motion = replace(motion, lids=motion.settled(measured.fps).lids)
    return Driver(motion, measured.fps, measured.shape[0], measured.body)
