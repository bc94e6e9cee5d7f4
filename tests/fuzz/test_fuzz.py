"""A small share of what ``make fuzz`` does at length."""

from __future__ import annotations

import pytest

from tests.fuzz.run import Outcome, fuzz
from tests.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_hostile_input_meets_an_answer(target: Target) -> None:
    """Whatever comes in by this door is taken or refused by an error of ours, within 2 s."""
    outcome = fuzz(target, cases=6 * target.share, start=1)
    assert outcome.faults == []
    assert outcome.cases >= 6 * target.share
    assert outcome.refused <= outcome.cases


def test_all_doors_together_make_the_whole() -> None:
    """The shares add up: a run of a hundred thousand cases is one of a hundred thousand."""
    assert sum(target.share for target in TARGETS) == 100


def test_a_fault_is_found() -> None:
    """The harness sees a wrong error, a slow case and says which: it can fail."""

    def door(data: bytes) -> None:
        raise KeyError(len(data))

    broken = Target("broken", 1, TARGETS[0].cases, door)
    outcome: Outcome = fuzz(broken, cases=20, start=1)
    assert outcome.faults[0].startswith("KeyError")
