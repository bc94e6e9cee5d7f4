"""Pairs for the eyelid network: a frame with the eye open, its lids moved by the engine as another frame shows them, and
that other frame.

Both are near in time, so that they differ by little but the lids; where the head went in between is taken out.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivify.animate.eyes import eye_patch
from vivify.arrays import Float, Pixels
from vivify.faces import Pose, head_pose
from vivify.faces.topology import EYES
from vivify.video import probe

from .clips import Clip
from .stage import Frame, Pair, Stage

TARGETS, SOURCES = 44, 3  # a clip: frames that are warped to, and how many sources each of them is warped from
LOOKED_AT, EVERY = 4, 3  # before and after a target as many frames with open eyes may serve: every third of the nearest
NARROW = 1  # sources with narrow eyes
AWAKE, SLEEPY = 0.17, 0.13  # of the eye's width: an open eye is at least this open, a narrow one at least this
OPEN, HALF_WAY = 0.9, 0.8  # of the usual opening: open eyes are at least, narrow ones at most so open
LARGE = 26.0  # pixels: a source's eyes are at least this wide on average
TURNED, TURN = 30.0, 8.0  # degrees: yaw in the target at most, yaw and pitch between both at most
SOON = 1.5  # seconds between both at most
ALIKE = 12.0  # levels: pairs whose skin around the eyes differs by more are left out
SHUT, SURELY_SHUT = 0.07, 0.045  # of the eye's width: what the landmarks report for shut lids, at most and at least
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


def _of_clip(clip: Clip, landmarks: Path, rng: np.random.Generator) -> dict[str, Pixels | Float]:
    watched = _Watched(clip, landmarks)
    rows: list[Pair] = []
    for least, most, share in SHARES:
        fit = np.flatnonzero(watched.seen & (watched.closure >= least) & (watched.closure < most))
        for target in rng.permutation(fit)[: round(share * TARGETS)]:
            rows += watched.pairs(target, watched.awake, LOOKED_AT, SOURCES)
            rows += watched.pairs(target, watched.sleepy, NARROW, NARROW)
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


class _Watched:
    """The frames of a clip, and how far the eyes are closed in each.

    ``seen``: (T,), the face is, and not much from aside. ``closure``: (T,), against what is usual. ``awake``, ``sleepy``:
    (T,), the frame may be a source, with open or with narrow eyes.
    """

    def __init__(self, clip: Clip, landmarks: Path) -> None:
        self._frames, self._points = clip.frames(), clip.landmarks(landmarks)
        self._stage = cache(lambda source: Stage(Frame(self._frames[source], self._points[source])))
        self._soon = SOON * probe(clip.path).fps
        known = np.asarray(np.isfinite(self._points).all(axis=(1, 2)), bool)
        poses = [head_pose(p) if ok else Pose(np.nan, np.nan, np.nan) for p, ok in zip(self._points, known, strict=True)]
        self._turn = np.array([(pose.yaw, pose.pitch) for pose in poses])
        self._apart = np.stack([np.where(known, eye.apart(self._points), np.nan) for eye in EYES], axis=1)
        both = self._apart.mean(axis=1)
        usual, least = np.nanpercentile(both, (60, 1)) if known.any() else (np.inf, SHUT)
        # The least this person ever shows is a blink, if it is little enough.
        self._shut = float(np.clip(least, SURELY_SHUT, SHUT))
        self.closure = _closure(usual, both, self._shut)
        self.seen = known & (np.abs(self._turn[:, 0]) <= TURNED)
        wide = [np.linalg.norm((self._points[:, eye.outer] - self._points[:, eye.inner])[:, :2], axis=1) for eye in EYES]
        clear = self.seen & (np.mean(wide, axis=0) >= LARGE)
        self.awake = clear & (both >= max(AWAKE, OPEN * usual))
        # Narrow eyes are scarce: an eye half way to shut stands in for one.
        self.sleepy = clear & (both >= SLEEPY) & (both < HALF_WAY * usual) & (not clip.held_out)

    def pairs(self, target: int, fit: NDArray[np.bool_], looked_at: int, count: int) -> list[Pair]:
        """Both eyes of the frame ``target`` from ``count`` sources: of the nearest that ``fit``, ``looked_at`` before it and
        as many after it, those in which the skin around the eyes is most alike.
        """
        soon = np.abs(np.arange(len(fit)) - target) <= self._soon
        turned = np.abs(self._turn - self._turn[target]).max(axis=1) > TURN
        near = np.flatnonzero(fit & soon & ~turned)
        sources = [*near[near < target][::-EVERY][:looked_at], *near[near > target][::EVERY][:looked_at]]
        other = Frame(self._frames[target], self._points[target])
        met = sorted(((self._stage(source).met(other), source) for source in sources), key=lambda each: each[0].apart)
        return [
            self._stage(source).pair(eye, other, there, float(closure))
            for meeting, source in met[:count]
            if meeting.apart <= ALIKE
            for eye, there, closure in zip(
                EYES, meeting.maps, _closure(self._apart[source], self._apart[target], self._shut), strict=True
            )
        ]


def _closure(rest: Float | float, apart: Float, shut: float) -> Float:
    """How far lids are closed that are ``apart`` and in the source as far as ``rest``, of the eye's width: 1 is shut."""
    return np.minimum((rest - apart) / np.maximum(rest - shut, 1e-3), 1).astype(np.float32)
