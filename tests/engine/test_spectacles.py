"""Spectacles: told by their bridge, and not bent by the brows above them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.portrait import whole
from vivify.animate.eyes.spectacles import frame_across, worn
from vivify.depth.head import HeadFrame
from vivify.faces.topology import EYES
from vivify.motion import Limits, Motion, retarget
from vivify.motion.limits import SPECTACLES


@pytest.mark.parametrize(("tone", "thick"), [(40, 0.03), (250, 0.03), (20, 0.2)], ids=["dark", "bright", "thick"])
def test_a_bridge_across_the_nose_is_found(tone: int, thick: float) -> None:
    """A bare nose has none; a thin line across it, dark or bright, is one, and so is a thick black bar; one beside the nose
    is not.
    """
    photo, face = whole()
    head, points = HeadFrame.of(face), face.landmarks
    assert worn(photo.pixels, points, head) == 0
    inner = [points[eye.inner, :2].astype(int) for eye in EYES]
    glasses, aside = photo.pixels.copy(), photo.pixels.copy()
    for picture, down in ((glasses, 0), (aside, round(0.6 * head.unit))):
        ends = ((int(x), int(y) + down) for x, y in inner)
        cv2.line(picture, *ends, (tone, tone, tone), max(1, round(thick * head.unit)))
    assert worn(glasses, points, head) == 1
    assert worn(aside, points, head) == 0


@pytest.mark.parametrize(("arch", "found"), [(0, True), (6, True), (14, False), (22, False)])
def test_a_crease_is_no_frame(arch: int, found: bool) -> None:
    """A thin dark line above an eye that runs straight, or nearly, is a frame; one that goes around the eye is a crease."""
    opening, skin = np.zeros((64, 96), np.uint8), np.full((64, 96, 3), 190, np.uint8)
    cv2.ellipse(opening, (48, 40), (26, 8), 0, 0, 360, (255,), -1)
    x = np.arange(96)
    line = np.stack([x, np.round(16 + arch * ((x - 48) / 48) ** 2)], axis=1).astype(np.int32)
    cv2.polylines(skin, [line], False, (30, 30, 30), 2)
    assert frame_across(skin, opening).any() == found


def test_brows_hardly_move_behind_spectacles() -> None:
    """They go a quarter of their way, which would bend the frame; the mouth goes all of it. The report tells why."""
    _, face = whole()
    shape = HeadFrame.of(face).local(face.landmarks)
    motion = Motion.still(1)
    motion.displacement[:, :, 1] = -0.05
    limits = Limits.of(shape, face.pose)
    free, held = (retarget(motion, shape, each, 0.8).displacement[0, :, 1] for each in (limits, limits.behind_spectacles(1)))
    np.testing.assert_allclose(held[[105, 334]], free[[105, 334]] / 4, atol=1e-4)
    np.testing.assert_allclose(held[[61, 152]], free[[61, 152]], atol=1e-4)
    assert (limits.reasons, limits.behind_spectacles(0).reasons) == ((), ())
    assert limits.behind_spectacles(1).reasons == (SPECTACLES,)


def test_shutting_lids_do_not_bend_spectacles() -> None:
    """Behind them lids shut as far; the skin above goes a quarter as far along."""
    _, face = whole()
    shape = HeadFrame.of(face).local(face.landmarks)
    motion = Motion.still(1)
    motion.lids[:] = 1
    limits = Limits.of(shape, face.pose)
    free, held = (retarget(motion, shape, each, 0.8).displacement[0, :, 1] for each in (limits, limits.behind_spectacles(1)))
    for eye in EYES:
        np.testing.assert_array_equal(held[list(eye.upper[0])], free[list(eye.upper[0])])
        above = [*eye.upper[1], *eye.upper[2]]
        np.testing.assert_allclose(held[above], free[above] / 4, atol=1e-5)
