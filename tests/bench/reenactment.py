"""A clip's first frame drives itself through the clip: what was filmed is the truth that the methods are held against.

Also following: whether what the output shows goes up and down with what the driver did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.bench import outside
from tests.bench.mesh_warp import MeshWarp
from tests.bench.pictures import cut, face_box, psnr, ssim
from tests.bench.stage import record
from vivify import engine
from vivify.arrays import Float, Pixels
from vivify.errors import FaceTooSmall, UsageError, VivifyError
from vivify.faces import Landmarker, head_pose
from vivify.faces.topology import INNER_LIPS
from vivify.photos import Photo
from vivify.video import probe, read_frames

FRAMES = 75
LONG_SIDES = (512, 1024)  # the larger where the face is too small at the smaller
METHODS = ("still", "warp", "vivify")
MEASURES = ("psnr", "ssim", "landmarks")
# What the first three hold besides the face itself: the inside of the mouth, which a closed mouth does not show; and where
# the head went, which a portrait that keeps its shoulders cannot follow.
BESIDES = ("psnr but mouth", "aligned")
MOVES = 2.0  # percent of the eye distance: a clip whose landmarks stay nearer than this to frame 0 does not move
# A perfect follower, measured as noisily as the driver, would correlate by 1 - (noise / signal)^2: 0.97 at this ratio.
CLEAR = 6.0


def run(clips: Sequence[Path], say: Callable[[str], None] = print) -> list[dict[str, Any]]:
    """One entry a clip; ``skipped`` says why where there are no figures."""
    rows = []
    for clip in clips:
        try:
            try:
                rows.append({"clip": clip.name, **_one(clip, LONG_SIDES[0])})
            except FaceTooSmall:
                rows.append({"clip": clip.name, **_one(clip, LONG_SIDES[1])})
        except VivifyError as error:
            rows.append({"clip": clip.name, "skipped": str(error)})
        say(f"  {clip.name}: {rows[-1].get('skipped', 'measured')}")
    return rows


def _one(clip: Path, side: int) -> dict[str, Any]:
    frames = [np.array(f) for f in islice(read_frames(clip, max_side=side), FRAMES)]
    frames = [f[: f.shape[0] // 2 * 2, : f.shape[1] // 2 * 2] for f in frames]
    fps = probe(clip).fps
    photo = Photo(np.ascontiguousarray(frames[0]), "png")
    faces = engine.analyse(photo)
    options = engine.Options(driver=clip, seconds=len(frames) / fps, fps=fps, faces="largest")
    clip_made = record(photo, faces, options)
    vivify, start = clip_made.frames, clip_made.faces[0].landmarks
    count = min(len(frames), len(vivify))
    frames, vivify = frames[:count], vivify[:count]
    warped, known = _mesh_warp(frames)

    true = outside.read_all(frames, start)
    true[~known] = np.nan  # nobody can be asked to follow a face the tracker does not see either
    again = outside.read_all(frames, start, outside.SECOND)
    unit = outside.eye_span(true[0])
    outputs = {"still": [frames[0]] * count, "warp": warped, "vivify": vivify}
    seen = {"still": np.repeat(true[:1], count, axis=0)}
    seen |= {name: outside.read_all(outputs[name], start) for name in METHODS[1:]}
    both = np.isfinite(true).all(axis=(1, 2))
    both &= np.all([np.isfinite(points).all(axis=(1, 2)) for points in seen.values()], axis=0)
    both[0] = False  # frame 0 is the photo
    at = np.flatnonzero(both)
    mouths = [_outside_mouth(frames[i].shape, [true[i], *(seen[name][i] for name in METHODS)]) for i in at]
    figures = {name: _likeness(frames, outputs[name], seen[name], true, at, unit, mouths) for name in METHODS}
    behind = _behind(figures)
    moves = figures["still"]["landmarks"] >= MOVES
    return {
        "side": side,
        "frames": len(at),
        "lost": count - 1 - len(at),
        **figures,
        "moves": moves,
        "behind_still": behind if moves else [],
        "did": _did(true, unit),
        "deepest_blink": _deepest_blink(true),
        "following": _following(true, again, seen["vivify"], np.stack([clip_made.vertices(i) for i in range(count)])),
    }


def _mesh_warp(frames: list[Pixels]) -> tuple[list[Pixels], NDArray[np.bool_]]:
    """The 2-D warp's frames, moved by the engine's own tracker, and which frames that saw a face in."""
    tracker = Landmarker()
    tracked = [tracker.track(frame) for frame in frames]
    if tracked[0] is None:
        raise UsageError("no face in the first frame")
    warp, out, change = MeshWarp(frames[0], tracked[0]), [], np.zeros((468, 2), np.float32)
    for points in tracked:
        if points is not None:
            change = (points - tracked[0])[:468, :2]
        out.append(warp.moved(change))
    return out, np.array([points is not None for points in tracked])


def _outside_mouth(shape: tuple[int, ...], faces: list[Float]) -> NDArray[np.bool_]:
    """(H, W): True but where any of ``faces`` holds its mouth open."""
    mask = np.zeros(shape[:2], np.uint8)
    for points in faces:
        cv2.fillPoly(mask, [np.round(points[list(INNER_LIPS), :2]).astype(np.int32)], (1,))
    return mask == 0


def _likeness(
    frames: list[Pixels],
    output: list[Pixels],
    seen: Float,
    true: Float,
    at: NDArray[np.intp],
    unit: float,
    mouths: list[NDArray[np.bool_]],
) -> dict[str, float]:
    pairs, masked = [], []
    for i, skin in zip(at, mouths, strict=True):
        x0, y0, x1, y1 = box = face_box(true[i], frames[i].shape)
        pairs.append((cut(output[i], box), cut(frames[i], box)))
        masked.append(psnr(*pairs[-1], skin[y0:y1, x0:x1]))
    return {
        "psnr but mouth": float(np.mean(masked)),
        "psnr": float(np.mean([psnr(*pair) for pair in pairs])),
        "ssim": float(np.mean([ssim(*pair) for pair in pairs])),
        "landmarks": float(outside.landmark_error(seen[at], true[at], unit).mean()),
        "aligned": float(outside.landmark_error(outside.aligned(seen[at], true[at]), true[at], unit).mean()),
    }


def _behind(figures: dict[str, dict[str, float]]) -> list[str]:
    """The measures by which Vivify is not ahead of the still photo."""
    ours, still = figures["vivify"], figures["still"]
    ahead = {
        "psnr": ours["psnr"] > still["psnr"],
        "ssim": ours["ssim"] > still["ssim"],
        "landmarks": ours["landmarks"] < still["landmarks"],
    }
    return [name for name in MEASURES if not ahead[name]]


def _did(true: Float, unit: float) -> dict[str, float]:
    """How far the driver went from frame 0: turns in degrees, the head's shift in eye distances, its growth as a factor."""
    seen = true[np.isfinite(true).all(axis=(1, 2))]
    poses = np.array([[p.yaw, p.pitch, p.roll] for p in map(head_pose, seen)])
    middle = seen[:, :468, :2].mean(axis=1)
    size = np.linalg.norm((seen - seen.mean(axis=1, keepdims=True))[..., :2], axis=2).mean(axis=1)
    turn = np.abs(poses - poses[0]).max(axis=0)
    shift = np.linalg.norm(middle - middle[0], axis=1).max() / unit
    growth = np.abs(np.log(size / size[0])).max()
    return {
        **{k: float(v) for k, v in zip(("yaw", "pitch", "roll"), turn, strict=True)},
        "shift": float(shift),
        "growth": float(np.exp(growth)),
    }


def _deepest_blink(true: Float) -> float:
    """The driver's own smallest eye opening over his usual one: what this way of measuring calls shut."""
    eyes = outside.signals(true)["eyes"]
    return float(np.nanmin(eyes) / np.nanpercentile(eyes, 60))


def _following(true: Float, true_again: Float, seen: Float, asked: Float) -> dict[str, dict[str, Any]]:
    """Of each signal: how what is ``seen`` of the output goes with what is ``true`` of the film. Also how the film read
    again does, no follower can be told to go closer; and how what the track ``asked`` of the face does, before painting.
    """
    driven, shown, track = outside.signals(true), outside.signals(seen), outside.signals(asked)
    again = outside.signals(true_again)
    rows = {}
    for name in outside.SIGNALS:
        noise = float(np.nanstd(driven[name] - again[name]) / np.sqrt(2))
        spread = float(np.nanstd(driven[name]))
        r, gain = outside.correlation(driven[name], shown[name])
        clear = spread >= CLEAR * noise
        rows[name] = {"r": r, "gain": gain, "spread": spread, "noise": noise, "clear": bool(clear)}
        rows[name] |= {
            "reader": outside.correlation(driven[name], again[name])[0],
            "track": outside.correlation(driven[name], track[name])[0],
        }
    return rows
