"""One frame with its eyes open, ready to be warped by the engine to what other frames of the clip show.

The warp, the eyeball and the patches are the engine's own (vivify.animate), and only lids and irises move, as in a blink:
what the network learns to repair is exactly what it will be given.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.eyes import eye_patch
from vivify.animate.eyes.eyeball import PaintedEye
from vivify.animate.layers import Layers
from vivify.animate.painter import painted
from vivify.animate.person.surface import Surface, build_surface
from vivify.animate.person.territory import Territory
from vivify.animate.person.warp import Warp
from vivify.animate.sketch import Sketch
from vivify.arrays import Float, Pixels
from vivify.depth.head import HeadFrame
from vivify.faces import Face, head_pose
from vivify.faces.pose import RigidFit, rigid_fit
from vivify.faces.topology import EYES, MESH, RIGHT_EYE, RIGID, Eye
from vivify.motion.measure import GAZE_TOLD
from vivify.motion.retarget import move_lids
from vivify.motion.skull import Skull

_CORNERS = {corner for eye in EYES for corner in (eye.outer, eye.inner)}
_STILL = [point for point in RIGID if point not in _CORNERS]  # see Stage.met
_LEFT_OUT, _RING = 7, 25  # pixels around the cover: what a blink may still move, and what shall be alike
_MEETING = 0.8  # where snapped lids meet: this far from the measured upper to the measured lower lid
_SNAP_FROM = 0.4  # closure from which on lids are brought together more and more
_FARTHEST = 0.25  # eye widths an iris goes

Array = NDArray[np.float64]
Pair = tuple[Pixels, Pixels, Pixels, float]
"""Inputs, truth, cover and closure of one eye, see ``pairs.Pairs``."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a clip, (H, W, 3) uint8 RGB, and its landmarks, (478, 3) float32 pixels."""

    picture: Pixels
    points: Float


@dataclass(frozen=True)
class Meeting:
    """Where a head of one frame is in another. ``maps``: for either eye (2, 3), from the one's pixels to the other's.
    ``apart``: levels by which the skin around the eyes differs then.
    """

    maps: tuple[Array, ...]
    apart: float


class Stage:
    """The engine's surface, warp and eyes of one frame, without its matte and depth."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._skull = Skull(frame.picture, frame.points)
        self._resting = {eye: eye_patch.Resting.of(eye, frame.picture, frame.points) for eye in EYES}

    def met(self, other: Frame) -> Meeting:
        """Where this head is in ``other``: as texture tells, or landmarks, whichever leaves less of a difference.

        Eye corners tell nothing: of a shut eye landmarks take the lashes' ends for them, a tenth of its width lower.
        """
        told = rigid_fit(self._frame.points[_STILL].astype(np.float64), other.points[_STILL].astype(np.float64))
        found = self._skull.found(other.picture, other.points)
        fits = (told,) if found is None else (told, found)
        maps = [tuple(self._flat(eye, fit) for eye in EYES) for fit in fits]
        return min((Meeting(m, self._apart(other, m)) for m in maps), key=lambda meeting: meeting.apart)

    def pair(self, eye: Eye, other: Frame, there: Array, closure: float) -> Pair:
        """One eye, as ``other`` shows it; ``there``: from this frame to that."""
        back = _back(there)
        seen = np.asarray(other.points[:, :2].astype(np.float64) @ back[:, :2].T + back[:, 2], np.float32)
        vertices = self._surface.vertices.copy()
        vertices[:MESH, :2] += self._lids(eye, seen, closure)
        source = self._surface.vertices[:, :2].copy()
        self._eyes[eye].tuck_rims(source, closure)
        patches = self._eyes[eye].patches(vertices, self._gaze(eye, seen, closure))
        picture = painted(self._layers, Sketch(self._warp.deformation(vertices, source), None, tuple(patches)))

        here = eye_patch.placing(eye, vertices)
        lids = eye_patch.Moved.of(self._resting[eye], eye_patch.placed(vertices, here), closure)
        planes = lids.inputs(eye_patch.sampled(picture, here))
        truth = eye_patch.sampled(other.picture, eye_patch.chained(here, back)).transpose(2, 0, 1)
        cover = np.round(255 * lids.cover()).astype(np.uint8)
        return planes, truth, cover, closure

    @cached_property
    def _surface(self) -> Surface:
        points, shape = self._frame.points, self._frame.picture.shape[:2]
        return build_surface(points, Territory(self._head), *np.zeros((2, *shape), np.float32))

    @cached_property
    def _head(self) -> HeadFrame:
        points = self._frame.points
        return HeadFrame.of(Face(points, 1.0, head_pose(points)))

    @cached_property
    def _warp(self) -> Warp:
        height, width = self._frame.picture.shape[:2]
        return Warp(self._surface, (width, height), self._head.unit)

    @cached_property
    def _layers(self) -> Layers:
        picture = self._frame.picture
        return Layers(np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]), picture)

    @cached_property
    def _eyes(self) -> dict[Eye, PaintedEye]:
        return {eye: PaintedEye(eye, self._frame.picture, self._frame.points) for eye in EYES}

    def _flat(self, eye: Eye, fit: RigidFit) -> Array:
        """``fit`` as it shows around ``eye``, which is flat enough: (2, 3)."""
        around = self._frame.points[[eye.outer, eye.inner, *eye.upper[2], *eye.lower[2]]].astype(np.float64)
        flat = np.column_stack([around[:, :2], np.ones(len(around))])
        return np.asarray(np.linalg.lstsq(flat, fit.apply(around)[:, :2], rcond=None)[0].T, np.float64)

    def _apart(self, other: Frame, maps: tuple[Array, ...]) -> float:
        each = []
        for (eye, rest), there in zip(self._resting.items(), maps, strict=True):
            here = eye_patch.placing(eye, self._frame.points)
            seen = eye_patch.sampled(other.picture, eye_patch.chained(here, _back(there)))
            ring = cv2.dilate(rest.cover, np.ones((_RING, _RING))) > cv2.dilate(rest.cover, np.ones((_LEFT_OUT, _LEFT_OUT)))
            each.append(cv2.absdiff(rest.picture, seen)[ring].mean())
        return float(np.mean(each))

    def _lids(self, eye: Eye, seen: Float, closure: float) -> Float:
        """(468, 2): how far the landmarks go when the lids of ``eye`` go where they are ``seen`` (478, 2)."""
        rest = self._frame.points[:, :2]
        lids = seen.copy()
        _snap(lids, eye, float(eye.apart(rest)), closure)
        displacement = np.zeros((1, MESH, 2), np.float32)
        upper, lower = ((lids - rest)[list(rows[0])][None] for rows in (eye.upper, eye.lower))
        move_lids(displacement, eye, upper, lower)
        return np.asarray(displacement[0], np.float32)

    def _gaze(self, eye: Eye, seen: Float, closure: float) -> Float:
        """How far the iris goes, (2,) eye widths right and down, as much of it as the lids show."""
        outer, inner, before = (complex(*self._frame.points[k, :2]) for k in (eye.outer, eye.inner, eye.iris[0]))
        shift = (complex(*seen[eye.iris[0]]) - before) / ((inner - outer) * (1 if eye is RIGHT_EYE else -1))
        gone = np.clip(np.array([shift.real, shift.imag]) / GAZE_TOLD, -_FARTHEST, _FARTHEST)
        return np.asarray(gone * max(0.0, 1 - closure), np.float32)


def _back(there: Array) -> Float:
    return np.asarray(cv2.invertAffineTransform(there), np.float32)


def _snap(points: Float, eye: Eye, rest: float, closure: float) -> None:
    """Brings lids together by what the landmarks fail to report: they never show a shut eye shut.

    ``rest``: the source's opening. Lids that are far apart are where they are seen.
    """
    upper, lower = list(eye.upper[0]), list(eye.lower[0])
    apart = float(eye.apart(points))
    part = max(0.0, (closure - _SNAP_FROM) / (1 - _SNAP_FROM))
    keep = np.float32(1 + part * (min(1.0, rest * (1 - closure) / max(apart, 1e-3)) - 1))
    meeting = points[upper] + np.float32(_MEETING) * (points[lower] - points[upper])
    points[upper] = meeting + keep * (points[upper] - meeting)
    points[lower] = meeting + keep * (points[lower] - meeting)
