"""Measures a motion from video: what the head, the lids, the eyes and the face did, freed of whose they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float
from vivify.easing import smoothstep
from vivify.errors import NoFaceInVideo
from vivify.faces import Landmarker
from vivify.faces.pose import RigidFit, angles, head_fit, mean_face, rigid_fit, rotation
from vivify.faces.topology import EYE_CORNERS, EYES, MESH, NECK, OVAL, RIGID, Eye
from vivify.faces.types import Pose
from vivify.motion.body import Body, by_itself, share
from vivify.motion.parting import narrowed, seen_apart, shares
from vivify.motion.skull import Skull, believed
from vivify.motion.smooth import calmed, fill_gaps, smooth
from vivify.motion.template import Motion
from vivify.progress import OnProgress, unheard
from vivify.video import probe, read_frames

_LONG_SIDE = 1440  # frames are read at most this large: where a face takes little of them, landmarks need as much
_LEAST_SEEN = 0.5  # of the frames must show a face
_HEAD_SIGMA, _FACE_SIGMA, _LID_SIGMA = 0.03, 0.02, 0.012  # seconds: heads move slower than lids
_CHEST_SIGMA = 0.1  # and chests slower still
_TURN_NOISE, _PLACE_NOISE, _SHAPE_NOISE = 0.15, 0.002, 0.002  # degrees; eye distances; what unmoving faces are measured with
_INNER = 0.3  # eye distances from the outline: from there on all of a face makes faces
_IMPLAUSIBLE = 0.8  # centimetres rms from the mean face
_SHUT_OPENING = 0.09  # of the eye's width: landmarks report no less for lids that are shut
_TRULY = 2 / 3  # of the way to that: so far they report what they see
_AWAKE = 0.7  # of the usual opening: a rest with lids lower than this is a blink
_LID_NOISE = 0.03  # of the way from open to shut
_BOTH_FROM, _BOTH = 0.35, 0.65  # of the way: where both lids are farther than this they begin to be, and are, alike
_ASIDE_FROM, _ASIDE = 0.1, 0.2  # eye widths of gaze from which it begins to be, and is, aside
GAZE_TOLD = np.array([0.64, 1.0], np.float32)  # of the way that irises go aside, landmarks tell so much (seven faces)
_DEEPEST_GAZE = 0.3  # eye widths
_CORNERS_DRAWN = 0.11  # eye distances that corners of eyes are read aside for each eye width of gaze (median of 19 films)


@dataclass(frozen=True)
class Measured:
    """Landmarks of a video with the head's motion taken out.

    ``shape``: (T, 478, 3) float32, head frame, eye distances. ``rotation``: (T, 3) yaw, pitch and roll in degrees.
    ``middle``: (T, 3) float32: where the middle of the face is seen, right and down in eye distances of the picture's own
    axes; and the logarithm of the eye distance in pixels. ``fps``: frames per second. ``body``: 0..1, the share of the
    neck's way that the chest goes, None where it is not seen; ``chest``: (T, 2) float32, where it goes by itself
    (``vivify.motion.body``), or None.
    """

    shape: Float
    rotation: Float
    middle: Float
    fps: float
    body: float | None = None
    chest: Float | None = None

    @property
    def neck(self) -> Float:
        """(T, 3) float32: where the neck is, likewise. The head turns about it: where it went is what turning does not
        explain.
        """
        return _neck(self.rotation, self.middle)

    def read_once(self) -> Measured:
        """The same in eye distances as the first frame alone has them, as the landmarks of a photo have its own."""
        right, left = (self.shape[0, [eye.outer, eye.inner]].mean(axis=0) for eye in EYES)
        unit = np.float32(np.linalg.norm(left - right))
        middle = (self.middle / np.array([unit, unit, 1])).astype(np.float32)
        return replace(self, shape=self.shape / unit, middle=middle, chest=None if self.chest is None else self.chest / unit)


def measure(video: Path, start: float = 0.0, end: float | None = None, progress: OnProgress = unheard) -> Measured:
    """Tracks one face through ``video`` from ``start`` to ``end`` seconds; frames that lose it are bridged. ``progress``:
    called with each frame looked at.

    Raises VideoError when the video cannot be read, NoFaceInVideo when fewer than half of its frames show a face.
    """
    info = probe(video)
    fps, there = info.fps, round(info.seconds * info.fps)
    first, last = round(start * fps), None if end is None else round(end * fps)
    count = max(1, (there if last is None else min(last, there)) - first)
    landmarker, skull, body = Landmarker(), None, None
    seen: list[Float | None] = []
    apart: list[Float] = []
    went: list[Float | None] = []
    found: list[RigidFit | None] = []
    side = 0
    for number, frame in enumerate(read_frames(video, max_side=_LONG_SIDE)):
        if number < first:
            continue
        if last is not None and number >= last:
            break
        side = max(frame.shape)
        points = _plausible(landmarker.track(frame))
        if skull is None and points is not None:
            skull, body = Skull(frame, points), Body(frame, points)
        seen.append(points)
        found.append(None if skull is None or points is None else skull.found(frame, points))
        went.append(None if body is None else body.went(frame))
        apart.append(np.zeros((2, 9), np.float32) if points is None else seen_apart(frame, points))
        progress(min(len(seen), count), count)
    known = np.array([points is not None for points in seen])
    if len(seen) < 3 or known.mean() < _LEAST_SEEN:
        raise NoFaceInVideo("No face can be followed through this video. Use one that shows one face, well lit, throughout.")
    empty = np.zeros((478, 3), np.float32)
    measured = _take_out_head(fill_gaps(np.stack([empty if p is None else p for p in seen]), known), found, side, fps)
    shape = narrowed(measured.shape, shares(fill_gaps(np.stack(apart), known), fps))
    along = share(measured.neck, went)
    return replace(measured, shape=shape, body=along, chest=by_itself(measured.neck, went, along))


def _plausible(points: Float | None) -> Float | None:
    """Landmarks, unless they do not lie like a face's: a blurred frame can throw the network off."""
    return points if points is not None and _shape_error(points) < _IMPLAUSIBLE else None


def _shape_error(landmarks: Float) -> float:
    """How unlike the mean human face the landmarks lie: rms distance after a similarity fit of all, in centimetres."""
    face, seen = mean_face(), landmarks[:MESH].astype(np.float64)
    fit = rigid_fit(face, seen)
    return float(np.sqrt(((fit.apply(face) - seen) ** 2).sum(axis=1).mean()) / fit.scale)


def _take_out_head(seen: Float, found: Sequence[RigidFit | None], side: int, fps: float) -> Measured:
    stable = list(RIGID)
    frames = list(seen.astype(np.float64))
    # The person's own skull fits better than the mean face: average the video in the mean face's frame, then fit that.
    own = np.median([head_fit(points).inverse().apply(points) for points in frames], axis=0)
    corners = [own[[eye.outer, eye.inner]].mean(axis=0) for eye in EYES]
    own /= np.linalg.norm(corners[0] - corners[1])
    middle = own[list(OVAL)].mean(axis=0)
    told = [rigid_fit(own[stable], points[stable]) for points in frames]
    inner = _inner(own)
    shape, turns, middles = [], [], []
    for points, landmarks, head in zip(frames, told, believed(told, found, middle, side), strict=True):
        # What the landmarks take for a turn that was none is a face being made; their outline and forehead only went along.
        rest, made = landmarks.inverse().apply(points), head.inverse().apply(points)
        shape.append(rest + inner * (made - rest))
        pose = angles(head.rotation)
        turns.append([pose.yaw, pose.pitch, pose.roll])
        middles.append([*head.apply(middle)[:2], np.log(head.scale)])
    place = np.array(middles)
    place[:, :2] /= np.exp(np.median(place[:, 2]))
    turn = np.degrees(np.unwrap(np.radians(turns), axis=0))
    return Measured(np.array(shape, np.float32), turn.astype(np.float32), place.astype(np.float32), fps)


def _inner(own: NDArray[np.float64]) -> NDArray[np.float64]:
    """(478, 1): 0 on the outline of a face, ``own`` (478, 3) in eye distances, 1 well inside it."""
    apart = np.linalg.norm(own[:, None, :2] - own[None, list(OVAL), :2], axis=2).min(axis=1, keepdims=True)
    return np.asarray(smoothstep(apart / _INNER), np.float64)


def to_motion(measured: Measured, rest: slice | None = None) -> Motion:
    """The motion relative to the rest pose: the mean of the frames in ``rest`` (the first frame if None), smoothed."""
    fps = measured.fps
    still = rest or slice(0, 1)
    # The lids are fast and lids only; the rest of the face is slower, and its noise would show.
    shape = calmed(measured.shape, _FACE_SIGMA * fps, _SHAPE_NOISE)
    quick = calmed(measured.shape, _LID_SIGMA * fps, _SHAPE_NOISE)
    looks = np.mean([_gaze(eye, shape) for eye in EYES], axis=0)
    gaze = np.clip(looks - looks[still].mean(axis=0), -_DEEPEST_GAZE, _DEEPEST_GAZE).astype(np.float32)
    lids = _together(_closures(np.stack([eye.apart(quick) for eye in EYES], axis=1), still), gaze)
    turn, place = _head_moves(measured, still)
    displacement = shape[:, :MESH] - shape[still, :MESH].mean(axis=0)
    displacement[:, EYE_CORNERS, 0] -= _CORNERS_DRAWN * gaze[:, :1]
    return Motion(
        rotation=turn,
        translation=place,
        lids=lids,
        gaze=gaze,
        displacement=displacement,
        chest=_chest_moves(measured, still),
    )


def _head_moves(measured: Measured, still: slice) -> tuple[Float, Float]:
    """The head's rotation (T, 3) in degrees and translation (T, 3) (see Motion), both in the axes of the head at rest."""
    turn = calmed(measured.rotation, _HEAD_SIGMA * measured.fps, _TURN_NOISE)
    # A head that is read to nod a little stays where it is: what is seen is its face, not the point that it turns about.
    neck = _neck(turn, calmed(measured.middle, _HEAD_SIGMA * measured.fps, _PLACE_NOISE))
    rest = rotation(Pose(*turn[still].mean(axis=0).astype(np.float64)))
    # Differences of angles are not the angles of the difference: a lowered head that tilts also turns in its own axes.
    own = [angles(rest.T @ rotation(Pose(*row))) for row in turn.astype(np.float64)]
    moved = neck - neck[still].mean(axis=0)
    moved[:, :2] *= np.exp(np.median(measured.middle[:, 2]) - neck[still, 2].mean())
    roll = np.radians(angles(rest).roll)
    upright = moved[:, :2] @ np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]], np.float32)
    away = np.expm1(-moved[:, 2])  # a head twice as small is one more of its distances away
    return np.array([[p.yaw, p.pitch, p.roll] for p in own], np.float32), np.column_stack([upright, away]).astype(np.float32)


def _neck(turn: Float, middle: Float) -> Float:
    """(T, 3): where the neck is of a head that is turned by ``turn`` (T, 3), in degrees, its face's ``middle`` (T, 3)."""
    lever = np.array([(rotation(Pose(*row)) @ NECK)[:2] for row in turn.astype(np.float64)])
    grown = np.exp(middle[:, 2:] - np.median(middle[:, 2]))
    return np.column_stack([middle[:, :2] + grown * lever, middle[:, 2]]).astype(np.float32)


def _chest_moves(measured: Measured, still: slice) -> Float:
    """(T, 2): where the chest goes by itself, see Motion."""
    if measured.chest is None:
        return np.zeros((len(measured.shape), 2), np.float32)
    moved = smooth(measured.chest, _CHEST_SIGMA * measured.fps)
    return moved - moved[still].mean(axis=0)


def _closures(apart: Float, still: slice) -> Float:
    """(T, 2) of how far ``apart`` (T, 2) lids are: 0 as open as at rest, 1 shut, negative wider. A rest that catches a blink
    gives way to what is usual, in both eyes or in none: in one alone, the other would stay wide open throughout.
    """
    usual, resting = np.percentile(apart, 60, axis=0), apart[still].mean(axis=0)
    awake = float((resting / np.maximum(usual, 1e-3)).mean()) > _AWAKE
    rests = np.maximum(resting if awake else usual, 1e-3)
    return np.stack([_closure(eye, float(rest)) for eye, rest in zip(apart.T, rests, strict=True)], axis=1)


def _closure(apart: Float, rest: float) -> Float:
    """(T,) of one eye, whose lids are ``rest`` apart at rest."""
    closed = 1 - apart / rest
    # Small changes are the landmarks' noise, from twice that on all of it is motion; nearly shut is shut.
    size = np.abs(closed)
    quiet = np.sign(closed) * np.minimum(size, 2 * np.maximum(size - _LID_NOISE, 0))
    shut = max(1 - _SHUT_OPENING / rest, 0.1)
    return np.clip(quiet + np.interp(quiet, (_TRULY * shut, shut), (0, 1 - shut)), -0.3, 1.0).astype(np.float32)


def _together(lids: Float, gaze: Float) -> Float:
    """``lids`` (T, 2), both as shut as the one that is more shut, where both are half shut: nobody blinks with one eye and a
    half, but of the far eye of a turned head less is seen to close. Else both as open as the one that is more open, where
    ``gaze`` (T, 2) is aside: of an eye with its iris in the corner lower lids are reported than it has.
    """
    aside = smoothstep((np.abs(gaze[:, :1]) - _ASIDE_FROM) / (_ASIDE - _ASIDE_FROM))
    both = smoothstep((lids.min(axis=1, keepdims=True) - _BOTH_FROM) / (_BOTH - _BOTH_FROM))
    alike = both * lids.max(axis=1, keepdims=True) + (1 - both) * aside * lids.min(axis=1, keepdims=True)
    return np.asarray(alike + (1 - both) * (1 - aside) * lids, np.float32)


def _gaze(eye: Eye, shape: Float) -> Float:
    """(T, 2): where the iris stands between the corners, in eye widths, right and down."""
    outer, inner = shape[:, eye.outer, :2], shape[:, eye.inner, :2]
    width = np.linalg.norm(outer - inner, axis=1, keepdims=True)
    return np.asarray((shape[:, eye.iris[0], :2] - (outer + inner) / 2) / width / GAZE_TOLD, np.float32)
