"""The verdict on every photo of the gallery, against its manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gallery import faces_in, rows
from vivify.errors import FaceRejected, PhotoUnreadable
from vivify.faces import require_animatable

# Where we answer otherwise than the manifest, and why. Anything else that differs fails the test.
EXCEPTIONS = {
    "photos/tiny/cognitive-services-sample-data-files__Images_objects.jpg": (
        "no_face_found",
        "a skateboarder's face of 40 pixels, bent down into its own shadow: the landmarks do not hold",
    ),
    "photos/occluded/hallo3__images_0018.jpg": (
        "profile_view",
        "the head is in near profile, only one eye is seen: the manifest's row is wrong",
    ),
}


def verdict(path: Path) -> str:
    """The code that ``vivify inspect`` would give: "animate" or an error's."""
    try:
        require_animatable(list(faces_in(path)))
    except (FaceRejected, PhotoUnreadable) as error:
        return error.code
    return "animate"


@pytest.fixture(scope="module")
def verdicts(gallery: Path) -> dict[str, str]:
    return {row["file"]: verdict(gallery / row["file"]) for row in rows(gallery)}


def test_every_verdict(gallery: Path, verdicts: dict[str, str]) -> None:
    """Each file gets a verdict that its manifest row allows; the exceptions named above get exactly theirs."""
    wrong = {}
    for row in rows(gallery):
        file, found = row["file"], verdicts[row["file"]]
        if file in EXCEPTIONS:
            if found != EXCEPTIONS[file][0]:
                wrong[file] = f"{found}, not the exception {EXCEPTIONS[file][0]}"
        elif not row["expect"].startswith("any") and found not in row["expect"].split("|"):
            wrong[file] = f"{found}, not {row['expect']}"
    assert wrong == {}


def test_no_animal_or_thing_is_accepted(gallery: Path, verdicts: dict[str, str]) -> None:
    """Not one photo without a person is animated."""
    accepted = [row["file"] for row in rows(gallery) if row["kind"] == "nonface" and verdicts[row["file"]] == "animate"]
    assert accepted == []


def test_lying_photos_are_animated(gallery: Path) -> None:
    """Photos turned in their pixels, which no EXIF tag sets right, are animated as they lie."""
    turned = sorted(gallery.glob("photos/*/insightface__rotate*"))
    assert turned
    assert {verdict(path) for path in turned} == {"animate"}
