"""Pairs for the eyelid network: a frame with the eye open, warped by the engine to a later frame, and that later frame.

The warp, the eyeball and the patches are the engine's own (vivify.animate): what the network learns to repair is exactly
what it will be given.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivify.animate import eye_patch
from vivify.animate.eyes import PaintedEye
from vivify.animate.layers import Layers
from vivify.animate.painter import painted
from vivify.animate.sketch import Sketch
from vivify.animate.surface import build_surface
from vivify.animate.territory import Territory
from vivify.animate.warp import Warp
from vivify.arrays import Float, Pixels
from vivify.depth.head import HeadFrame
from vivify.faces import Face, Pose, head_pose
from vivify.faces.topology import EYES, MESH, RIGID, Eye

from .clips import Clip

SOURCES, NARROW, TARGETS = 6, 3, 14  # a clip: frames with open and with narrow eyes, and frames each is warped to
AWAKE, SLEEPY = 0.17, 0.13  # of the eye's width: an open eye is at least this open, a narrow one at least this
HALF_WAY = 0.8  # of the usual opening: eyes less open than this count as narrow
LARGE = 26.0  # pixels: a source's eyes are at least this wide on average
TURNED, TURN = 30.0, 8.0  # degrees: yaw in the target at most, yaw and pitch between both at most
MEETING = 0.8  # where snapped lids meet: this far from the measured upper to the measured lower lid
SHUT, SURELY_SHUT = 0.07, 0.045  # of the eye's width: what the landmarks report for shut lids, at most and at least
SNAP_FROM = 0.4  # closure from which on lids are brought together more and more
CLOSING = 0.5  # closure from which a target counts as closing
SHARES = ((0.9, 1.01, 0.4), (CLOSING, 0.9, 0.25), (0.12, CLOSING, 0.2), (-0.2, 0.12, 0.15))  # of the targets, by closure


@dataclass(frozen=True)
class Pairs:
    """``inputs``: (N, 10, 64, 96) uint8 (eye_patch.inputs). ``truth``: (N, 3, 64, 96) uint8 RGB. ``cover``: (N, 64, 96)
    uint8 (eye_patch.cover). ``closure``: (N,) float32. ``clip``: (N,) int32, which clip of the list.
    """

    inputs: Pixels
    truth: Pixels
    cover: Pixels
    closure: Float
    clip: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.closure)


def gathered(clips: list[Clip], cache: Path, seed: int) -> Pairs:
    """The pairs of all ``clips``; each clip's are made once and kept in the folder ``cache``."""
    parts = []
    for number, clip in enumerate(clips):
        kept = cache / "pairs" / f"{clip.name}.npz"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            made = _of_clip(clip, cache / "landmarks", np.random.default_rng([seed, *clip.name.encode()]))
            np.savez(kept, allow_pickle=False, **made)
        with np.load(kept) as stored:
            arrays = dict(stored)
        parts.append(Pairs(**arrays, clip=np.full(len(arrays["closure"]), number, np.int32)))
    return Pairs(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Pairs)))


def _of_clip(clip: Clip, cache: Path, rng: np.random.Generator) -> dict[str, Pixels | Float]:
    frames, points = clip.frames(), clip.landmarks(cache)
    seen = np.asarray(np.isfinite(points).all(axis=(1, 2)), bool)
    poses = [head_pose(p) if ok else Pose(np.nan, np.nan, np.nan) for p, ok in zip(points, seen, strict=True)]
    yaw, pitch = (np.array(angles) for angles in zip(*((pose.yaw, pose.pitch) for pose in poses), strict=True))
    apart = np.stack([np.where(seen, eye.apart(points), np.nan) for eye in EYES], axis=1)
    both = apart.mean(axis=1)
    rows: list[tuple[Pixels, Pixels, Pixels, float]] = []
    usual = np.nanpercentile(both, 60) if seen.any() else np.inf
    wide = np.mean([np.linalg.norm(points[:, eye.outer, :2] - points[:, eye.inner, :2], axis=1) for eye in EYES], axis=0)
    clear = (np.abs(yaw) <= TURNED) & (wide >= LARGE)
    sources = rng.permutation(np.flatnonzero(clear & (both >= max(AWAKE, usual))))[:SOURCES]
    if not clip.held_out:  # narrow eyes are scarce: an eye half way to shut stands in for one
        sleepy = np.flatnonzero(clear & (both >= SLEEPY) & (both < HALF_WAY * usual))
        sources = np.concatenate([sources, rng.permutation(sleepy)[:NARROW]])
    # The least this person ever shows is a blink, if it is little enough.
    shut = float(np.clip(np.nanpercentile(both, 1), SURELY_SHUT, SHUT)) if seen.any() else SHUT
    for source in sources:
        stage = _Stage(frames[source], points[source])
        turn = np.maximum(np.abs(yaw - yaw[source]), np.abs(pitch - pitch[source]))
        near = np.flatnonzero(seen & (np.abs(yaw) <= TURNED) & (turn <= TURN))
        closure = _closure(apart[source].mean(), both[near], shut)
        for least, most, share in SHARES:
            fit = near[(closure >= least) & (closure < most) & (near != source)]
            for target in rng.permutation(fit)[: round(share * TARGETS)]:
                each = _closure(apart[source], apart[target], shut)
                rows += [
                    stage.pair(eye, frames[target], points[target], float(c)) for eye, c in zip(EYES, each, strict=True)
                ]
    if not rows:
        shape = (0, eye_patch.HEIGHT, eye_patch.WIDTH)
        return {
            "inputs": np.zeros((0, eye_patch.CHANNELS, *shape[1:]), np.uint8),
            "truth": np.zeros((0, 3, *shape[1:]), np.uint8),
            "cover": np.zeros(shape, np.uint8),
            "closure": np.zeros(0, np.float32),
        }
    inputs, truth, cover, closures = zip(*rows, strict=True)
    return {
        "inputs": np.stack(inputs),
        "truth": np.stack(truth),
        "cover": np.stack(cover),
        "closure": np.array(closures, np.float32),
    }


class _Stage:
    """A source frame, ready to be warped: the engine's surface, warp and eyes, without its matte and depth."""

    def __init__(self, frame: Pixels, points: Float) -> None:
        head = HeadFrame.of(Face(points, 1.0, head_pose(points)))
        self._points = points
        self._surface = build_surface(points, Territory(head), *np.zeros((2, *frame.shape[:2]), np.float32))
        self._warp = Warp(self._surface, (frame.shape[1], frame.shape[0]), head.unit)
        self._layers = Layers(np.dstack([frame, np.full(frame.shape[:2], 255, np.uint8)]), frame)
        self._eyes = {eye: PaintedEye(eye, frame, points) for eye in EYES}
        self._resting = {eye: eye_patch.Resting.of(eye, frame, points) for eye in EYES}

    def pair(self, eye: Eye, frame: Pixels, points: Float, closure: float) -> tuple[Pixels, Pixels, Pixels, float]:
        """Inputs, truth, cover and closure of one eye, of the target ``frame`` with its ``points``."""
        moved = _onto(points, self._points)
        _snap(moved, eye, float(eye.apart(self._points)), closure)
        eyes, vertices, place = self._eyes[eye], self._surface.vertices.copy(), self._surface.vertices[:, :2].copy()
        vertices[:MESH] = moved[:MESH]
        eyes.tuck_rims(place, closure)
        deformation = self._warp.deformation(vertices, place)
        patches = eyes.patches(vertices, _gaze(eye, self._points, moved, closure))
        picture = painted(self._layers, Sketch(deformation, None, tuple(patches)))

        here, there = (eye_patch.placing(eye, p) for p in (vertices, points))
        lids = eye_patch.Moved.of(self._resting[eye], eye_patch.placed(vertices, here), closure)
        planes = lids.inputs(eye_patch.sampled(picture, here))
        truth = eye_patch.sampled(frame, there).transpose(2, 0, 1)
        cover = np.round(255 * lids.cover()).astype(np.uint8)
        return planes, truth, cover, closure


def _onto(points: Float, source: Float) -> Float:
    """``points`` (478, 3) moved, turned and scaled in the picture onto ``source`` by what does not move in a face."""
    rigid = list(RIGID)
    a, b = (p[:, 0].astype(np.float64) + 1j * p[:, 1] for p in (points, source))
    middle, goal = a[rigid].mean(), b[rigid].mean()
    turn = np.vdot(a[rigid] - middle, b[rigid] - goal) / np.vdot(a[rigid] - middle, a[rigid] - middle)
    moved = (a - middle) * turn + goal
    return np.stack([moved.real, moved.imag, points[:, 2] * abs(turn)], axis=1).astype(np.float32)


def _closure(rest: Float | float, apart: Float, shut: float) -> Float:
    """How far lids are closed that are ``apart`` and in the source as far as ``rest``, of the eye's width: 1 is shut."""
    return np.minimum((rest - apart) / np.maximum(rest - shut, 1e-3), 1).astype(np.float32)


def _snap(points: Float, eye: Eye, rest: float, closure: float) -> None:
    """Brings lids together by what the landmarks fail to report: they never show a shut eye shut.

    ``rest``: the source's opening. Lids that are far apart are where they are seen.
    """
    upper, lower = list(eye.upper[0]), list(eye.lower[0])
    apart = float(eye.apart(points))
    part = max(0.0, (closure - SNAP_FROM) / (1 - SNAP_FROM))
    keep = np.float32(1 + part * (min(1.0, rest * (1 - closure) / max(apart, 1e-3)) - 1))
    meeting = points[upper] + np.float32(MEETING) * (points[lower] - points[upper])
    points[upper] = meeting + keep * (points[upper] - meeting)
    points[lower] = meeting + keep * (points[lower] - meeting)


def _gaze(eye: Eye, source: Float, target: Float, closure: float) -> Float:
    """The shift of the iris, (2,) eye widths right and down, as far as the lids show it."""
    shifts = []
    for points in (source, target):
        corners = points[[eye.outer, eye.inner], :2]
        width = np.linalg.norm(corners[1] - corners[0])
        shifts.append((points[eye.iris[0], :2] - corners.mean(axis=0)) / width)
    return np.asarray(np.clip(shifts[1] - shifts[0], -0.25, 0.25) * max(0.0, 1 - closure), np.float32)
