"""Where rows of teeth stand behind lips that move: shown as far as filmed ones are, shut behind lips that stay together."""

from __future__ import annotations

import numpy as np
import pytest

from vivify.faces.topology import INNER_LIPS, LOWER_INNER_LIP, MESH, MOUTH_CORNERS, UPPER_INNER_LIP
from vivify.motion import bite


def test_teeth_move_less_than_the_lips_that_uncover_them() -> None:
    """A lip that rises 12 mm in a smile shows a crown, no more: the row is held within 10.5 mm of it."""
    shape = np.zeros((MESH, 3), np.float32)
    displacement = np.zeros((9, MESH, 3), np.float32)
    displacement[:, list(UPPER_INNER_LIP), 1] = -12 / 63
    displacement[:, INNER_LIPS[10], 0], displacement[:, INNER_LIPS[0], 0] = 5 / 63, -5 / 63
    shown = (bite(shape, displacement)[4, 0] + 12 / 63) * 63
    assert 5 < shown < 10.5


def test_wide_lips_shown_apart_uncover_the_teeth_of_a_smile() -> None:
    """An upper lip that rises 6 mm uncovers 5 mm of teeth where the photo shows lips together, twice as much where it shows
    them 9 mm apart and 68 wide: behind such a mouth there is a smile's row.
    """
    shown = []
    for rest in (0, 9):
        shape, displacement = np.zeros((MESH, 3), np.float32), np.zeros((9, MESH, 3), np.float32)
        shape[list(LOWER_INNER_LIP), 1], displacement[:, list(UPPER_INNER_LIP), 1] = rest / 63, -6 / 63
        shape[list(MOUTH_CORNERS), 0] = -34 / 63, 34 / 63
        shown.append((bite(shape, displacement)[4, 0] + 6 / 63) * 63)
    assert shown == pytest.approx([4.9, 10.3], abs=0.4)


def test_lips_apart_do_not_make_a_smile() -> None:
    """Of the lower row, a mouth that the photo shows open shows 1 mm more as it opens where it is as wide as smiles are."""
    seen = []
    for width in (0.76, 1.08):
        shape = np.zeros((MESH, 3), np.float32)
        shape[list(LOWER_INNER_LIP), 1] = 0.12
        shape[list(MOUTH_CORNERS), 0] = -width / 2, width / 2
        displacement = np.zeros((9, MESH, 3), np.float32)
        displacement[:, list(LOWER_INNER_LIP), 1] = 0.2
        seen.append(63 * (0.32 - bite(shape, displacement)[4, 1]))
    assert seen[1] > seen[0] + 1


def test_a_pout_parts_no_teeth() -> None:
    """A chin that rises 4 mm and juts out 7 under closed lips leaves rows shut; one that drops 7 mm does not."""
    shape = np.zeros((MESH, 3), np.float32)
    parted = []
    for chin in ((0, 0, 0), (0, -4, -7), (0, 7, 2)):
        displacement = np.zeros((9, MESH, 3), np.float32)
        displacement[:, [152, 148, 377, 176, 400, 175, 199]] = np.array(chin, np.float32) / 63
        displacement[:, list(LOWER_INNER_LIP), 1] = max(chin[1], 0) / 63
        upper, lower, _ = bite(shape, displacement)[4] * 63
        parted.append(lower - upper)
    assert parted[1] == pytest.approx(parted[0], abs=0.01)
    assert parted[2] > parted[0] + 2


def test_a_smile_that_stretches_a_chin_parts_no_teeth() -> None:
    """Behind corners that go 9 mm apart a chin that is read 7 mm lower leaves the rows together, 1 mm or less; without a
    smile they are 4 mm farther apart.
    """
    shape = np.zeros((MESH, 3), np.float32)
    parted = []
    for aside in (9, 0):
        displacement = np.zeros((9, MESH, 3), np.float32)
        displacement[:, [152, 148, 377, 176, 400, 175, 199], 1] = 7 / 63
        displacement[:, list(UPPER_INNER_LIP), 1], displacement[:, list(LOWER_INNER_LIP), 1] = -6 / 63, 4 / 63
        displacement[:, INNER_LIPS[10], 0], displacement[:, INNER_LIPS[0], 0] = aside / 2 / 63, -aside / 2 / 63
        upper, lower, _ = bite(shape, displacement)[4] * 63
        parted.append(lower - upper)
    assert parted[0] < 1
    assert parted[1] > parted[0] + 4


def test_the_lower_row_goes_aside_with_the_chin() -> None:
    """A jaw that swings 5 mm to one side takes its row 3 mm along, as chins overstate it; the upper row stays."""
    shape, displacement = np.zeros((MESH, 3), np.float32), np.zeros((9, MESH, 3), np.float32)
    still = bite(shape, displacement)[4]
    displacement[:, [152, 148, 377, 176, 400, 175, 199], 0] = 5 / 63
    assert (bite(shape, displacement)[4] - still) * 63 == pytest.approx([0, 0, 3], abs=0.01)


def test_lips_far_apart_are_parted_by_a_jaw() -> None:
    """Of a smile 22 mm open, behind a chin that is not seen to drop, the rows are no shut ones: of the lower 2.5 mm are seen
    at most, where lips 9 mm apart show more.
    """
    seen = []
    for gap in (9, 22):
        shape, displacement = np.zeros((MESH, 3), np.float32), np.zeros((9, MESH, 3), np.float32)
        displacement[:, list(LOWER_INNER_LIP), 1] = gap / 63
        displacement[:, INNER_LIPS[10], 0], displacement[:, INNER_LIPS[0], 0] = 5 / 63, -5 / 63
        seen.append(gap - 63 * bite(shape, displacement)[4, 1])
    assert seen[1] < 2.5 < seen[0]
