"""The judge's rules, on made-up evidence: each verdict, its sentence, and the face that is chosen to be told of."""

from __future__ import annotations

import numpy as np
import pytest

from vivify import errors
from vivify.faces import Face, Pose, Verdict, require_animatable
from vivify.faces.evidence import Evidence
from vivify.faces.judge import allowed_unsteadiness, judge


def face(size: float = 200.0, yaw: float = 0.0, code: str | None = None) -> Face:
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[0, :2] = size
    return Face(landmarks, 1.0, Pose(yaw, 0.0, 0.0), None if code is None else Verdict(code, f"message of {code}"))


def evidence(
    unsteadiness: float = 0.03,
    weakest: float = 1.0,
    detector: float = 0.95,
    sharpness: float = 0.15,
    steadier_half: float | None = None,
) -> Evidence:
    half = unsteadiness if steadier_half is None else steadier_half
    return Evidence(unsteadiness, half, weakest, detector, sharpness)


def code(subject: Face, proof: Evidence, opinion: float = 4.0, among_people: bool = False) -> str | None:
    judged = judge(subject, proof, lambda: opinion, among_people=among_people)
    if judged is None:
        return "nothing"
    return None if judged.verdict is None else judged.verdict.code


def test_a_good_face_has_no_verdict() -> None:
    """A steady, sharp, large face that faces the camera can be animated."""
    assert code(face(), evidence()) is None


def test_a_steady_face_asks_no_second_opinion() -> None:
    """The detectors are asked again only where the landmarks leave a doubt."""

    def ask() -> float:
        raise AssertionError("asked without need")

    judged = judge(face(), evidence(0.03), ask)
    assert judged is not None
    assert judged.verdict is None


def test_small_face_says_the_sizes() -> None:
    """A face of 30 pixels is told its size and the size needed."""
    judged = judge(face(size=30.0), evidence(), lambda: 4.0)
    assert judged is not None
    assert judged.verdict is not None
    assert judged.verdict.code == "face_too_small"
    assert "30" in judged.verdict.message
    assert "48" in judged.verdict.message


def test_profile_says_the_yaw() -> None:
    """A head turned beyond the limit is told the angle and the side."""
    judged = judge(face(yaw=-52.0), evidence(), lambda: 4.0)
    assert judged is not None
    assert judged.verdict is not None
    assert judged.verdict.code == "profile_view"
    assert "52" in judged.verdict.message
    assert "right" in judged.verdict.message


@pytest.mark.parametrize(
    ("proof", "opinion", "expected"),
    [
        (evidence(0.20), 5.0, "nothing"),
        (evidence(0.08), 2.0, "not_a_human_face"),
        (evidence(0.08), 4.0, None),
        (evidence(0.08, weakest=0.1), 2.0, "face_obscured"),
        (evidence(0.08, weakest=0.1, detector=0.55), 2.0, "nothing"),
        (evidence(0.08, steadier_half=0.039), 2.0, "face_obscured"),
        (evidence(0.08, steadier_half=0.041), 2.0, "not_a_human_face"),
        (evidence(0.08, steadier_half=0.03), 4.0, None),
        (evidence(sharpness=0.04), 4.0, None),
        (evidence(0.05, sharpness=0.04), 4.0, "too_blurry"),
        (evidence(0.05, sharpness=0.06), 4.0, None),
        (evidence(0.05, sharpness=0.06), 2.0, "too_blurry"),
        (evidence(0.05, sharpness=0.08), 2.0, "not_a_human_face"),
    ],
)
def test_rules(proof: Evidence, opinion: float, expected: str | None) -> None:
    """Unsteadiness, of all and of the steadier half, opinion, the weakest look and sharpness decide as the limits say."""
    assert code(face(), proof, opinion) == expected


def test_company_settles_a_doubt_but_not_a_dog() -> None:
    """Among people a slightly unsteady face is a person's; one as unsteady as a dog's is not."""
    assert code(face(), evidence(0.055), opinion=1.5) == "not_a_human_face"
    assert code(face(), evidence(0.055), opinion=1.5, among_people=True) is None
    assert code(face(), evidence(0.073), opinion=1.5, among_people=True) == "not_a_human_face"
    assert code(face(), evidence(0.055, steadier_half=0.02), opinion=1.5) == "face_obscured"
    assert code(face(), evidence(0.055, steadier_half=0.02), opinion=1.5, among_people=True) is None


def test_turned_heads_and_sure_detectors_are_given_room() -> None:
    """The limit never falls as the detectors grow surer or the head turns further."""
    by_opinion = [allowed_unsteadiness(o, 0.0) for o in np.linspace(0, 6, 20)]
    by_yaw = [allowed_unsteadiness(1.0, y) for y in np.linspace(0, 48, 20)]
    assert by_opinion == sorted(by_opinion)
    assert by_yaw == sorted(by_yaw)
    assert by_opinion[0] < by_opinion[-1]
    assert by_yaw[0] < by_yaw[-1]


@pytest.mark.parametrize(
    ("proof", "says"),
    [
        (evidence(0.08), "does not look like a person's face"),
        (evidence(0.08, weakest=0.1), "hidden or cut off"),
        (evidence(0.08, sharpness=0.04), "too blurred"),
    ],
)
def test_every_verdict_says_what_to_do(proof: Evidence, says: str) -> None:
    """Its sentence names the very fault, and the photo to choose instead."""
    judged = judge(face(), proof, lambda: 2.0)
    assert judged is not None
    assert judged.verdict is not None
    assert says in judged.verdict.message
    assert "Choose a" in judged.verdict.message


def test_require_animatable_returns_the_good_ones() -> None:
    """One good face is enough; the rejected ones are left out, the order stays."""
    good = [face(200), face(100)]
    assert require_animatable([good[0], face(150, code="profile_view"), good[1]]) == good


def test_require_animatable_tells_of_the_largest_person() -> None:
    """The error is that of the largest person's face, even beside a larger animal."""
    with pytest.raises(errors.FaceTooSmall) as caught:
        require_animatable(
            [face(300, code="not_a_human_face"), face(40, code="face_too_small"), face(20, code="face_too_small")]
        )
    assert caught.value.details["size"] == 40


@pytest.mark.parametrize(
    "kind",
    [errors.FaceTooSmall, errors.ProfileView, errors.FaceObscured, errors.NotAHumanFace, errors.TooBlurry],
)
def test_each_code_raises_its_error(kind: type[errors.FaceRejected]) -> None:
    """Each verdict's code raises the error of that code, with the verdict's sentence."""
    with pytest.raises(kind) as caught:
        require_animatable([face(code=kind.code)])
    assert caught.value.message == f"message of {kind.code}"


def test_no_faces_at_all() -> None:
    """An empty list raises NoFaceFound, with a sentence that says what to send."""
    with pytest.raises(errors.NoFaceFound, match="Choose a photo"):
        require_animatable([])
