"""Faces that measured motions are fitted to: the mean one with other eyes and lips."""

from __future__ import annotations

import numpy as np

from vivify.arrays import Float
from vivify.faces import Pose, mean_face
from vivify.faces.topology import EYES, LOWER_INNER_LIP, UPPER_INNER_LIP
from vivify.motion import FaceTrack, Limits, Motion, retarget

FRONTAL = Pose(0.0, 0.0, 0.0)


def fitted(motion: Motion, shape: Float, mouth_width: float) -> FaceTrack:
    return retarget(motion, shape, Limits.of(shape, FRONTAL), mouth_width)


def shape_of(openness: float = 1.0, size: float = 1.0, lips: float | None = None) -> Float:
    """The mean face in its head frame, (478, 3), eye distances: lids ``openness`` as far apart, eyes ``size`` as large.

    ``lips``: the gap between the inner lips.
    """
    face = mean_face()
    centres = [face[[eye.outer, eye.inner]].mean(axis=0) for eye in EYES]
    shape = face / np.linalg.norm(centres[0] - centres[1])
    for eye in EYES:
        points = [eye.outer, eye.inner, *(p for row in (*eye.upper, *eye.lower) for p in row)]
        middle = shape[[eye.outer, eye.inner]].mean(axis=0)
        shape[points] = middle + (shape[points] - middle) * size
        upper, lower = shape[list(eye.upper[0])], shape[list(eye.lower[0])]
        apart = (lower - upper) * (1 - openness) / 2
        shape[list(eye.upper[0])], shape[list(eye.lower[0])] = upper + apart, lower - apart
    if lips is not None:
        between = (shape[list(UPPER_INNER_LIP), 1] + shape[list(LOWER_INNER_LIP), 1]) / 2
        shape[list(UPPER_INNER_LIP), 1], shape[list(LOWER_INNER_LIP), 1] = between - lips / 2, between + lips / 2
    irises = [shape[[eye.outer, eye.inner]].mean(axis=0) for eye in EYES for _ in range(5)]
    return np.concatenate([shape, irises]).astype(np.float32)
