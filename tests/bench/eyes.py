"""Whether eyes really close: every gallery face with open eyes blinks fully, and the opening is measured on the picture.

Beside them, real blinks: filmed people's own shut frame, and the one that Vivify makes of their open frame. They are read at
the sizes that faces have in the gallery too: what reads as open in a real blink tells where the reader's floor is.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.bench import outside
from tests.bench.stage import Recording, record
from vivify import engine
from vivify.arrays import Float, Pixels
from vivify.errors import VivifyError
from vivify.faces.pose import rigid_fit
from vivify.faces.topology import EYES, RIGID, Eye
from vivify.motion import Motion
from vivify.photos import Photo, decode
from vivify.video import read_frames

WAYS = {"across": outside.across, "partners": outside.seen_opening}
OPEN = 0.15  # of the eye's width: below, an eye is not open in the photo
SHUT = 0.20  # of its opening at rest: what counts as closed
_SIDE = 1024  # photos are blinked, and people watched, at most this large
_WATCHED = 300  # frames of each filmed person
SMALLER = (200, 150, 100, 60)  # pixels of the face, at which real blinks are read too
_BLINKS = 0.35  # of the usual opening: who never closes the eyes farther than this has not blinked
_ABOVE = 0.6  # of the opening's height is lid when it is shut; below that are lashes
_SQUARE = 0.25  # of the eye's width: half a side of the skin below that lids are compared with
_BLINK = replace(Motion.still(2), lids=np.array([[0, 0], [1, 1]], np.float32))


def run(photos: list[Path], clips: list[Path]) -> dict[str, list[dict[str, Any]]]:
    """``photos``: one entry a face: ``rest``, in eye widths, is (right, left), and so is shut over rest by every one of
    ``WAYS``, null for an eye that is not open. ``people``: one entry a clip: ``real``, ``ours``, and ``smaller``, the real
    one again by size of the face; each has (right, left) by measure. ``lively``: both's Laplacian over the skin's.
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
        ratios = {
            name: [ratio if opening >= OPEN else None for ratio, opening in zip(both, rest, strict=True)]
            for name, both in _over(before, after).items()
        }
        rows.append({"face": round(face.size), "yaw": face.pose.yaw, "rest": rest, **ratios})
    return rows


def _over(before: Float, after: Float) -> dict[str, list[float]]:
    """By measure, how open the right and the left eye are ``after``, over ``before`` (landmarks)."""
    return {name: [of(after, eye) / of(before, eye) for eye in EYES] for name, of in WAYS.items()}


def _person(path: Path) -> dict[str, Any] | None:
    """The deepest blink of a clip beside ours, of the open frame nearest to it; None for people who do not blink."""
    frames = list(islice(read_frames(path, max_side=_SIDE), _WATCHED))
    seen = outside.read_all(frames)
    opening = np.array([np.mean([outside.seen_opening(points, eye) for eye in EYES]) for points in seen])
    usual, shut = np.nanmedian(opening), int(np.nanargmin(opening))
    if opening[shut] > _BLINKS * usual:
        return None
    awake = np.flatnonzero(opening >= usual)
    source = int(awake[np.abs(awake - shut).argmin()])
    clip = recorded(Photo(np.ascontiguousarray(frames[source]), "png"))
    made = with_eyes_shut(clip, 0)
    rest, real, ours = (
        _read(picture, seen[index]) for picture, index in ((clip.photo, source), (frames[shut], shut), (made, source))
    )
    smaller = {}
    for size in SMALLER:
        zoom = size / clip.faces[0].size
        if zoom <= 1:
            smaller[size] = _over(*(_read(frames[index], seen[index], zoom) for index in (source, shut)))
    there = rigid_fit(rest[list(RIGID)].astype(np.float64), real[list(RIGID)].astype(np.float64))
    awake_there = there.apply(rest.astype(np.float64)).astype(np.float32)
    return {
        "clip": path.stem,
        "open": source,
        "shut": shut,
        "real": _over(rest, real),
        "ours": _over(rest, ours),
        "smaller": smaller,
        "lively": {
            "real": [liveliness(frames[shut], awake_there, eye) for eye in EYES],
            "ours": [liveliness(made, rest, eye) for eye in EYES],
        },
    }


def _read(picture: Pixels, face: Float, zoom: float = 1.0) -> Float:
    """Landmarks of ``picture`` made ``zoom`` times as large, in its pixels; the face is about at ``face``."""
    if zoom < 1:
        picture = np.asarray(cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), np.uint8)
        face = ((face + 0.5) * zoom - 0.5).astype(np.float32)
    return outside.read_all([picture], face)[0]


def recorded(photo: Photo, side: int = _SIDE) -> Recording:
    """The photo ready to be blinked, at its own size, or with ``side`` pixels on its longer side if that is less."""
    longest = max(photo.pixels.shape[:2])
    return record(photo, None, engine.Options(size="native" if longest <= side else side, seconds=0.08))


def with_eyes_shut(clip: Recording, index: int) -> Pixels:
    """The photo with the eyes of face ``index`` shut."""
    performer, picture = clip.performers[index], clip.photo.copy()
    performer.draw(picture, performer.track(_BLINK, 0.8), 1)
    return picture


def liveliness(picture: Pixels, landmarks: Float, eye: Eye) -> float:
    """The Laplacian's mean size on the shut lid of ``picture`` (H, W, 3) over the skin's below; ``landmarks`` (>=468, 2
    or 3): with the eye open.
    """
    edges = np.abs(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32), cv2.CV_32F))
    opening = landmarks[list(eye.opening), :2]
    lid = cv2.fillPoly(np.zeros(edges.shape, np.uint8), [np.round(opening).astype(np.int32)], (1,))
    top, bottom = opening[:, 1].min(), opening[:, 1].max()
    lid[round(float(top + _ABOVE * (bottom - top))) :] = 0
    (x, y), half = landmarks[eye.lower[2][3], :2].astype(int), round(_SQUARE * eye_width(landmarks, eye))
    return float(edges[lid > 0].mean() / edges[y : y + half, x - half : x + half].mean())


def eye_width(points: Float, eye: Eye) -> float:
    return float(np.linalg.norm(points[eye.outer, :2] - points[eye.inner, :2]))
