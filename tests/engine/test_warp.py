"""Where a turned head's skin is taken from: what its far side hides, and the edges where something goes out of sight."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from tests.drawn import MOUTH_WIDTH, posed
from tests.portrait import portrait, resized
from vivify.animate import Performer
from vivify.animate.sketch import Deformation
from vivify.arrays import Float
from vivify.faces.topology import OVAL

_BAND = 0.12  # eye distances beside the cheeks: ears begin there, or hair


@cache
def _large() -> Performer:
    """The portrait's, so large that the map is four times coarser than the picture."""
    photo, face = resized(*portrait(), 3)
    return Performer(photo.pixels, face)


def _turned(yaw: float) -> Deformation:
    performer = _large()
    return performer.sketches(performer.track(posed((yaw, 0, 0)), MOUTH_WIDTH), [0])[0].deformation


def _beside_cheek(side: float) -> Float:
    """(H, W) in 0..1: the band beside the cheek on the viewer's right (``side`` 1) or left (-1)."""
    head, shape = _large()._head, _large()._pixels.shape[:2]
    face = np.zeros(shape, np.uint8)
    cv2.fillPoly(face, [np.round(_large()._landmarks[list(OVAL), :2]).astype(np.int32)], (1,))
    width = 2 * round(_BAND * head.unit) + 1
    around = cv2.dilate(face, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))) - face
    y, x = np.indices(shape, np.float32)
    u, v = head.upright(x, y)
    return np.asarray(around * (side * u > 0.4) * (np.abs(v) < 0.7), np.float32)


@pytest.mark.parametrize("yaw", [-20.0, 20.0])
def test_a_far_cheek_hides_what_is_behind_it(yaw: float) -> None:
    """Of what lies beside the far cheek a turn of 20 degrees leaves less than 45% in sight; beside the near one, where a
    head shows more of itself, there is more of it than in the photo.
    """
    sources = _turned(yaw).sources()

    def in_sight(band: Float) -> float:
        moved = cv2.remap(band, sources, np.empty(0, np.float32), cv2.INTER_LINEAR)
        return float(moved.sum() / band.sum())

    far = -float(np.sign(yaw))
    assert in_sight(_beside_cheek(far)) < 0.45
    assert 1.2 < in_sight(_beside_cheek(-far)) < 1.8


@pytest.mark.parametrize("yaw", [-20.0, 20.0])
def test_no_edge_of_the_map_is_stepped(yaw: float) -> None:
    """Where a turned nose hides the cheek behind it, the map goes over from one to the other across cells: from one to the
    next by less than a tenth of the eye distance, so that what is enlarged there is no flight of stairs.
    """
    coarse = _turned(yaw).coarse / np.float32(_large()._head.unit)
    assert max(float(np.abs(np.diff(coarse, axis=axis)).max()) for axis in (0, 1)) < 0.1
