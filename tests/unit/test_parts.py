"""Parts of a face: what is kept moves as it did, what is not rests, and between brows and mouth nothing tears."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from vivify.errors import MotionInvalid
from vivify.faces.topology import MESH
from vivify.motion import PARTS, Motion, only, strengthen
from vivify.motion.parts import parts_called

BROW, CHIN = 105, 152


def _motion() -> Motion:
    curves = {"rotation": (4, 3), "translation": (4, 3), "lids": (4, 2), "gaze": (4, 2), "chest": (4, 2)}
    return Motion(**{name: np.ones(shape, np.float32) for name, shape in (curves | {"displacement": (4, MESH, 3)}).items()})


def test_every_part_kept_is_the_whole_motion() -> None:
    """Nothing of a motion belongs to no part."""
    kept = only(_motion(), PARTS)
    for field in fields(Motion):
        assert np.allclose(getattr(kept, field.name), 1)


@pytest.mark.parametrize(
    ("part", "moves"),
    [("head", {"rotation", "translation", "chest"}), ("lids", {"lids"}), ("gaze", {"gaze"}), ("brows", {"displacement"})],
)
def test_only_what_is_kept_moves(part: str, moves: set[str]) -> None:
    """One part kept leaves its own curves and no others."""
    kept = only(_motion(), [part])
    assert {field.name for field in fields(Motion) if getattr(kept, field.name).any()} == moves


def test_brows_and_mouth_share_the_face() -> None:
    """Brows twice as far leave the chin as it was, the mouth twice as far the brows; neighbours in between differ little."""
    brows = strengthen(_motion(), {"brows": 2.0}).displacement[0, :, 0]
    mouth = strengthen(_motion(), {"mouth": 2.0}).displacement[0, :, 0]
    assert (brows[BROW], brows[CHIN], mouth[BROW], mouth[CHIN]) == (2, 1, 1, 2)
    assert np.allclose(brows + mouth, 3)
    assert ((brows > 1.05) & (brows < 1.95)).sum() > 20


def test_names_of_parts() -> None:
    """The face is brows and mouth; a part nobody has is refused with the names of those there are."""
    assert parts_called(["face", "head"]) == {"brows", "mouth", "head"}
    with pytest.raises(MotionInvalid, match="head, lids, gaze, brows, mouth, face"):
        parts_called(["tail"])
