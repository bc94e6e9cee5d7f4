"""What a face does is told a stretch at a time: nothing shows where stretches meet, and length takes no memory."""

from __future__ import annotations

import tracemalloc
from dataclasses import fields
from functools import partial

import numpy as np

from tests.unit.other_faces import FRONTAL, shape_of
from vivify.motion import (
    SHUT,
    FaceTrack,
    Life,
    Limits,
    Lips,
    Motion,
    Role,
    compose,
    frame_count,
    in_turn,
    retarget,
    template,
)
from vivify.motion.library import BLINK, IDLE

WIDTH = 0.8  # of the mouth, eye distances
SHAPE = shape_of()


def _role(seconds: float) -> Role:
    beats = in_turn([template("broad-smile"), template("turn-left")], seconds)
    motion = partial(compose, beats, Life(template(IDLE), template(BLINK)), seconds, 25.0, mouth_width=WIDTH)
    return Role(frame_count(seconds, 25.0), lambda frames: motion(frames=frames), WIDTH)


def _fitted(motion: Motion, mouth_width: float, lips: Lips = SHUT) -> FaceTrack:
    return retarget(motion, SHAPE, Limits.of(SHAPE, FRONTAL), mouth_width, lips)


def test_stretches_join_without_a_seam() -> None:
    """Twelve seconds told in stretches are, frame by frame, what they are when fitted in one piece: teeth too, whose rows
    depend on the frames around.
    """
    role = _role(12.0)
    whole, told = _fitted(role.motion(range(role.frames)), WIDTH), list(role.tracks(_fitted))
    assert len(told) > 2
    assert sum(map(len, told)) == role.frames == 300
    for field in fields(FaceTrack):
        joined = np.concatenate([getattr(track, field.name) for track in told])
        assert np.abs(joined - getattr(whole, field.name)).max() < 1e-6, field.name


def test_a_long_clip_takes_no_more_memory() -> None:
    """The track of ninety seconds is told in the memory that half a minute takes, within a megabyte (whole it has 13)."""

    def peak(seconds: float) -> int:
        role = _role(seconds)
        tracemalloc.start()
        try:
            assert role.lean < 1.0
            assert sum(len(track) for track in role.tracks(_fitted)) == role.frames
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(90.0) - peak(30.0) < 1_000_000
