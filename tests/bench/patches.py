"""What is painted into a face: whether shut lids are as lively as the skin around, and whether anything flickers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.bench.eyes import OPEN, eye_width, liveliness, recorded, with_eyes_shut
from tests.bench.pictures import Box, cut
from tests.bench.stage import Recording, record
from tests.drawn import moved_landmarks
from vivify import engine
from vivify.arrays import Float, Pixels
from vivify.errors import VivifyError
from vivify.faces.topology import EYES, INNER_LIPS, Eye
from vivify.motion import FaceTrack, template
from vivify.photos import decode

ALIKE = 0.25  # of the skin's Laplacian, by which that of lids may differ
LARGE = 40  # pixels: an eye so wide shows pores, grain and brushwork
STEADY = 1.1  # times the bare warp's flicker
MOTIONS = ("blink", "laugh", "turn-left")
_SIDE = 1400  # pixels of the longer side that photos are blinked at, at most
_ROOM = {"eyes": (0.25, 0.5), "mouth": (0.2, 0.35)}  # of the width, beside and above: what may be painted over


def run(textured: list[Path], moving: list[Path]) -> dict[str, list[dict[str, Any]]]:
    """``lids``: one entry a photo: ``eye``, its width in pixels, and ``ratio``, shut lids' Laplacian over the skin's, null
    where no open eye shuts. ``flicker``: one entry a photo and motion: ``eyes`` and ``mouth``, over the bare warp.
    """
    lids: list[dict[str, Any]] = []
    for path in textured:
        try:
            lids.append({"photo": path.name, **_lids(path)})
        except VivifyError as error:
            lids.append({"photo": path.name, "skipped": error.code})
    return {"lids": lids, "flicker": [{"photo": path.name, **row} for path in moving for row in _flicker(path)]}


def _lids(path: Path) -> dict[str, Any]:
    clip = recorded(decode(path.read_bytes()), _SIDE)
    largest = int(np.argmax([face.size for face in clip.faces]))
    points = clip.faces[largest].landmarks
    closed, closing = with_eyes_shut(clip, largest), clip.performers[largest].limits.eyes
    seen = [
        liveliness(closed, points, eye) for eye, closes in zip(EYES, closing, strict=True) if closes and _open(points, eye)
    ]
    width = float(np.mean([eye_width(points, eye) for eye in EYES]))
    return {"eye": round(width), "ratio": float(np.mean(seen)) if seen else None}


def _open(points: Float, eye: Eye) -> bool:
    apart = np.linalg.norm(points[list(eye.upper[0]), :2] - points[list(eye.lower[0]), :2], axis=1).max()
    return bool(apart >= OPEN * eye_width(points, eye))


def _flicker(path: Path) -> list[dict[str, Any]]:
    clip = record(decode(path.read_bytes()), None, engine.Options(size=512, faces="largest", seconds=0.08))
    rows = []
    for name in MOTIONS:
        told = template(name)
        track = clip.performers[0].track(told.motion, told.mouth_width)
        rows.append({"motion": name, **flicker(clip, track)})
    return rows


def flicker(clip: Recording, track: FaceTrack) -> dict[str, float | None]:
    """Second over first difference of the pixels around eyes and mouth, over what it is with the warp alone; None where
    nothing moves. Seen from the head: detail that it carries farther in a frame than the detail is wide would count as
    flicker, however smoothly it goes, and teeth are finer than the stretched lips of the bare warp.
    """
    performer = clip.performers[0]
    sketches = performer.sketches(track, range(len(track)))
    full, bare = (
        list(performer._painter.paint([sketches if painted else [replace(sketch, patches=()) for sketch in sketches]]))
        for painted in (True, False)
    )
    points = clip.faces[0].landmarks[:468, :2] - performer.region.corner
    calm = replace(track, displacement=np.zeros_like(track.displacement))
    turned = [moved_landmarks(performer, calm, i)[:, :2] - performer.region.corner for i in range(len(track))]
    places = {"eyes": [points[list(eye.opening)] for eye in EYES], "mouth": [points[list(INNER_LIPS)]]}
    return {
        name: _over([(_held(full, box, points, turned), _held(bare, box, points, turned)) for box in _boxes(name, shapes)])
        for name, shapes in places.items()
    }


def _over(pairs: list[tuple[list[Pixels], list[Pixels]]]) -> float | None:
    told = [(_trembling(full), _trembling(bare)) for full, bare in pairs]
    shares = [one / other for one, other in told if one is not None and other is not None]
    return float(np.mean(shares)) if shares else None


def _held(frames: list[Pixels], box: Box, points: Float, turned: list[Float]) -> list[Pixels]:
    """``box`` of every frame as it would be had the head stayed. ``points``, and ``turned`` by the head alone: (N, 2)."""
    x0, y0, x1, y1 = box
    inside = ((points > (x0, y0)) & (points < (x1, y1))).all(axis=1)
    place = np.hstack([points[inside], np.ones((int(inside.sum()), 1))])
    held = []
    for frame, there in zip(frames, turned, strict=True):
        way = np.linalg.lstsq(place, there[inside], rcond=None)[0].T
        size = (frame.shape[1], frame.shape[0])
        held.append(cut(cv2.warpAffine(frame, way, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP), box))
    return held


def _boxes(name: str, shapes: list[Float]) -> list[Box]:
    beside, above = _ROOM[name]
    boxes = []
    for points in shapes:
        low, high = points.min(axis=0), points.max(axis=0)
        room = np.array([beside, above]) * (high - low)[0]
        (x0, y0), (x1, y1) = np.maximum(low - room, 0).astype(int), (high + room).astype(int)
        boxes.append((int(x0), int(y0), int(x1), int(y1)))
    return boxes


def _trembling(frames: list[Pixels]) -> float | None:
    """The second difference's mean size over the first's, if anything moves."""
    grey = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32) for frame in frames])
    first, second = (float(np.abs(np.diff(grey, n=order, axis=0)).mean()) for order in (1, 2))
    return second / first if first > 0 else None
