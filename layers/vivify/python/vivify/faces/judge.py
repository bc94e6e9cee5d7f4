"""Is it a face, is it a person's, can it be animated; and if not, what the person who sent the photo can do.

The networks are sure of themselves on dogs and monkeys too, so their scores decide little. What tells a human face is that the
landmarks stay where they are when the square they are read through is moved, turned and scaled: a person's face pins them
down, an animal's does not (``unsteadiness``: measured on the gallery, people facing the camera 0.02-0.05, animals 0.07-0.28).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vivify.faces import mesh
from vivify.faces.geometry import Pyramid, Square
from vivify.faces.pose import head_fit
from vivify.faces.types import Face, Verdict

MIN_FACE = 48.0  # photo pixels, larger side of the landmarks' box
MAX_YAW = 50.0  # degrees as fitted

# (shift right and down in sides, zoom, turn in degrees): how far the square is moved to see whether the landmarks follow it.
PROBES = (
    (0.0, 0.0, 1.0, 0.0),
    (0.0, 0.0, 0.85, -12.0),
    (0.0, 0.0, 0.85, 12.0),
    (0.06, 0.0, 1.18, -12.0),
    (-0.06, 0.0, 1.18, 12.0),
    (0.0, 0.06, 1.0, -20.0),
    (0.0, -0.06, 1.0, 20.0),
)
UNIT_CM = 6.0  # unsteadiness is told in these: about the distance between the eyes


@dataclass(frozen=True)
class Evidence:
    """What the probes of one square found.

    ``unsteadiness``: mean distance of the landmarks from their median over the probes, in eye distances.
    ``weakest``: the lowest presence over the probes. ``detector``: the score of the proposal.
    """

    unsteadiness: float
    weakest: float
    detector: float


def probe(photo: Pyramid, squares: list[Square], scores: list[float]) -> list[Evidence]:
    """Evidence for each settled square; ``scores`` are the proposals' own."""
    if not squares:
        return []
    moved = []
    for s in squares:
        cos, sin = np.cos(np.radians(s.roll)), np.sin(np.radians(s.roll))
        for right, down, zoom, turn in PROBES:
            x = s.x + s.side * (right * cos - down * sin)
            y = s.y + s.side * (right * sin + down * cos)
            moved.append(Square(x, y, s.side * zoom, s.roll + turn))
    reading = mesh.read(photo, moved)
    points = reading.points.reshape(len(squares), len(PROBES), -1, 3)
    presence = reading.presence.reshape(len(squares), len(PROBES))
    evidence = []
    for row, weakest, score in zip(points, presence.min(axis=1), scores, strict=True):
        middle = np.median(row, axis=0)
        unit = UNIT_CM * head_fit(middle).scale
        distance = np.linalg.norm(row[..., :2] - middle[None, :, :2], axis=2).mean() / unit
        evidence.append(Evidence(float(distance), float(weakest), score))
    return evidence


STEADY = 0.060  # unsteadiness of a face that faces the camera
STEADY_TURNED = 0.090  # ... and of one turned to MAX_YAW, whose far half is a guess
STEADY_TINY = 0.120  # ... and of one too small to animate, which only has to be told from nothing
NOTHING = 0.160  # nothing is there at all
HIDDEN = 0.5  # weakest presence below which part of the face is out of sight
SURE = 0.66  # detector's score of a face that is hidden, turned away or tiny: the landmarks cannot vouch for it


def judge(face: Face, evidence: Evidence) -> Face | None:
    """The face with its verdict (None inside: it can be animated), or None where there is no face at all."""
    if evidence.unsteadiness > NOTHING:
        return None
    code = _code(face, evidence)
    if code == "":
        return None
    verdict = None if code is None else Verdict(code, _message(code, face))
    return Face(face.landmarks, face.score, face.pose, verdict)


def _code(face: Face, evidence: Evidence) -> str | None:
    """A verdict's code, None for a face that can be animated, "" for no face."""
    turned = min(1.0, abs(face.pose.yaw) / MAX_YAW)
    limit = STEADY + (STEADY_TURNED - STEADY) * turned**2
    if face.size < MIN_FACE:
        human = evidence.unsteadiness <= STEADY_TINY and evidence.detector >= SURE
        return "face_too_small" if human else ""
    if abs(face.pose.yaw) > MAX_YAW and evidence.detector >= SURE:
        return "profile_view"
    if evidence.unsteadiness <= limit:
        return None
    if evidence.weakest < HIDDEN:
        return "face_obscured" if evidence.detector >= SURE else ""
    return "not_a_human_face"


def _message(code: str, face: Face) -> str:
    size, yaw = round(face.size), round(abs(face.pose.yaw))
    side = "left" if face.pose.yaw > 0 else "right"
    return {
        "face_too_small": (
            f"The face is {size} pixels large; at least {MIN_FACE:.0f} are needed. "
            "Send the photo at its full resolution, or one taken from nearer."
        ),
        "profile_view": (
            f"The head is turned about {yaw} degrees to the {side} of the picture; up to {MAX_YAW:.0f} can be animated. "
            "Choose a photo in which both eyes can be seen."
        ),
        "face_obscured": (
            "Part of the face is hidden or cut off. Choose a photo that shows eyes, nose and mouth."
        ),
        "not_a_human_face": "This does not look like a person's face. Choose a photo, painting or drawing of a person.",
        "too_blurry": "The face is too blurred to find its features. Choose a sharper photo.",
    }[code]
