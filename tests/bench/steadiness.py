"""Whether a rendered face moves as smoothly as it was told to, and stands still when nothing moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.bench import outside
from tests.bench.stage import Recording, record
from vivify import engine
from vivify.arrays import Float, Pixels
from vivify.faces.topology import EYES, INNER_LIPS, OVAL, triangles
from vivify.motion import Motion
from vivify.photos import Photo, decode

OPTIONS = engine.Options(size=512, faces="largest")
_SHAKE = 0.5  # of the measuring squares: a still photo read twice alike would have no noise at all
_ENLARGED = 2  # times, before flow is read
_WINDOW = 35  # pixels of the optical flow's window, enlarged
_MOST_POINTS, _TEXTURE = 120, 0.01  # corners of the face that are followed; and how good over the best one
_APART, _OUTLINE = 0.05, 0.2  # eye distances: between them; from the outline
_LIPS, _LIDS = 0.12, 0.25  # and from the opening of the mouth and of the eyes, around which much is painted over


def run(photos: list[Path]) -> list[dict[str, Any]]:
    return [{"photo": path.name, **_one(decode(path.read_bytes()))} for path in photos]


def _one(photo: Photo) -> dict[str, Any]:
    clip = record(photo, None, OPTIONS)
    still = clip.frames[0]
    return {"rest": _rest(clip), **_smoothness(clip), **_noise(clip, still), "background": _background(clip)}


def _rest(clip: Recording) -> int:
    """The largest difference, in levels, where there should be none: at rest from the photo, and of one pose drawn twice."""
    pixels, performer, track = clip.photo, clip.performers[0], clip.tracks[0]
    rest = performer.track(Motion.still(2), 0.8)
    worst = 0
    for chosen, index in ((rest, 0), (track, len(track) // 2)):
        first, other, second = pixels.copy(), pixels.copy(), pixels.copy()
        performer.draw(first, chosen, index)
        performer.draw(other, track, len(track) // 3)  # something else in between leaves no trace
        performer.draw(second, chosen, index)
        expected = pixels if chosen is rest else first
        worst = max(worst, int(cv2.absdiff(expected, first).max()), int(cv2.absdiff(first, second).max()))
    return worst


def _smoothness(clip: Recording) -> dict[str, float]:
    """Second over first difference of the face, as optical flow sees it and as the track says.

    Flow is taken between neighbouring frames where the skin has texture. ``floor``: the ratio that the same reading tells of
    the photo itself, which moves as one with the track's mean motion.
    """
    shown = np.stack([clip.vertices(i)[:, :2] for i in range(len(clip.frames))])
    places = _carried(_textured(clip), shown)
    rendered, track = _jerk(_flow(clip.frames, places)), _jerk(np.diff(places, axis=0))
    as_one = [_affine(shown[0], points) for points in shown]
    height, width = clip.frames[0].shape[:2]
    how, border = cv2.INTER_LANCZOS4, cv2.BORDER_REPLICATE
    moved = [cv2.warpAffine(clip.frames[0], way, (width, height), flags=how, borderMode=border) for way in as_one]
    there = np.stack([places[0] @ way[:, :2].T + way[:, 2] for way in as_one]).astype(np.float32)
    floor = _jerk(_flow(moved, there)) / _jerk(np.diff(there, axis=0))
    return {"rendered": rendered, "track": track, "ratio": rendered / track, "floor": floor, "points": places.shape[1]}


def _textured(clip: Recording) -> Float:
    """(K, 2): the corners of the photo's face, clear of lids and lips, which are painted over, and of the outline."""
    face, unit = clip.vertices(0)[:, :2], clip.performers[0]._head.unit
    grey = cv2.cvtColor(clip.frames[0], cv2.COLOR_RGB2GRAY)

    def within(landmarks: Iterable[int]) -> Pixels:
        hull = cv2.convexHull(face[list(landmarks)].astype(np.int32))
        return np.asarray(cv2.fillConvexPoly(np.zeros_like(grey), hull, (255,)), np.uint8)

    def disc(radius: float) -> Pixels:
        side = 2 * round(radius * unit) + 1
        return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)

    skin = cv2.erode(within(OVAL), disc(_OUTLINE))
    for opening, clear in ((INNER_LIPS, _LIPS), *((eye.opening, _LIDS) for eye in EYES)):
        skin[cv2.dilate(within(opening), disc(clear)) > 0] = 0
    found = cv2.goodFeaturesToTrack(grey, _MOST_POINTS, _TEXTURE, _APART * unit, mask=skin, blockSize=9)
    return np.asarray(found[:, 0], np.float32)


def _carried(points: Float, face: Float) -> Float:
    """(T, K, 2): where a mesh that goes through ``face`` (T, 468, 2) takes ``points`` (K, 2) of its first frame.

    Points in no triangle are left out.
    """
    corners = triangles()
    first = face[0][corners].astype(np.float64)
    edges = np.stack([first[:, 1] - first[:, 0], first[:, 2] - first[:, 0]], axis=-1)
    whole = np.abs(np.linalg.det(edges)) > 1e-3
    corners, first, edges = corners[whole], first[whole], edges[whole]
    shares = np.linalg.solve(edges[None], (points[:, None] - first[:, 0])[..., None])[..., 0]  # (K, M, 2)
    inside = (shares >= 0).all(axis=2) & (shares.sum(axis=2) <= 1)
    held = np.flatnonzero(inside.any(axis=1))
    one = inside[held].argmax(axis=1)
    share = shares[held, one]
    weights = np.column_stack([1 - share.sum(axis=1), share])
    return np.ascontiguousarray(np.einsum("tkcx,kc->tkx", face[:, corners[one]], weights), np.float32)


def _affine(before: Float, after: Float) -> Float:
    """(2, 3): the affine map that takes ``before`` (K, 2) nearest to ``after`` (K, 2)."""
    return np.asarray(np.linalg.lstsq(np.column_stack([before, np.ones(len(before))]), after, rcond=None)[0].T)


def _flow(frames: Sequence[Pixels], places: Float) -> Float:
    """(T - 1, K, 2): how far the picture at ``places`` (T, K, 2) goes from each frame to the next, by Lucas and Kanade's.

    Read in enlarged pictures: the method looks between pixels by straight lines, which is off by .019 pixels (astronaut) and
    .016 (freeman), rms, of photos moved exactly by Lanczos' kernel, and by .010 and .007 where they are twice as large. That
    alone read as a tremble of .1 in faces that go .4 pixels a frame.
    """
    grey = [_enlarged(np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)) for frame in frames]
    there = ((places + 0.5) * _ENLARGED - 0.5).astype(np.float32)  # OpenCV keeps pixel edges, not centres, in place
    size, until = (_WINDOW, _WINDOW), (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4)
    went = [
        cv2.calcOpticalFlowPyrLK(one, other, at, at.copy(), winSize=size, maxLevel=1, criteria=until)[0] - at
        for one, other, at in zip(grey, grey[1:], there, strict=False)
    ]
    return np.stack(went) / np.float32(_ENLARGED)


def _enlarged(grey: Pixels) -> Pixels:
    return np.asarray(cv2.resize(grey, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_CUBIC), np.uint8)


def _jerk(velocity: Float) -> float:
    """Mean length of the second difference over that of the first, of the median point; ``velocity`` (T, K, 2)."""
    first = np.linalg.norm(velocity, axis=2).mean(axis=0)
    second = np.linalg.norm(np.diff(velocity, axis=0), axis=2).mean(axis=0)
    return float(np.median(second) / np.median(first))


def _noise(clip: Recording, still: Pixels) -> dict[str, float]:
    """Noise of landmarks in percent of the eye distance: on a still video, and on the output less its track."""
    face = clip.faces[0].landmarks
    resting = outside.read_all([still] * len(clip.frames), face, jitter=_SHAKE)
    moving = outside.read_all(clip.frames, face, jitter=_SHAKE)
    told = np.stack([clip.vertices(i) for i in range(len(clip.frames))])
    unit = outside.eye_span(resting[0])
    calm, busy = _scatter(resting[:, :468, :2]), _scatter(moving[:, :468, :2] - told[..., :2])
    return {"still_noise": 100 * calm / unit, "output_noise": 100 * busy / unit, "noise_ratio": busy / calm}


def _scatter(points: Float) -> float:
    """White noise of (T, K, 2) curves, rms per coordinate: what second differences hold of it."""
    second = points[2:] - 2 * points[1:-1] + points[:-2]
    return float(np.sqrt(np.nanmean(second**2) / 6))


def _background(clip: Recording) -> dict[str, Any]:
    """Changes beyond the reach of the moving person: how many pixels ever, and the most in levels."""
    performer = clip.performers[0]
    region = performer.region
    frame = np.zeros(clip.frames[0].shape[:2], np.uint8)
    alpha = performer._layers.person[..., 3]
    frame[region.y0 : region.y1, region.x0 : region.x1] = (alpha > 0) * np.uint8(255)
    start = clip.vertices(0)
    farthest = max(np.linalg.norm((clip.vertices(i) - start)[:, :2], axis=1).max() for i in range(len(clip.frames)))
    side = 2 * int(np.ceil(farthest) + 2) + 1
    reach = np.asarray(cv2.dilate(frame, np.ones((side, side), np.uint8)), bool)
    most = np.zeros(frame.shape, np.uint8)
    for picture in clip.frames:
        most = np.maximum(most, cv2.absdiff(picture, clip.frames[0]).max(axis=2))
    outside_of_it = most[~reach]
    return {
        "share": float((~reach).mean()),
        "changed": int((outside_of_it > 0).sum()),
        "most": int(outside_of_it.max(initial=0)),
    }
