"""Whether eyes really close: every gallery face with open eyes blinks fully, and the opening is measured on the picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench import outside
from tests.bench.stage import record
from vivify import engine
from vivify.errors import VivifyError
from vivify.faces.topology import EYES
from vivify.motion import Motion
from vivify.photos import decode

OPEN = 0.15  # of the eye's width: below, an eye is not open in the photo
SHUT = 0.20  # of its opening at rest: what counts as closed
_SIDE = 1024  # photos are blinked at most this large


def run(photos: list[Path]) -> list[dict[str, Any]]:
    """One entry a face: ``rest``, ``shut`` and ``ratio`` are (right, left), null for an eye that is not open."""
    rows = []
    for path in photos:
        try:
            rows += [{"photo": path.name, **row} for row in _photo(path)]
        except VivifyError as error:
            rows.append({"photo": path.name, "skipped": error.code})
    return rows


def _photo(path: Path) -> list[dict[str, Any]]:
    photo = decode(path.read_bytes())
    longest = max(photo.pixels.shape[:2])
    clip = record(photo, None, engine.Options(size="native" if longest <= _SIDE else _SIDE, seconds=0.08))
    blink = replace(Motion.still(2), lids=np.array([[0, 0], [1, 1]], np.float32))
    rows: list[dict[str, Any]] = []
    for face, performer in zip(clip.faces, clip.performers, strict=True):
        shut = clip.photo.copy()
        performer.draw(shut, performer.track(blink, 0.8), 1)
        # Both are looked at from the same place: only the lids have moved.
        before, after = (outside.Outside().begin_at(face.landmarks).read(picture) for picture in (clip.photo, shut))
        if before is None or after is None:
            rows.append({"face": round(face.size), "lost": True})
            continue
        rest = [outside.eye_opening(before, eye) for eye in EYES]
        closed = [outside.eye_opening(after, eye) for eye in EYES]
        ratio = [c / r if r >= OPEN else None for c, r in zip(closed, rest, strict=True)]
        rows.append({"face": round(face.size), "yaw": face.pose.yaw, "rest": rest, "shut": closed, "ratio": ratio})
    return rows
