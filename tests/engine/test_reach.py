"""What goes along with a head: what went along in videos (infra/decisions/0020)."""

from __future__ import annotations

import numpy as np
import pytest

from vivify.animate.person.reach import Reach

CHIN = 1.35  # eye distances below the middle of the face
ACROSS = np.array([0.2, 0.6, 1.0, 1.4, 1.8, 2.2], np.float32)
# The share in which places so far below the chin turned with their heads: medians over 72 people, where there were any.
SEEN = {
    -1.20: (np.nan, np.nan, 0.89, 0.85, 0.90, np.nan),
    -0.60: (np.nan, np.nan, 0.56, 0.65, 0.64, np.nan),
    -0.28: (np.nan, 0.51, 0.38, 0.19, 0.28, 0.10),
    0.00: (1.00, 0.49, 0.21, 0.19, 0.19, 0.22),
    0.22: (0.61, 0.21, 0.24, 0.16, 0.13, 0.05),
    0.47: (0.26, 0.20, 0.18, 0.11, 0.10, 0.01),
    0.75: (0.12, 0.03, 0.08, 0.05, 0.02, 0.04),
    1.05: (0.12, 0.04, 0.03, 0.00, 0.00, 0.00),
}


def test_places_turn_with_a_head_as_filmed_ones_did() -> None:
    """On average nearer than 0.07 to the measured shares, and nowhere below the jaw farther than 0.2."""
    below = np.array(list(SEEN), np.float32)
    seen = np.array(list(SEEN.values()))
    off = np.abs(Reach.of(1.0).turning(*np.meshgrid(ACROSS, CHIN + below), CHIN) - seen)
    assert np.nanmean(off) < 0.07
    assert np.nanmax(off[below >= 0]) < 0.2


def test_what_is_far_beside_a_face_is_not_of_its_head() -> None:
    """All turns for two eye distances, half at 2.55, and nothing any more from 3.1 on."""
    away = np.array([2.0, 2.55, 3.1], np.float32)
    for sign in (-1, 1):
        assert Reach.of(1.0).turning(sign * away, 0 * away, CHIN) == pytest.approx([1, 0.5, 0], abs=1e-3)


@pytest.mark.parametrize("lean", [0.2, 1.0, 2.6])
def test_hair_that_stands_up_goes_as_its_head_does(lean: float) -> None:
    """Up to 3.1 eye distances above the middle of the face, where nine of ten heads of hair have ended, all turns and goes
    along; hair that lagged behind a head that tilts stood as a horn.
    """
    above = np.linspace(-3.1, 0, 20, dtype=np.float32)
    reach = Reach.of(lean)
    assert reach.turning(0 * above, above, CHIN).min() == pytest.approx(1)
    assert reach.share(0 * above, above, CHIN).min() == pytest.approx(1)
    assert reach.share(*np.array([[0], [-reach.up]], np.float32), CHIN) == pytest.approx([0])


@pytest.mark.parametrize("lean", [0.2, 1.0, 1.3, 2.6])
def test_nothing_is_bent_sharply(lean: float) -> None:
    """From place to place no share changes faster than by 1.7 over an eye distance, however far the motion goes."""
    step = 0.02
    u, v = np.meshgrid(np.arange(-6, 6, step, dtype=np.float32), np.arange(-6, 12, step, dtype=np.float32))
    reach = Reach.of(lean)
    for share in (reach.turning(u, v, CHIN), reach.share(u, v, CHIN), reach.chest(u, v, CHIN)):
        assert max(np.abs(np.diff(share, axis=axis)).max() for axis in (0, 1)) < 1.7 * step


def test_with_a_breath_shoulders_go_and_faces_stay() -> None:
    """Down to the chin nothing, an eye distance below it nearly all; of a body that goes on beyond the picture down to
    its border, else fading out.
    """
    v = CHIN + np.array([0.0, 1.0, 2.0], np.float32)
    fading, cut = (Reach.of(0.2, cut=cut).chest(ACROSS[:1], v, CHIN) for cut in (False, True))
    assert cut == pytest.approx([0, 0.9, 1], abs=0.01)
    assert fading[2] < 0.3


@pytest.mark.parametrize("lean", [0.2, 1.0, 1.7, 2.6])
def test_a_head_goes_all_the_way(lean: float) -> None:
    """However far it leans or walks, nothing of face and hair above the mouth stays behind."""
    u, v = np.meshgrid(np.linspace(-1.4, 1.4, 15, dtype=np.float32), np.linspace(-1.6, 0.2, 10, dtype=np.float32))
    assert Reach.of(lean).share(u, v, CHIN).min() > 0.99


def test_a_body_goes_along_with_whom_it_carries() -> None:
    """Half an eye distance below the chin: two fifths of the way of who hardly sways, all of it of who walks."""
    below = np.array([CHIN + 0.5], np.float32)
    swaying, walking = (Reach.of(lean).share(ACROSS[1:2], below, CHIN)[0] for lean in (0.15, 2.0))
    assert swaying == pytest.approx(0.4, abs=0.03)
    assert walking == pytest.approx(1.0, abs=0.02)
