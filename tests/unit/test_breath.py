"""Bodies breathe by themselves: how often, how deep, and never up from how the photo shows them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vivify.arrays import Float
from vivify.motion import Life, Motion, Template, compose
from vivify.motion.breath import Breath

_NOTHING = Template("still", "Nothing.", "nobody", "CC0-1.0", 25.0, 0.8, Motion.still(50))
_STILL = Life(_NOTHING, _NOTHING)


def _full(chest: Float) -> NDArray[np.intp]:
    """Frames in which it is full, between two breaths' worth of sinking."""
    return np.flatnonzero((chest[1:-1] < chest[:-2]) & (chest[1:-1] <= chest[2:])) + 1


def test_breath_never_stops() -> None:
    """Without idle movement or blinks chest and neck still sink and rise, 12 to 18 times a minute, and the head nods down as
    they sink; at other times with another seed.
    """
    chests = []
    for seed in (5, 6):
        motion = compose([], _STILL, 60.0, 25.0, mouth_width=0.8, seed=seed)
        chests.append(motion.chest[:, 1])
        assert 12 <= len(_full(chests[-1])) <= 18
        assert motion.chest[:, 1].max() == pytest.approx(0.038, abs=1e-4)
        assert motion.translation[:, 1].max() == pytest.approx(0.0095, abs=1e-4)
        assert motion.rotation[:, 1] == pytest.approx(-9.4 * motion.chest[:, 1], abs=1e-4)
    assert np.abs(chests[0] - chests[1]).max() > 0.02


def test_no_breath_is_like_the_last() -> None:
    """Over six minutes breaths vary in length and in depth by 10 to 20 % (standard deviation), and air goes out for a
    quarter longer than it comes in; asked for a stretch at a time they are the same.
    """
    breath = Breath.of(np.random.default_rng(3))
    count = 9000
    chest = breath.chest(range(count), count, 25.0, both_ends=False)
    whole = chest[50:, 1]
    full = _full(whole)
    lengths, depths = np.diff(full), whole.max() - whole[full]
    assert 0.1 < lengths.std() / lengths.mean() < 0.2
    assert 0.1 < depths.std() / depths.mean() < 0.2
    goes = np.diff(whole)
    assert (goes > 1e-6).sum() / (goes < -1e-6).sum() == pytest.approx(0.5 / 0.4, rel=0.03)
    stretches = [breath.chest(range(first, first + 1000), count, 25.0, both_ends=False) for first in range(0, count, 1000)]
    assert np.array_equal(np.concatenate(stretches), chest)


@pytest.mark.parametrize("seed", range(6))
def test_a_chest_never_rises_from_the_photos(seed: int) -> None:
    """It begins where the photo shows it, sinks from there at most, by no more than 0.002 eye distances a frame, and in a
    loop comes back.
    """
    chest = compose([], _STILL, 9.0, 25.0, mouth_width=0.8, seed=seed, loop=True).chest
    assert not chest[:, 0].any()
    assert chest[0, 1] == 0
    assert chest.min() >= 0
    assert np.abs(np.diff(chest[:, 1], append=chest[0, 1])).max() < 0.002
