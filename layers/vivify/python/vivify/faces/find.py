"""The way through the room: propose, settle, probe, look, judge."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from vivify import errors
from vivify.faces import mesh
from vivify.faces.anchors import SAME_ROLL
from vivify.faces.detect import propose, to_square
from vivify.faces.evidence import Evidence, gather, second_opinion
from vivify.faces.geometry import Pyramid, Square, turned
from vivify.faces.judge import judge
from vivify.faces.pose import head_pose
from vivify.faces.repair import assess
from vivify.faces.types import Face

if TYPE_CHECKING:
    from vivify.photos import Photo

PRESENT = 0.5  # MediaPipe's own limit for "there is a face here"
MOST = 40  # proposals looked at closely, strongest first: bounds the time a photo can take
# Two readings are one face when their centres are nearer than this part of the larger one's face; readings at quite other
# rolls (a face also read upside down lies over its chin) when nearer than the second.
NEAR, NEAR_TURNED = 0.35, 0.7

REJECTIONS: dict[str, type[errors.FaceRejected]] = {
    kind.code: kind
    for kind in (
        errors.FaceTooSmall,
        errors.ProfileView,
        errors.FaceObscured,
        errors.PhotoDamaged,
        errors.NotAHumanFace,
        errors.TooBlurry,
    )
}


def find_faces(photo: Photo) -> list[Face]:
    """Every face of the photo, largest first, each with its pose and verdict; empty if there is none.

    At any roll, from faces that fill the photo down to about 20 pixels. The same photo gives the same faces. A face too
    damaged to be repaired says so.
    """
    return assess(photo, _find(photo.pixels))


def _find(pixels: NDArray[np.uint8]) -> list[Face]:
    pyramid = Pyramid(pixels)
    places = candidates(pyramid)
    reading = mesh.look(pyramid, [square for square, _ in places])
    first: list[Face | None] = []
    for points, presence, (square, proof) in zip(reading.points, reading.presence, places, strict=True):
        landmarks = points.astype(np.float32)
        seen = Face(landmarks, float(presence), head_pose(landmarks))
        first.append(judge(seen, proof, partial(second_opinion, pyramid, square, points)))
    people = any(face is not None and face.verdict is None for face in first)
    faces: list[Face] = []
    for face, points, (square, proof) in zip(first, reading.points, places, strict=True):
        final = face
        if people and face is not None and face.verdict is not None:
            final = judge(face, proof, partial(second_opinion, pyramid, square, points), among_people=True)
        if final is not None:
            faces.append(final)
    return sorted(faces, key=lambda found: -found.size)


def candidates(pyramid: Pyramid) -> list[tuple[Square, Evidence]]:
    """Settled squares that may hold a face, one for a face, and what the probes found in each."""
    found = propose(pyramid)
    found = found.take(np.arange(min(MOST, len(found))))
    squares = [to_square(box, keypoints) for box, keypoints in zip(found.boxes, found.keypoints, strict=True)]
    squares, presence = mesh.settle(pyramid, squares)
    distinct: list[int] = []
    for i, square in enumerate(squares):
        if presence[i] >= PRESENT and not any(_twin(square, squares[k]) for k in distinct):
            distinct.append(i)
    evidence = gather(pyramid, [squares[i] for i in distinct], [float(found.scores[i]) for i in distinct])
    # The steadiest reading of a place wins: of an upright and an upside-down one, the upright.
    kept: list[tuple[Square, Evidence]] = []
    for i, proof in sorted(zip(distinct, evidence, strict=True), key=lambda pair: pair[1].unsteadiness):
        if not any(_same(squares[i], other) for other, _ in kept):
            kept.append((squares[i], proof))
    return kept


def _twin(one: Square, other: Square) -> bool:
    """Whether two proposals have settled on the very same square."""
    near = np.hypot(one.x - other.x, one.y - other.y) < 0.05 * other.side
    alike = 0.9 < one.side / other.side < 1.1 and abs(turned(one.roll - other.roll)) < 10.0
    return bool(near and alike)


def _same(one: Square, other: Square) -> bool:
    apart = abs(turned(one.roll - other.roll))
    near = NEAR if apart < SAME_ROLL else NEAR_TURNED
    return bool(np.hypot(one.x - other.x, one.y - other.y) < near * max(one.side, other.side) / mesh.ROOM)


def require_animatable(faces: list[Face]) -> list[Face]:
    """The faces that can be animated, in their order.

    Raises the error of the face that came nearest (the largest that is a person's), or NoFaceFound.
    """
    good = [face for face in faces if face.verdict is None]
    if good:
        return good
    if not faces:
        raise errors.NoFaceFound("No face was found. Choose a photo in which a person's face can be seen clearly.")
    # The face that came nearest: the largest that is a person's, else the largest.
    size, nearest, verdict = max(
        ((face.size, face, face.verdict) for face in faces if face.verdict is not None),
        key=lambda row: (row[2].code != errors.NotAHumanFace.code, row[0]),
    )
    raise REJECTIONS[verdict.code](verdict.message, size=round(size, 1), yaw=round(nearest.pose.yaw, 1), faces=len(faces))


def chosen(faces: list[Face], which: Literal["all", "largest"] | int, *, alone: bool = False) -> list[Face]:
    """Who of ``faces``, largest first, is to move: all that can, the largest of these, or the N-th of all, counted from 1.

    ``alone``: one at most. Raises as ``require_animatable`` does, and UsageError for a number that no face has.
    """
    animatable = require_animatable(faces)
    if isinstance(which, int):
        if not 1 <= which <= len(faces):
            raise errors.UsageError(f"The photo has no face {which}. It has {len(faces)}; the largest counts as 1.")
        return require_animatable([faces[which - 1]])
    return animatable if which == "all" and not alone else animatable[:1]
