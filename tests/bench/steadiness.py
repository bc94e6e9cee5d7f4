"""Whether a rendered face moves as smoothly as it was told to, and stands still when nothing moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.bench import outside
from tests.bench.stage import Recording, record
from vivify import engine
from vivify.arrays import Float, Pixels
from vivify.faces.topology import EYES, INNER_LIPS, OVAL
from vivify.motion import Motion
from vivify.photos import Photo, decode

OPTIONS = engine.Options(size=512, faces="largest")
_SHAKE = 0.5  # of the measuring squares: a still photo read twice alike would have no noise at all
_WINDOW = 17  # pixels of the optical flow's window
_LEAST_TEXTURE = 2e-3  # smallest eigenvalue below which the flow has nothing to hold on to


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

    Flow is taken between neighbouring frames at the landmarks themselves, except lids and lips, which are covered and
    uncovered, and the outline, where the face ends.
    """
    hidden = {i for eye in EYES for row in (*eye.upper[:2], *eye.lower[:2]) for i in row} | set(INNER_LIPS) | set(OVAL)
    chosen = np.array([i for i in range(468) if i not in hidden])
    grey = [np.asarray(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), np.uint8) for f in clip.frames]
    places = np.stack([clip.vertices(i)[chosen, :2] for i in range(len(grey))])
    texture = cv2.cornerMinEigenVal(grey[0], _WINDOW)
    height, width = texture.shape
    column = np.clip(np.round(places[0, :, 0]).astype(int), 0, width - 1)
    row = np.clip(np.round(places[0, :, 1]).astype(int), 0, height - 1)
    held = texture[row, column] > _LEAST_TEXTURE
    places = np.ascontiguousarray(places[:, held])
    flow = []
    for t in range(len(grey) - 1):
        guess = places[t].copy()
        moved, _, _ = cv2.calcOpticalFlowPyrLK(
            grey[t],
            grey[t + 1],
            places[t],
            guess,
            winSize=(_WINDOW, _WINDOW),
            maxLevel=1,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4),
        )
        flow.append(moved - places[t])
    told = np.diff(places, axis=0)
    rendered, track = _jerk(np.array(flow)), _jerk(told)
    return {"rendered": rendered, "track": track, "ratio": rendered / track, "points": int(held.sum())}


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
