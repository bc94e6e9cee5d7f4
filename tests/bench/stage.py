"""The engine as it runs in a clip, watched: its frames before encoding, and the track behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from tests.drawn import Sink, moved_landmarks
from vivify import engine
from vivify.animate import Performer
from vivify.arrays import Float, Pixels
from vivify.faces import Face
from vivify.motion import FaceTrack
from vivify.photos import Photo


@dataclass
class Recording:
    """``frames``: what the engine handed to the encoder; ``photo``: what it drew them over; the rest: one a face."""

    frames: list[Pixels] = field(default_factory=list)
    photo: Pixels = field(default_factory=lambda: np.zeros((2, 2, 3), np.uint8))
    faces: list[Face] = field(default_factory=list)
    performers: list[Performer] = field(default_factory=list)
    tracks: list[FaceTrack] = field(default_factory=list)

    def vertices(self, index: int, face: int = 0) -> Float:
        """(468, 3): where the track of a face puts its landmarks in frame ``index``, pixels of the frame."""
        return moved_landmarks(self.performers[face], self.tracks[face], index)


def record(photo: Photo, faces: list[Face] | None, options: engine.Options, *, drawn: bool = True) -> Recording:
    """Makes the clip without encoding it. Raises what the engine raises.

    ``drawn``: False leaves every frame as the photo, for whoever asks for nothing but tracks.
    """
    sink = Sink()
    kept = Recording(sink.frames)

    class Watched(Performer):
        def __init__(self, photo: Pixels, face: Face, *rest: Any, **named: Any) -> None:
            super().__init__(photo, face, *rest, **named)
            kept.photo = photo
            kept.faces.append(face)
            kept.performers.append(self)

        def perform(self, tracks: Iterable[FaceTrack]) -> Iterator[Pixels]:
            told = list(tracks)
            kept.tracks.append(FaceTrack(*(np.concatenate([getattr(t, f.name) for t in told]) for f in fields(FaceTrack))))
            if drawn:
                return super().perform(told)
            still = self.region.of(kept.photo)
            return (still for track in told for _ in range(len(track)))

    with patch.object(engine, "ClipWriter", sink), patch.object(engine, "Performer", Watched):
        engine.animate(photo, faces, Path("unused.mp4"), options)
    return kept
