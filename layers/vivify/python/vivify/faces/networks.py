"""Running the room's small networks on all cores.

They are too small to be split inside: ONNX Runtime's own threads cost twice the work and save nothing. Each run stays on one
core, and several runs go side by side.
"""

from __future__ import annotations

import functools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivify import models

CORES = len(os.sched_getaffinity(0))
CHUNK = 4  # most images a run: larger ones fall out of the cache


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(CORES, thread_name_prefix="faces")


def run(name: str, outputs: tuple[str, ...], images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """The named ``outputs`` of the network ``name`` for ``images`` ((N, side, side, 3), N >= 1), first axis N."""
    session = models.load(name, threads=1)
    size = min(CHUNK, -(-len(images) // CORES))
    chunks = [images[start : start + size] for start in range(0, len(images), size)]

    def one(chunk: NDArray[np.float32]) -> list[Any]:
        return list(session.run(list(outputs), {"image": chunk}))

    # A single chunk stays here: handing it over would only cost time.
    parts = [one(chunks[0])] if len(chunks) == 1 else list(_pool().map(one, chunks))
    return [np.concatenate(column) for column in zip(*parts, strict=True)]
