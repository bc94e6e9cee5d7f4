"""Where the head points: the rigid fit of the mean human face to the landmarks.

Camera frame: x right, y down, z away from the camera. A rotation R takes the upright frontal head to the seen one;
R = Rz(roll) @ Ry(yaw) @ Rx(-pitch), each right-handed (pitch is counted upwards, so its sign is turned).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vivify import models
from vivify.faces.topology import RIGID
from vivify.faces.types import Pose

Array = NDArray[np.float64]

# The iris points of one eye and their mirror images in the other; the mesh's own come from the model's symmetry.
_IRIS_MIRROR = (473, 476, 475, 474, 477, 468, 471, 470, 469, 472)


@cache
def mean_face() -> Array:
    """(468, 3) float64: the mean human face upright and frontal, in centimetres, in the camera's axes."""
    vertices = np.asarray(models.face_model().vertices, dtype=np.float64)
    return vertices * [1.0, -1.0, -1.0]


@cache
def mirror_index() -> NDArray[np.intp]:
    """(478,): the landmark on the other side of the face, for each landmark. Its own inverse."""
    face = mean_face()
    other = face * [-1.0, 1.0, 1.0]
    nearest = np.array([int(np.argmin(((face - point) ** 2).sum(axis=1))) for point in other])
    return np.concatenate([nearest, _IRIS_MIRROR]).astype(np.intp)


@dataclass(frozen=True)
class RigidFit:
    """``target`` ~ scale * rotation @ source + shift. ``scale``: target units for one of the source's."""

    scale: float
    rotation: Array  # (3, 3)
    shift: Array  # (3,)

    def apply(self, points: Array) -> Array:
        return self.scale * points @ self.rotation.T + self.shift

    def inverse(self) -> RigidFit:
        return RigidFit(1 / self.scale, self.rotation.T, -self.shift @ self.rotation / self.scale)

    def after(self, other: RigidFit) -> RigidFit:
        """``other`` first, then this."""
        return RigidFit(self.scale * other.scale, self.rotation @ other.rotation, self.apply(other.shift))


def rigid_fit(source: Array, target: Array) -> RigidFit:
    """Least-squares similarity (Umeyama) from (N, 3) ``source`` to (N, 3) ``target``; never a reflection."""
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    centred, wanted = source - source_mean, target - target_mean
    u, singular, vt = np.linalg.svd(wanted.T @ centred)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    turn = u @ np.diag(signs) @ vt
    scale = float((singular * signs).sum() / (centred**2).sum())
    return RigidFit(scale, turn, target_mean - scale * turn @ source_mean)


def head_fit(landmarks: NDArray[np.floating]) -> RigidFit:
    """Mean face to (478, 3) landmarks in photo pixels, on points that move with the skull.

    The scale is pixels per centimetre.
    """
    stable = list(RIGID)
    return rigid_fit(mean_face()[stable], landmarks[stable].astype(np.float64))


def angles(turn: Array) -> Pose:
    """Pose of a (3, 3) rotation."""
    yaw = np.arcsin(np.clip(-turn[2, 0], -1.0, 1.0))
    pitch = -np.arctan2(turn[2, 1], turn[2, 2])
    roll = np.arctan2(turn[1, 0], turn[0, 0])
    return Pose(*(float(np.degrees(v)) for v in (yaw, pitch, roll)))


def rotation(pose: Pose) -> Array:
    """The (3, 3) rotation of a pose: the inverse of ``angles``."""
    yaw, pitch, roll = np.radians([pose.yaw, -pose.pitch, pose.roll])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def head_pose(landmarks: NDArray[np.floating]) -> Pose:
    """Pose of (478, 3) landmarks."""
    return angles(head_fit(landmarks).rotation)
