"""The way through the room: propose, settle, probe, look, judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vivify import errors
from vivify.faces import mesh
from vivify.faces.detect import propose, to_square
from vivify.faces.geometry import Pyramid, Square
from vivify.faces.judge import Evidence, judge, probe
from vivify.faces.pose import head_pose
from vivify.faces.types import Face

if TYPE_CHECKING:
    from vivify.photos import Photo

PRESENT = 0.5  # MediaPipe's own limit for "there is a face here"
MOST = 40  # proposals looked at closely, strongest first: bounds the time a photo can take
# Two settled squares are one face when their centres are nearer than this part of the smaller one's side.
NEAR = 0.3

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

    At any roll, from faces that fill the photo down to about 20 pixels. The same photo gives the same faces.
    """
    return find_in(photo.pixels)


def find_in(pixels: NDArray[np.uint8]) -> list[Face]:
    """``find_faces`` on bare (H, W, 3) uint8 RGB pixels."""
    pyramid = Pyramid(pixels)
    squares, evidence = _candidates(pyramid)
    reading = mesh.look(pyramid, squares)
    faces = []
    for points, presence, proof in zip(reading.points, reading.presence, evidence, strict=True):
        landmarks = points.astype(np.float32)
        face = judge(Face(landmarks, float(presence), head_pose(landmarks)), proof)
        if face is not None:
            faces.append(face)
    return sorted(faces, key=lambda face: -face.size)


def _candidates(pyramid: Pyramid) -> tuple[list[Square], list[Evidence]]:
    """Settled squares that may hold a face, one for a face, and what the probes found in each."""
    found = propose(pyramid)
    found = found.take(np.arange(min(MOST, len(found))))
    squares = [to_square(box, keypoints) for box, keypoints in zip(found.boxes, found.keypoints, strict=True)]
    squares, presence = mesh.settle(pyramid, squares)
    here = [i for i in range(len(squares)) if presence[i] >= PRESENT]
    evidence = probe(pyramid, [squares[i] for i in here], [float(found.scores[i]) for i in here])
    # The steadiest reading of a place wins: of an upright and an upside-down one, the upright.
    kept: list[tuple[Square, Evidence]] = []
    for _, square, proof in sorted(
        ((proof.unsteadiness, squares[i], proof) for i, proof in zip(here, evidence, strict=True)), key=lambda t: t[0]
    ):
        if not any(_same(square, other) for other, _ in kept):
            kept.append((square, proof))
    return [square for square, _ in kept], [proof for _, proof in kept]


def _same(one: Square, other: Square) -> bool:
    return bool(np.hypot(one.x - other.x, one.y - other.y) < NEAR * max(one.side, other.side) / mesh.ROOM)


def require_animatable(faces: list[Face]) -> list[Face]:
    """The faces that can be animated, in their order.

    Raises the error of the face that came nearest (the largest that is a person's), or NoFaceFound.
    """
    good = [face for face in faces if face.verdict is None]
    if good:
        return good
    if not faces:
        raise errors.NoFaceFound("No face was found. Choose a photo in which a person's face can be seen clearly.")
    people = [face for face in faces if face.verdict and face.verdict.code != "not_a_human_face"]
    nearest = max(people or faces, key=lambda face: face.size)
    assert nearest.verdict is not None
    raise REJECTIONS[nearest.verdict.code](
        nearest.verdict.message,
        size=round(nearest.size, 1),
        yaw=round(nearest.pose.yaw, 1),
        faces=len(faces),
    )
