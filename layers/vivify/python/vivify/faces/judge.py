"""Is it a person's face, can it be animated; and if not, what the one who sent the photo can do about it.

The limits were chosen on the gallery and on some twenty animals in seven variations each (mirrored, halved, turned, blurred,
dark, grey), so how well they do there is no proof of how they do elsewhere; none of those animals is seen in three-quarter
view. Measured there (unsteadiness / opinion): most people who face the camera 0.02-0.06 / 1.4 and more; dogs 0.07-0.14 / up
to 2.0; a capuchin monkey, the hardest and close to the limit, 0.048-0.060 / 1.4-2.3; cats, llamas and things above 0.12.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vivify.faces.evidence import Evidence
from vivify.faces.types import Face, Verdict

MIN_FACE = 48.0  # photo pixels, larger side of the landmarks' box
# Degrees as fitted. The network flattens a face that turns away and reads hardly more than 52 even on a near profile; that
# 48 stands for about 60 is judged by eye on five photos, not measured.
MAX_YAW = 48.0
# A blurred face can be animated as long as the landmarks hold still on it: they do up to a blur (sigma) of 2 or 3 % of the
# face's size, on six faces, and drift beyond. The first is set between a portrait too blurred (0.047) and a soft but usable
# one (0.061); below the second, doubt is the blur's fault sooner than the face's: people a little soft have 0.062 to 0.07.
BLURRED, SOFT = 0.054, 0.07

NOTHING = 0.160  # unsteadiness beyond which there is no face at all
SURE = 0.66  # detector's score without which a face that the landmarks cannot vouch for is not spoken of
HIDDEN = 0.35  # weakest presence below which part of the face is out of sight
# Half a face that holds still while the rest drifts is a person's, and something lies over the rest. Of 72 faces with a mask
# drawn over nose and mouth, eyes and brows of 62 drift less than half as much as all of it; of 24 with a band over the eyes,
# lips and chin of 16; of the animals of the gallery that are taken for faces, a monkey and two dogs, no half less than 0.58.
HALF_SEEN = 0.5
TINY_UNSTEADY = 0.120  # for a face too small to animate, which only has to be told from nothing

# How unsteady a person's face may be: LIMIT[0] where the detectors' opinion is OPINION[0] or less, LIMIT[1] where it is
# OPINION[1] or more, which no animal reached; between them in proportion.
OPINION = (2.4, 3.1)
LIMIT = (0.0465, 0.100)
# Among people the next face is a person's too, unless it drifts as dogs' faces do.
AMONG_PEOPLE = 0.063
# The far half of a turned head is a guess, so it drifts: from TURNED[0] to TURNED[1] degrees the limit rises by so much.
TURNED = (20.0, 40.0)
TURNED_LIMIT = 0.042


def judge(face: Face, evidence: Evidence, opinion: Callable[[], float], *, among_people: bool = False) -> Face | None:
    """The face with its verdict (None inside: it can be animated), or None where there is no face at all.

    ``opinion`` is asked only where the evidence leaves a doubt that it can settle. ``among_people``: another face of the
    same photo is a person's beyond doubt.
    """
    if evidence.unsteadiness > NOTHING:
        return None
    code = _code(face, evidence, opinion, among_people)
    if code == "nothing":
        return None
    verdict = None if code is None else Verdict(code, _message(code, face))
    return Face(face.landmarks, face.score, face.pose, verdict)


def allowed_unsteadiness(opinion: float, yaw: float) -> float:
    """The limit for a face of which the detectors think ``opinion``, turned by ``yaw`` degrees."""
    base = np.interp(opinion, OPINION, LIMIT)
    return float(max(base, LIMIT[0] + np.interp(abs(yaw), TURNED, (0.0, TURNED_LIMIT))))


def _steady(face: Face, evidence: Evidence, opinion: Callable[[], float], among_people: bool) -> bool:
    if evidence.unsteadiness <= (AMONG_PEOPLE if among_people else LIMIT[0]):
        return True
    if evidence.unsteadiness > LIMIT[1] or evidence.sharpness < BLURRED:  # detectors are sure of smears too
        return False
    return evidence.unsteadiness <= allowed_unsteadiness(opinion(), face.pose.yaw)


def _code(face: Face, evidence: Evidence, opinion: Callable[[], float], among_people: bool) -> str | None:
    """A verdict's code, None for a face that can be animated, "nothing" for no face."""
    sure = evidence.detector >= SURE
    if face.size < MIN_FACE:
        return "face_too_small" if sure and evidence.unsteadiness <= TINY_UNSTEADY else "nothing"
    if abs(face.pose.yaw) > MAX_YAW and sure:
        return "profile_view"
    if _steady(face, evidence, opinion, among_people):
        return None
    # Landmarks drift on a smear for want of detail, and nothing tells a person from an animal there.
    if evidence.sharpness < SOFT and sure:
        return "too_blurry"
    if evidence.weakest < HIDDEN:
        return "face_obscured" if sure else "nothing"
    return "face_obscured" if evidence.steadier_half < HALF_SEEN * evidence.unsteadiness else "not_a_human_face"


def _message(code: str, face: Face) -> str:
    if code == "face_too_small":
        return (
            f"The face is {face.size:.0f} pixels large; at least {MIN_FACE:.0f} are needed. "
            "Send the photo at its full resolution, or one taken from nearer."
        )
    if code == "profile_view":
        side = "left" if face.pose.yaw > 0 else "right"
        return (
            f"The head is turned to the {side}: {abs(face.pose.yaw):.0f} degrees were measured, "
            f"at most {MAX_YAW:.0f} can be animated. Choose a photo in which both eyes can be seen."
        )
    if code == "face_obscured":
        return "Part of the face is hidden or cut off. Choose a photo that shows the eyes, the nose and the mouth."
    if code == "too_blurry":
        return "The face is too blurred to tell its features. Choose a sharper photo."
    return "This does not look like a person's face. Choose a photo, painting or drawing of a person facing the camera."
