"""Skin that is pushed together darkens, and nothing else changes."""

from __future__ import annotations

import numpy as np

from vivify.animate.person.folds import Folds, shade
from vivify.faces import mean_face
from vivify.faces.topology import EYES, MESH, triangles


def _face() -> np.ndarray:
    return (mean_face() * 20).astype(np.float32)


def test_a_face_at_rest_has_no_shading() -> None:
    """Without an expression there is nothing to shade, and a gain of one leaves a picture bit for bit."""
    assert Folds(_face()).gains(np.zeros((MESH, 3), np.float32)) is None
    picture = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    assert np.array_equal(shade(picture, np.ones((9, 7, 3), np.float32)), picture)


def test_squeezed_skin_darkens_and_stretched_skin_lightens() -> None:
    """A face squeezed to half its width darkens everywhere, one stretched by a fifth lightens; both within the bounds."""
    face = _face()
    folds = Folds(face)
    for factor, darker in ((0.5, True), (1.2, False)):
        gains = folds.gains(np.asarray(face * [factor - 1, 0, 0], np.float32))
        assert gains is not None
        moved = gains[np.abs(gains - 1) > 1e-6]
        assert len(moved) > 500
        assert (moved < 1).all() if darker else (moved > 1).all()
        assert gains.min() >= 0.8 - 1e-6
        assert gains.max() <= 1.05 + 1e-6


def test_lids_are_never_shaded() -> None:
    """A blink moves lids over the eye: their own triangles keep the photo's brightness."""
    displacement = np.zeros((MESH, 3), np.float32)
    for eye in EYES:
        displacement[list(eye.upper[0]), 1] = 5
    gains = Folds(_face()).gains(displacement)
    assert gains is not None
    lids = np.isin(triangles(), [p for eye in EYES for p in eye.upper[0]]).any(axis=1)
    assert (gains[lids] == 1).all()
