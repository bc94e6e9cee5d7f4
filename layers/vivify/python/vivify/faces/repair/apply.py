"""The way through the room: look for damage and fading, and repair what can be animated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vivify.arrays import Pixels
from vivify.errors import PhotoDamaged
from vivify.faces.repair.fading import faded, refresh
from vivify.faces.repair.filling import Box, fill, mask_of
from vivify.faces.repair.marks import kinds_of_damage
from vivify.faces.types import Face, Verdict

if TYPE_CHECKING:
    from vivify.photos import Photo

TOO_LITTLE = 0.30  # share of the face under marks beyond which the filling would be the face


@dataclass(frozen=True)
class Repaired:
    """``photo``: the photo itself if nothing was done. ``repaired``: whose surroundings were changed, one flag a face."""

    photo: Photo
    repaired: list[bool]


def assess(photo: Photo, faces: list[Face]) -> list[Face]:
    """The faces, those with a verdict ``photo_damaged`` that could be animated if more were left of them."""
    judged = list(faces)
    for i, (_, _, covered) in _marked(photo, faces).items():
        if covered > TOO_LITTLE:
            judged[i] = replace(faces[i], verdict=Verdict(PhotoDamaged.code, _message(covered)))
    return judged


def repair(photo: Photo, faces: list[Face]) -> Repaired:
    """The photo with the faces that can be animated repaired, if it is damaged. Never writes to ``photo``."""
    done = [False] * len(faces)
    subjects = _subjects(faces)
    masks = _marked(photo, faces)
    tones = faded(photo.pixels) if subjects else None
    if not masks and tones is None:
        return Repaired(photo, done)
    pixels = photo.pixels.copy()
    if masks:
        for i, (_, mask, _) in masks.items():
            done[i] = bool(mask.any())
        fill(pixels, [(box, mask) for box, mask, _ in masks.values()], max(faces[i].eye_span for i in subjects))
    if tones is not None:
        for i in subjects:
            refresh(pixels, faces[i], *tones)
            done[i] = True
    return Repaired(replace(photo, pixels=pixels) if any(done) else photo, done)


def _subjects(faces: list[Face]) -> list[int]:
    return [i for i, face in enumerate(faces) if face.verdict is None]


def _marked(photo: Photo, faces: list[Face]) -> dict[int, tuple[Box, Pixels, float]]:
    """What ``mask_of`` says of each face that can be animated, by its number; nothing of a photo that is not damaged."""
    subjects = _subjects(faces)
    kinds = kinds_of_damage(photo.pixels, [faces[i] for i in subjects]) if subjects else []
    return {i: mask_of(photo.pixels, faces[i], faces, kinds) for i in subjects} if kinds else {}


def _message(covered: float) -> str:
    return (
        f"Damage covers {100 * covered:.0f}% of the face; too little is left of it. "
        "Have the photo restored first, or choose another one."
    )
