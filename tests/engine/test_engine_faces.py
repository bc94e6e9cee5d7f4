"""Of several faces those move that were asked for and can be, and every other one stays as it is."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.drawn import SHORT, animated
from tests.portrait import ASTRONAUT, portrait, resized
from vivify import engine
from vivify.errors import FaceRejected, NoFaceFound, UsageError
from vivify.faces import Face, Verdict
from vivify.photos import Photo, decode


@cache
def _pair() -> tuple[Photo, list[Face]]:
    """Two of her side by side, the second a little smaller, in 480 x 256 pixels."""
    photo, face = portrait()
    small, other = resized(photo, face, 224 / 256)
    beside = np.zeros((256, 224, 3), np.uint8) + photo.pixels[:1, :1]
    beside[:224] = small.pixels
    points = other.landmarks + np.array([256, 0, 0], np.float32)
    return Photo(np.hstack([photo.pixels, beside]), "png"), [face, replace(face, landmarks=points)]


def test_who_counts_as_a_neighbour() -> None:
    """Whoever is a person, refused or not, but no animal and no thing, and not the same face found a second time."""
    _, (face, other) = _pair()

    def refused(code: str) -> Face:
        return replace(other, verdict=Verdict(code, "No."))

    again = replace(face, landmarks=face.landmarks + np.array([0.5 * face.eye_span, 0, 0], np.float32))
    people = [other, refused("profile_view"), refused("face_obscured")]
    assert engine._neighbours(face, [refused("not_a_human_face"), face, again, *people]) == people


def test_whom_to_animate() -> None:
    """All, the largest, or the N-th face: those move, and the others' faces stay bit-identical."""
    photo, faces = _pair()
    boxes = [tuple(round(v) for v in face.box) for face in faces]
    for who, moving in (("all", [True, True]), ("largest", [True, False]), (1, [True, False]), (2, [False, True])):
        frames = animated(photo, faces, replace(SHORT, seconds=1.0, faces=who))  # type: ignore[arg-type]
        changed = (frames[6] != photo.pixels).any(axis=2)
        found = [bool(changed[y0:y1, x0:x1].any()) for x0, y0, x1, y1 in boxes]
        assert found == moving, who


@pytest.mark.parametrize("who", [1, 2])
def test_a_neighbour_who_was_not_chosen_is_not_dragged(who: int) -> None:
    """Two heads close together, one of them animated: the other's face stays bit-identical in every frame."""
    photo, face = portrait()
    pixels = np.ascontiguousarray(np.hstack([photo.pixels[:, 50:220]] * 2))
    faces = [replace(face, landmarks=face.landmarks + np.array([x, 0, 0], np.float32)) for x in (-50, 120)]
    frames = animated(Photo(pixels, "png"), faces, replace(SHORT, seconds=1.4, strength=2.0, faces=who))
    x0, y0, x1, y1 = (round(v) for v in faces[2 - who].box)
    assert any((frame != pixels).any() for frame in frames)
    assert not any((frame != pixels)[y0:y1, x0:x1].any() for frame in frames)


def test_the_report_names_who_moved(tmp_path: Path) -> None:
    """Of two faces the report lists both, and which of them was animated."""
    photo, faces = _pair()
    report = engine.animate(photo, faces, tmp_path / "clip.mp4", replace(SHORT, faces=2))
    assert [face["animated"] for face in report.faces] == [False, True]


@pytest.mark.parametrize("number", [3, 0, -1])
def test_a_face_that_is_not_there_is_wrong_usage(number: int, tmp_path: Path) -> None:
    """Faces count from 1 to as many as the photo has; another number is the caller's mistake, and nothing is written."""
    photo, faces = _pair()
    with pytest.raises(UsageError):
        engine.animate(photo, faces, tmp_path / "clip.mp4", replace(SHORT, faces=number))
    assert not list(tmp_path.iterdir())


def test_a_rejected_face_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    """No face, a rejected face, and a rejected face asked for by its number each raise their own error; no file appears."""
    photo, face = portrait()
    aside = replace(face, verdict=Verdict("profile_view", "The head is turned away."))
    out, options = tmp_path / "clip.mp4", replace(SHORT, depth=tmp_path / "depth.png")
    with pytest.raises(NoFaceFound):
        engine.animate(photo, [], out, options)
    with pytest.raises(FaceRejected) as caught:
        engine.animate(photo, [aside], out, options)
    assert caught.value.code == "profile_view"
    with pytest.raises(FaceRejected):
        engine.animate(photo, [face, aside], out, replace(options, faces=2))
    assert not list(tmp_path.iterdir())


def test_a_good_face_is_animated_beside_a_rejected_one(tmp_path: Path) -> None:
    """One face that cannot be animated does not keep the other still."""
    photo, (first, second) = _pair()
    aside = replace(first, verdict=Verdict("profile_view", "The head is turned away."))
    report = engine.animate(photo, [aside, second], tmp_path / "clip.mp4", SHORT)
    assert [face["animated"] for face in report.faces] == [False, True]
    assert report.faces[0]["verdict"]["code"] == "profile_view"


def test_a_cup_of_coffee_is_rejected(tmp_path: Path) -> None:
    """A photo without a face raises NoFaceFound from the engine itself, and no file appears."""
    photo = decode(ASTRONAUT.with_name("coffee.png").read_bytes())
    with pytest.raises(FaceRejected):
        engine.animate(photo, None, tmp_path / "clip.mp4", SHORT)
    assert not list(tmp_path.iterdir())
