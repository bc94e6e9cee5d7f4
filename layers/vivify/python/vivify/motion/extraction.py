"""Keeps a motion measured from video as a template, for anybody and at any speed, from rest to rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from vivify.arrays import Float
from vivify.easing import smoothstep
from vivify.errors import MotionInvalid, VideoError
from vivify.faces.topology import EYE_CORNERS, mouth_width
from vivify.motion.measure import measure, to_motion
from vivify.motion.parts import PARTS, only, parts_called
from vivify.motion.smooth import smooth
from vivify.motion.template import Motion, Template
from vivify.progress import OnProgress, unheard
from vivify.video import probe

_CONTEXT = 10.0  # seconds looked at on either side of a motion
_SHORTEST = 3  # frames of a motion
_EDGE, _LONG_EDGE = 0.2, 0.4  # seconds in which a motion comes out of rest and returns to it
_EASY_HEAD_SIGMA, _EASY_FACE_SIGMA = 0.04, 0.03  # seconds, in motions that are kept
_SITTING = 0.12  # eye distances a template's head goes aside at most: it plays on people who sit still


def extract(
    video: Path,
    *,
    name: str,
    shows: str,
    source: str = "unknown",
    licence: str = "unknown",
    start: float = 0.0,
    end: float | None = None,
    keep: Iterable[str] = PARTS,
    rest: tuple[float, float] | None = None,
    progress: OnProgress = unheard,
) -> Template:
    """A template from ``start`` to ``end`` seconds of a video of a face; it starts and ends at rest whatever the video did.

    ``rest``: seconds of the video, near the motion, in which the face rests (None: it does at both ends of the motion).
    ``keep``: the parts whose motion is wanted (vivify.motion.parts); the others rest. ``progress``: as for ``measure``.

    Raises VideoError when the video cannot be read or holds no such seconds, NoFaceInVideo, MotionInvalid for unknown parts
    and for more seconds than a template may last.
    """
    parts = parts_called(keep)
    info = probe(video)
    asked = min(info.seconds, np.inf if end is None else end) - start
    if not Template.may_last(asked * info.fps, info.fps):
        raise MotionInvalid("A motion of so many seconds is too long. Choose a start and an end that are closer together.")
    _require(round(asked * info.fps))
    # What is usual for this person shows in more of the video than the motion itself.
    begin = max(0.0, start - _CONTEXT)
    measured = measure(video, begin, None if end is None else end + _CONTEXT, progress)

    def frame(second: float) -> int:
        return round((second - begin) * measured.fps)

    still = slice(frame(rest[0]), frame(rest[1])) if rest else None
    if still and not 0 <= still.start < still.stop <= len(measured.shape):
        raise VideoError(f"The rest must lie within the video and {_CONTEXT:.0f} seconds of the motion.")
    first, last = frame(start), None if end is None else frame(end)
    whole = _unhurried(to_motion(measured, still), measured.fps)
    motion = whole.during(slice(first, last))
    _require(len(motion))  # of a damaged end no frame may come
    motion = only(_from_rest_to_rest(motion, measured.fps, still is None), parts)
    motion.displacement[:, EYE_CORNERS] = 0  # by what a film's landmarks and texture differ nobody else's eyes should go
    motion = replace(motion, translation=(_SITTING * np.tanh(motion.translation / _SITTING)).astype(np.float32))
    mouth = mouth_width(measured.shape[still or [first, first + len(motion) - 1]]).mean()
    return Template(name, shows, source, licence, measured.fps, float(mouth), motion)


def _require(frames: int) -> None:
    if frames < _SHORTEST:
        raise VideoError("The video holds no such seconds. Choose a start and an end that lie within it.")


def _unhurried(motion: Motion, fps: float) -> Motion:
    """``motion`` for anybody, at any speed, so without what is the video's own: frames that stutter, heads that tremble."""
    head, face = _EASY_HEAD_SIGMA * fps, _EASY_FACE_SIGMA * fps
    return replace(
        motion,
        rotation=smooth(motion.rotation, head),
        translation=smooth(motion.translation, head),
        gaze=smooth(motion.gaze, face),
        displacement=smooth(motion.displacement, face),
    )


def _from_rest_to_rest(motion: Motion, fps: float, rests_at_ends: bool) -> Motion:
    """Takes out the drift between both ends and eases in and out, so that templates follow one another without a jump.

    The face's own drift stays in unless it ``rests_at_ends``; it then takes longer to ease.
    """
    count = len(motion)
    edge = min(count // 4, max(2, round((_EDGE if rests_at_ends else _LONG_EDGE) * fps)))
    ramp = np.linspace(0, 1, count, dtype=np.float32)
    ease = np.ones(count, np.float32)
    ease[:edge] = smoothstep(np.arange(edge) / edge)
    ease[count - edge :] = ease[:edge][::-1]

    def eased(curve: Float) -> Float:
        return (curve * ease.reshape(-1, *([1] * (curve.ndim - 1)))).astype(np.float32)

    def settled(curve: Float) -> Float:
        few = max(1, edge // 2)
        begin, end = curve[:few].mean(axis=0), curve[-few:].mean(axis=0)
        return eased(curve - begin - (end - begin) * ramp.reshape(-1, *([1] * (curve.ndim - 1))))

    return Motion(
        rotation=settled(motion.rotation),
        translation=settled(motion.translation),
        lids=eased(motion.lids),
        gaze=settled(motion.gaze),
        displacement=settled(motion.displacement) if rests_at_ends else eased(motion.displacement),
        chest=np.zeros_like(motion.chest),
    )
