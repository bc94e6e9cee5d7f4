"""What one face does in a clip, told a stretch at a time: a long clip takes no more memory than a short one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vivify.motion.bite import REACH
from vivify.motion.limits import leaning
from vivify.motion.lips import SHUT, Lips
from vivify.motion.retarget import FaceTrack
from vivify.motion.template import Motion

_STRETCH = 128  # frames: two thirds of a megabyte of displacement


@dataclass(frozen=True)
class Role:
    """One face's motion from the first frame of a clip to its last.

    ``frames``: how many the clip has. ``motion``: what is done during a range of them. ``mouth_width`` (eye distances),
    ``lips``: of whom that was measured on, at rest. ``body``: 0..1, the share of the head's
    way that its body goes, None for people's usual.
    """

    frames: int
    motion: Callable[[range], Motion]
    mouth_width: float
    body: float | None = None
    lips: Lips = SHUT

    @property
    def lean(self) -> float:
        """How far a body must be able to go for it, see ``leaning``."""
        return max(leaning(self.motion(stretch)) for stretch in self._stretches())

    def tracks(self, fitted: Callable[[Motion, float, Lips], FaceTrack]) -> Iterator[FaceTrack]:
        """The track of a face, stretch after stretch; ``fitted`` makes tracks of a motion, mouth width and lips."""
        for stretch in self._stretches():
            around = range(max(0, stretch.start - REACH), min(self.frames, stretch.stop + REACH))
            track = fitted(self.motion(around), self.mouth_width, self.lips)
            yield track.during(slice(stretch.start - around.start, stretch.stop - around.start))

    def _stretches(self) -> Iterator[range]:
        return (range(first, min(first + _STRETCH, self.frames)) for first in range(0, self.frames, _STRETCH))
