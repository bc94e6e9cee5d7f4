"""The form of mouths that open wide."""

from __future__ import annotations

import numpy as np
import pytest

from vivify.arrays import Float
from vivify.motion.opening import USUAL, Opening


def _edge(form: Float, width: float, high: float) -> Float:
    """(1, 20, 2): the inner lips of a mouth of that ``form``."""
    return (form * (width / 2, high))[None].astype(np.float32)


# As round as a circle, its corners half the way down.
_ANGLES = np.concatenate([np.linspace(np.pi, 0, 11), -np.linspace(0, np.pi, 11)[1:-1]])
ROUND = np.column_stack([np.cos(_ANGLES), (1 - np.sin(_ANGLES)) / 2]).astype(np.float32)


def test_a_wide_mouth_takes_the_form_it_is_given() -> None:
    """A hexagon that opens by half of its width comes to a measured mouth's form, its width and height the same; one that
    opens by a tenth stays.
    """
    hexagon = np.column_stack([USUAL[:, 0], np.repeat([0.4, 0.0, 0.4, 1.0], [1, 9, 1, 9])]).astype(np.float32)
    form = Opening.of(_edge(ROUND, 0.5, 0.3)).form()
    assert form[0] == pytest.approx(ROUND, abs=1e-5)
    for wanted in (USUAL, form):
        wide, narrow = _edge(hexagon, 0.8, 0.4), _edge(hexagon, 0.8, 0.08)
        after = Opening.of(wide + Opening.of(wide).change(wanted, 0.0))
        assert after.form() == pytest.approx(np.broadcast_to(wanted, (1, 20, 2)), abs=1e-4)
        assert after.high == pytest.approx([0.5], abs=1e-4)
        assert not Opening.of(narrow).change(wanted, 0.0).any()


def test_shut_lips_tell_no_form() -> None:
    """What lips that touch would be called is the usual form."""
    assert Opening.of(_edge(ROUND, 0.8, 0.0)).form()[0] == pytest.approx(USUAL)


def test_what_was_open_before_is_no_opening() -> None:
    """A mouth that the photo shows open keeps its form until it opens wider."""
    place = _edge(ROUND, 0.8, 0.4)
    assert not Opening.of(place).change(USUAL, 0.4).any()
