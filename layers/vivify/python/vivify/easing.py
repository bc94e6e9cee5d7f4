"""The one curve by which things come and go: how much of a motion, a shade, a patch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def smoothstep(t: NDArray[np.floating] | float) -> NDArray[np.float32]:
    """0 below 0, 1 above 1, smooth between, with no slope at either end; of the shape of ``t``."""
    part = np.clip(np.asarray(t, np.float32), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)
