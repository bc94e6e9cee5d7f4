"""A motion, measured once on somebody, free of who it was: the template format.

A template file is JSON (never pickle):

    schema        "vivify.motion/1"
    name, shows   what it is called, what one sees
    source, licence, fps
    mouth_width   the measured person's, in eye distances: the scale of the lips' motion
    rotation      [T][3]    yaw, pitch, roll of the head in degrees, relative to its rest, about its own axes
    translation   [T][3]    of the neck: right and down in eye distances, away in parts of the distance it is seen from
    lids          [T][2]    right, left eye: 0 as at rest, 1 shut, below 0 wider
    gaze          [T][2]    of both eyes, in eye widths, right and down
    weights       [T][K]    the face's displacement is weights @ basis ...
    basis         [K][1404] ... 468 landmarks x (right, down, away) in the head's own frame, in eye distances

All curves start and end at rest. Lists are rectangular and finite. What the chest did is not kept: who plays a motion has a
breath of their own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from vivify.arrays import Float
from vivify.easing import smoothstep
from vivify.faces.pose import mirror_index
from vivify.faces.topology import MESH
from vivify.motion.format import Format
from vivify.motion.smooth import resample

SCHEMA = "vivify.motion/1"
_CURVES = {"rotation": 3, "translation": 3, "lids": 2, "gaze": 2}
_EASE = 0.24  # seconds
_LONGEST, _LONGEST_SECONDS = 10_000, 120.0  # frames and seconds: longer is a mistake or an attack
_MOST = 1000  # of any number in a file, in its unit: more is a mistake, and would overflow the drawing
_FORMAT = Format("The motion file", SCHEMA, largest=64_000_000, remedy="Make it anew with `vivify motion extract`.")


@dataclass(frozen=True)
class Motion:
    """Person-independent curves at a known frame rate; the fields are those of the file, (T, ...) float32, and:

    ``displacement``: (T, 468, 3), head frame, eye distances. ``chest``: (T, 2), where the chest goes beyond what goes along
    with the head: right and down in the picture, in eye distances.
    """

    rotation: Float
    translation: Float
    lids: Float
    gaze: Float
    displacement: Float
    chest: Float

    def __len__(self) -> int:
        return len(self.rotation)

    def at_length(self, count: int, frames: range | None = None) -> Motion:
        """The same motion in ``count`` frames; of these ``frames``, or all."""
        return Motion(*(resample(getattr(self, f.name), count, frames) for f in fields(self)))

    def settled(self, fps: float, *, both_ends: bool = False) -> Motion:
        """The same motion, at ``fps``, eased in from rest within a quarter of a second; with ``both_ends`` eased out to rest
        as well.
        """
        return self.eased(easing(range(len(self)), len(self), fps, both_ends=both_ends))

    def eased(self, ease: Float) -> Motion:
        """The same motion, each frame as far as ``ease`` (T,) says."""
        curves = [getattr(self, f.name) for f in fields(self)]
        return Motion(*((c * ease.reshape(-1, *([1] * (c.ndim - 1)))).astype(np.float32) for c in curves))

    def during(self, frames: slice) -> Motion:
        """Those of its frames."""
        return Motion(*(getattr(self, f.name)[frames] for f in fields(self)))

    def mirrored(self) -> Motion:
        """The same to the other side."""
        aside, turned = np.array([-1, 1, 1], np.float32), np.array([1, -1, 1], np.float32)
        return Motion(
            rotation=-turned * self.rotation,
            translation=aside * self.translation,
            lids=self.lids[:, ::-1],
            gaze=aside[:2] * self.gaze,
            displacement=aside * self.displacement[:, mirror_index()[:MESH]],
            chest=aside[:2] * self.chest,
        )

    @classmethod
    def still(cls, count: int) -> Motion:
        """No motion at all for ``count`` frames."""
        rotation, translation, lids, gaze = (np.zeros((count, n), np.float32) for n in _CURVES.values())
        displacement, chest = np.zeros((count, MESH, 3), np.float32), np.zeros((count, 2), np.float32)
        return cls(rotation, translation, lids, gaze, displacement, chest)


def easing(frames: range, count: int, fps: float, *, both_ends: bool, over: float = _EASE) -> Float:
    """(len(frames),): how far ``frames`` of ``count`` are out of rest: from 0 to 1 within ``over`` seconds, with
    ``both_ends`` and back to it at the end.
    """
    since = np.arange(frames.start, frames.stop, dtype=np.float32)
    if both_ends:
        since = np.minimum(since, count - since)
    return smoothstep(since / np.float32(over * fps))


@dataclass(frozen=True)
class Template:
    """One motion with its provenance. ``motion`` runs at ``fps``."""

    name: str
    shows: str
    source: str
    licence: str
    fps: float
    mouth_width: float
    motion: Motion

    @property
    def seconds(self) -> float:
        return len(self.motion) / self.fps

    @staticmethod
    def may_last(frames: float, fps: float) -> bool:
        """Whether a template may have so many ``frames`` at ``fps``."""
        return frames <= _LONGEST and frames / fps <= _LONGEST_SECONDS

    def save(self, path: Path) -> None:
        """Writes the template as JSON; the displacement as the few components that carry 99.9% of it."""
        weights, basis = _compress(self.motion.displacement)
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "name": self.name,
            "shows": self.shows,
            "source": self.source,
            "licence": self.licence,
            "fps": self.fps,
            "mouth_width": round(self.mouth_width, 4),
        }
        for name in _CURVES:
            document[name] = np.round(getattr(self.motion, name).astype(float), 4).tolist()
        document["weights"] = np.round(weights.astype(float), 4).tolist()
        document["basis"] = np.round(basis.astype(float), 4).tolist()
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in document.items())
        path.write_text("{" + lines + "}\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Template:
        """Reads a template file; raises MotionInvalid when it does not follow the schema."""
        return cls.parse(_FORMAT.read(path))

    @classmethod
    def parse(cls, decoded: object) -> Template:
        """A template from decoded JSON; raises MotionInvalid."""
        document = _FORMAT.checked(decoded)
        curves = {name: _array(document, name, width) for name, width in _CURVES.items()}
        count = len(curves["rotation"])
        basis = _array(document, "basis", MESH * 3)
        weights = _array(document, "weights", len(basis))
        if not 2 <= count <= _LONGEST or any(len(c) != count for c in (*curves.values(), weights)):
            raise _FORMAT.invalid("its curves differ in length, or are too short or too long")
        displacement = (weights @ basis.reshape(len(basis), MESH * 3)).reshape(count, MESH, 3).astype(np.float32)
        if np.abs(displacement).max(initial=0) > _MOST:
            raise _FORMAT.invalid(f"weights @ basis must stay within {_MOST}")
        texts = {name: document.get(name) for name in ("name", "shows", "source", "licence")}
        numbers: dict[str, Any] = {name: document.get(name) for name in ("fps", "mouth_width")}
        if not all(isinstance(t, str) and t for t in texts.values()):
            raise _FORMAT.invalid("name, shows, source and licence must be texts")
        if not all(type(n) in (int, float) and 0 < n < _MOST for n in numbers.values()):
            raise _FORMAT.invalid("fps and mouth_width must be positive numbers")
        if not cls.may_last(count, numbers["fps"]):
            raise _FORMAT.invalid(f"it lasts longer than {_LONGEST_SECONDS:g} seconds")
        motion = replace(Motion.still(count), **curves, displacement=displacement)
        return cls(**texts, **numbers, motion=motion)  # type: ignore[arg-type]


def _compress(displacement: Float) -> tuple[Float, Float]:
    """(T, 468, 3) to weights (T, K) and basis (K, 1404)."""
    flat = displacement.reshape(len(displacement), -1).astype(np.float64)
    u, s, vt = np.linalg.svd(flat, full_matrices=False)
    energy = np.cumsum(s**2)
    kept = int(np.searchsorted(energy, 0.999 * energy[-1]) + 1) if energy[-1] > 1e-9 else 0
    kept = min(kept, 12)
    # Unit peak weights keep four decimals of the basis meaningful.
    peak = np.abs(u[:, :kept] * s[:kept]).max(axis=0, initial=1e-9)
    return (u[:, :kept] * s[:kept] / peak).astype(np.float32), (vt[:kept] * peak[:, None]).astype(np.float32)


def _array(document: dict[str, Any], name: str, width: int) -> Float:
    """The (T, ``width``) float32 list called ``name``."""
    rows = document.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == width for row in rows):
        raise _FORMAT.invalid(f"{name} must be a list of lists of {width} numbers")
    # Checked before NumPy sees them: it would take texts and booleans for numbers, and None for not-a-number.
    if not all(type(value) in (int, float) and -_MOST <= value <= _MOST for row in rows for value in row):
        raise _FORMAT.invalid(f"{name} must hold numbers from -{_MOST} to {_MOST}")
    return np.array(rows, np.float32).reshape(len(rows), width)
