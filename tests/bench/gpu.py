"""Frames painted by the graph: how many a second, and how much of the time is not arithmetic.

Arithmetic is what a batch takes when all it reads and writes already lies on the device; the rest is sketching on the CPU,
copying, and encoding. Without a GPU the graph runs on the CPU, which says that it works and nothing about a GPU.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from vivify import engine, models
from vivify.animate import Performer
from vivify.animate.graph_painter import GraphPainter
from vivify.faces import resized
from vivify.photos import decode

SIZES: dict[models.Provider, tuple[int, ...]] = {"cpu": (512,), "cuda": (512, 1080, 2160)}
SECONDS = 4.0
REPEATS = 5
_MOVING = ("shift", "gains", "keep", "over")  # what differs from batch to batch and is no size


def run(photo: Path) -> dict[str, Any]:
    """``rows``: one a size, on the GPU where there is one; ``cuda``: whether there is."""
    cuda = "CUDAExecutionProvider" in ort.get_available_providers()
    provider: models.Provider = "cuda" if cuda else "cpu"
    return {"cuda": cuda, "rows": [_row(photo, side, provider) for side in SIZES[provider]]}


def _row(photo: Path, side: int, provider: models.Provider) -> dict[str, Any]:
    picture = decode(photo.read_bytes())
    options = engine.Options(size=side, seconds=SECONDS, provider=provider)
    faces = engine.analyse(picture)
    pixels, placed = resized(picture.pixels, faces, options.size)
    performer = Performer(pixels, placed[0], provider=provider)
    begun = time.perf_counter()
    graph = GraphPainter(performer._layers, performer._warp.grid, provider)
    opened = time.perf_counter() - begun
    track = next(engine._score(options, 0)(0, placed[0]).tracks(performer.track))
    sketches = [performer.sketch(track, index) for index in range(min(len(track), graph._batch))]
    arithmetic = _arithmetic(graph, sketches, provider) / len(sketches)
    row = {
        "provider": provider,
        "side": side,
        "batch": len(sketches),
        "open_s": opened,
        "sketch_ms": 1e3 * _median(lambda: performer.sketch(track, 1)),
        "paint_ms": 1e3 * _median(lambda: graph._painted(sketches)) / len(sketches),
        "arithmetic_ms": 1e3 * arithmetic,
    }
    if provider == "cuda":
        with tempfile.TemporaryDirectory() as folder:
            report = engine.animate(picture, faces, Path(folder) / "clip.mp4", options)
        frame = (report.seconds["animate"] + report.seconds["encode"]) / report.frames
        row |= {"frames_per_second": 1 / frame, "not_arithmetic": 1 - arithmetic / frame}
    return row


def _arithmetic(graph: GraphPainter, sketches: list[Any], device: models.Provider) -> float:
    """Seconds for one batch with its inputs and its output on the device."""
    inputs = {  # the binding borrows them: they must live as long as it is used
        name: ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(value), device if name in _MOVING else "cpu", 0)
        for name, value in graph._inputs(sketches).items()
    }
    binding = graph._session.io_binding()
    for name, held in (inputs | graph._held).items():
        binding.bind_ortvalue_input(name, held)
    binding.bind_output("frames", device)
    return _median(lambda: graph._session.run_with_iobinding(binding))


def _median(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return float(np.median(times))
