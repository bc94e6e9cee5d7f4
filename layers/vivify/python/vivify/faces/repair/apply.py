"""The way through the room: look for damage and fading, and repair what can be animated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vivify.errors import PhotoDamaged
from vivify.faces.repair.fading import faded, refresh
from vivify.faces.repair.filling import fill, mask_of
from vivify.faces.repair.marks import kinds_of_damage
from vivify.faces.types import Face, Verdict

if TYPE_CHECKING:
    from vivify.photos import Photo

TOO_LITTLE = 0.30  # share of the face under marks beyond which the filling would be the face


@dataclass(frozen=True)
class Repaired:
    """``photo``: the photo itself if nothing was done. ``faces``: as given, but with a verdict where too little is left.

    ``repaired``: which faces' surroundings were changed, one flag a face.
    """

    photo: Photo
    faces: list[Face]
    repaired: list[bool]


def repair(photo: Photo, faces: list[Face]) -> Repaired:
    """The photo with the faces that can be animated repaired, if it is damaged. Never writes to ``photo``."""
    subjects = [i for i, face in enumerate(faces) if face.verdict is None]
    done, checked = [False] * len(faces), list(faces)
    if not subjects:
        return Repaired(photo, checked, done)
    kinds = kinds_of_damage(photo.pixels, [faces[i] for i in subjects])
    tones = faded(photo.pixels)
    if not kinds and tones is None:
        return Repaired(photo, checked, done)
    pixels = photo.pixels.copy()
    if kinds:
        masks = {i: mask_of(photo.pixels, faces[i], faces, kinds) for i in subjects}
        for i, (_, mask, covered) in masks.items():
            done[i] = bool(mask.any())
            if covered > TOO_LITTLE:
                checked[i] = replace(faces[i], verdict=Verdict(PhotoDamaged.code, _message(covered)))
        fill(pixels, [(box, mask) for box, mask, _ in masks.values()], max(faces[i].eye_distance for i in subjects))
    if tones is not None:
        for i in subjects:
            refresh(pixels, faces[i], *tones)
            done[i] = True
    return Repaired(replace(photo, pixels=pixels) if any(done) else photo, checked, done)


def _message(covered: float) -> str:
    return (
        f"Damage covers {100 * covered:.0f}% of the face; too little is left of it. "
        "Have the photo restored first, or choose another one."
    )
