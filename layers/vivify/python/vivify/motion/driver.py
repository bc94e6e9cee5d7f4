"""A video of somebody that a portrait follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vivify.errors import MotionInvalid
from vivify.motion.compose import frame_count
from vivify.motion.measure import measure, to_motion, usual_mouth
from vivify.motion.parts import strengthen
from vivify.motion.role import Role
from vivify.motion.template import Motion, easing
from vivify.video import probe

_MOST_FRAMES = 18_000  # measuring takes 56 KB for each, a gigabyte in all


@dataclass(frozen=True)
class Driver:
    """What a video's person does: ``motion``, frame by frame against the first, at the video's ``fps``; ``mouth_width``: in
    eye distances.
    """

    motion: Motion
    fps: float
    mouth_width: float

    def role(self, fps: float, strengths: Mapping[str, float], *, loop: bool) -> Role:
        """The same at ``fps``, each of vivify.motion.parts as far as ``strengths`` says; ``loop``: from rest and back."""
        count = frame_count(len(self.motion) / self.fps, fps)

        def motion(frames: range) -> Motion:
            part = strengthen(self.motion.at_length(count, frames), strengths)
            return part.eased(easing(frames, count, fps, both_ends=True)) if loop else part

        return Role(count, motion, self.mouth_width)


def follow(video: Path, seconds: float | None) -> Driver:
    """Measures ``video`` as far as ``seconds`` (None: to its end).

    Raises VideoError when the video cannot be read, NoFaceInVideo, MotionInvalid for more frames than there is memory for.
    """
    info = probe(video)
    if min(info.seconds, np.inf if seconds is None else seconds) * info.fps > _MOST_FRAMES:
        raise MotionInvalid(f"The driver is too long: {_MOST_FRAMES} frames can be followed. Ask for fewer seconds of it.")
    measured = measure(video, 0.0, seconds)
    motion = to_motion(measured)
    if motion.lids[0].any():
        # All else is told against the first frame; lids that begin in a blink come to it from the photo's.
        motion = replace(motion, lids=motion.settled(measured.fps).lids)
    return Driver(motion, measured.fps, usual_mouth(measured))
