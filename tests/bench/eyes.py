"""Whether eyes really close: every gallery face with open eyes blinks fully, and the opening is measured on the picture.

Beside them, real blinks: filmed people's own shut frame, and the one that Vivify makes of their open frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.bench import outside
from tests.bench.stage import Recording, record
from vivify import engine
from vivify.arrays import Pixels
from vivify.errors import VivifyError
from vivify.faces.topology import EYES
from vivify.motion import Motion
from vivify.photos import Photo, decode
from vivify.video import read_frames

OPEN = 0.15  # of the eye's width: below, an eye is not open in the photo
SHUT = 0.20  # of its opening at rest: what counts as closed
_SIDE = 1024  # photos are blinked, and people watched, at most this large
_WATCHED = 300  # frames of each filmed person
_BLINKS = 0.35  # of the usual opening: who never closes the eyes farther than this has not blinked
_BLINK = replace(Motion.still(2), lids=np.array([[0, 0], [1, 1]], np.float32))


def run(photos: list[Path], clips: list[Path]) -> dict[str, list[dict[str, Any]]]:
    """``photos``: one entry a face: ``rest``, in eye widths, and ``ratio``, shut over rest, are (right, left), ratios null
    for an eye that is not open; ``deep``: the ratio with the network's guess at depth. ``people``: one entry a clip:
    ``real`` and ``ours``, the mean ratio of both eyes.
    """
    rows = []
    for path in photos:
        try:
            rows += [{"photo": path.name, **row} for row in _photo(path)]
        except VivifyError as error:
            rows.append({"photo": path.name, "skipped": error.code})
    return {"photos": rows, "people": [row for path in clips if (row := _person(path)) is not None]}


def _photo(path: Path) -> list[dict[str, Any]]:
    photo = decode(path.read_bytes())
    rows: list[dict[str, Any]] = []
    clip = recorded(photo)
    for index, face in enumerate(clip.faces):
        # All are looked at from the same place: only the lids have moved.
        before, after = (
            outside.Outside().begin_at(face.landmarks).read(p) for p in (clip.photo, with_eyes_shut(clip, index))
        )
        if before is None or after is None:
            rows.append({"face": round(face.size), "lost": True})
            continue
        rest = [outside.eye_opening(before, eye) for eye in EYES]
        ratio, deep = (
            [of(after, eye) / of(before, eye) if r >= OPEN else None for r, eye in zip(rest, EYES, strict=True)]
            for of in (outside.seen_opening, outside.eye_opening)
        )
        row = {"face": round(face.size), "yaw": face.pose.yaw, "rest": rest, "ratio": ratio, "deep": deep}
        rows.append(row)
    return rows


def _person(path: Path) -> dict[str, Any] | None:
    """The deepest blink of a clip beside ours, of the open frame nearest to it; None for people who do not blink."""
    frames = list(islice(read_frames(path, max_side=_SIDE), _WATCHED))
    seen = outside.read_all(frames)
    opening = np.array([_opening(points) for points in seen])
    usual, shut = np.nanmedian(opening), int(np.nanargmin(opening))
    if opening[shut] > _BLINKS * usual:
        return None
    awake = np.flatnonzero(opening >= usual)
    source = int(awake[np.abs(awake - shut).argmin()])
    clip = recorded(Photo(np.ascontiguousarray(frames[source]), "png"))
    views: Sequence[tuple[Pixels, int]] = ((clip.photo, source), (frames[shut], shut), (with_eyes_shut(clip, 0), source))
    rest, real, ours = (_opening(outside.read_all([picture], seen[index])[0]) for picture, index in views)
    return {"clip": path.stem, "open": source, "shut": shut, "real": real / rest, "ours": ours / rest}


def recorded(photo: Photo, side: int = _SIDE) -> Recording:
    """The photo ready to be blinked, at its own size, or with ``side`` pixels on its longer side if that is less."""
    longest = max(photo.pixels.shape[:2])
    return record(photo, None, engine.Options(size="native" if longest <= side else side, seconds=0.08))


def with_eyes_shut(clip: Recording, index: int) -> Pixels:
    """The photo with the eyes of face ``index`` shut."""
    performer, picture = clip.performers[index], clip.photo.copy()
    performer.draw(picture, performer.track(_BLINK, 0.8), 1)
    return picture


def _opening(points: NDArray[np.float32]) -> float:
    return float(np.mean([outside.seen_opening(points, eye) for eye in EYES]))
