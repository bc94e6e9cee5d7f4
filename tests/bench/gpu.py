"""Frames painted by the graph: how many a second, and how much of the time is not arithmetic.

Arithmetic is what the graph and the lids' network take when all they read and write already lies on the device; the rest is
sketching on the CPU, copying, and encoding. Without a GPU all of it runs on the CPU, which says that it works and nothing
about a GPU.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from vivify import engine, models
from vivify.animate import Performer
from vivify.animate.eyes import eye_patch
from vivify.animate.graph_painter import GraphPainter
from vivify.arrays import Pixels
from vivify.faces import resized
from vivify.motion import FaceTrack
from vivify.photos import decode
from vivify.score import Score
from vivify.video import ClipWriter

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
    track = next(Score.of(options, 0).roles()(0, placed[0]).tracks(performer.track))
    batch = range(min(len(track), graph.batch))
    sketches = performer.sketches(track, batch)
    inputs = graph._inputs(sketches)
    moving = {name: inputs[name] for name in _MOVING}
    fixed = graph._held | {name: _on("cpu", value) for name, value in inputs.items() if name not in moving}
    painting = _arithmetic(graph._session, moving, fixed, "frames", provider) / len(batch)
    # Lids at work, of as many eyes a frame as the clip moves.
    eyes = np.zeros((2 * len(batch), eye_patch.CHANNELS, eye_patch.HEIGHT, eye_patch.WIDTH), np.float32)
    lidded = float((np.asarray(track.lids) > 0).sum()) / len(track)
    lids = _arithmetic(performer._lids._session, {"eye": eyes}, {}, "lids", provider) / len(eyes) * lidded
    performer._painter = graph
    frame = _clip(performer, pixels, track) / len(track)
    return {
        "provider": provider,
        "side": side,
        "batch": len(batch),
        "open_s": opened,
        "sketch_ms": 1e3 * _median(lambda: performer.sketches(track, batch)) / len(batch),
        "paint_ms": 1e3 * _median(lambda: graph._painted(sketches)) / len(batch),
        "painting_ms": 1e3 * painting,
        "lids_ms": 1e3 * lids,
        "sent_kb": (sum(value.nbytes for value in moving.values()) / len(batch) + lidded * eyes[0].nbytes) / 1e3,
        "returned_kb": (graph._painted(sketches).nbytes / len(batch) + lidded * eyes[0, :3].nbytes) / 1e3,
        "frames_per_second": 1 / frame,
        "not_arithmetic": 1 - (painting + lids) / frame,
    }


def _clip(performer: Performer, pixels: Pixels, track: FaceTrack) -> float:
    """Seconds from the first frame's sketch to the finished file."""
    height, width = pixels.shape[:2]
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, ClipWriter(Path(folder) / "clip.mp4", (width, height)) as writer:
        for picture in performer.perform([track]):
            frame = pixels.copy()
            performer.place(frame, picture)
            writer.write(frame)
        writer.close()
        return time.perf_counter() - begun


def _arithmetic(
    session: ort.InferenceSession,
    moving: Mapping[str, NDArray[Any]],
    fixed: Mapping[str, ort.OrtValue],
    made: str,
    device: models.Provider,
) -> float:
    """Seconds for one run with what differs from run to run, and what is made, on the device."""
    held = {**{name: _on(device, value) for name, value in moving.items()}, **fixed}
    binding = session.io_binding()
    for name, value in held.items():
        binding.bind_ortvalue_input(name, value)
    binding.bind_output(made, device)
    return _median(lambda: session.run_with_iobinding(binding))


def _on(device: models.Provider, value: NDArray[Any]) -> ort.OrtValue:
    return ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(value), device, 0)


def _median(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return float(np.median(times))
