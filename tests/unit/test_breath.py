"""Bodies breathe by themselves: how often, how deep, and never up from how the photo shows them."""

from __future__ import annotations

import numpy as np
import pytest

from vivify.motion import Life, Motion, Template, compose

_NOTHING = Template("still", "Nothing.", "nobody", "CC0-1.0", 25.0, 0.8, Motion.still(50))
_STILL = Life(_NOTHING, _NOTHING)


def test_breath_never_stops() -> None:
    """Without idle movement or blinks chest and neck still sink and rise, 13 to 17 times a minute; at other times with
    another seed.
    """
    chests = []
    for seed in (5, 6):
        motion = compose([], _STILL, 60.0, 25.0, mouth_width=0.8, seed=seed)
        chests.append(motion.chest[:, 1])
        full = np.flatnonzero((chests[-1][1:-1] < chests[-1][:-2]) & (chests[-1][1:-1] <= chests[-1][2:]))
        assert 12 <= len(full) <= 17
        assert motion.chest[:, 1].max() == pytest.approx(0.032, abs=1e-4)
        assert motion.translation[:, 1].max() == pytest.approx(0.008, abs=1e-4)
    assert np.abs(chests[0] - chests[1]).max() > 0.02


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
