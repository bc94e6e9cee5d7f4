"""One row of the speed table in a process of its own, so that its memory is its own: JSON in, JSON out."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np

from vivify import engine
from vivify.animate import layers, mouth, painter, patch, performer
from vivify.animate.eyes import eyeball, lids
from vivify.animate.person import warp
from vivify.arrays import Pixels
from vivify.photos import decode
from vivify.video import ClipWriter, read_frames

_HELD = 400e6  # bytes of frames held for the encoder alone
_STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "mesh and map": ((warp.Warp, "deformation"),),
    "folds": ((performer.Performer, "_shading"), (painter, "shade")),
    "eyes": ((eyeball.PaintedEye, "patches"),),
    "lids": ((lids.Eyelids, "patches"),),
    "mouth": ((mouth.Mouth, "patches"),),
    "warp and compose": ((layers.Layers, "compose"),),
    "patches": ((patch.Patch, "lay_over"),),
}
"""What makes up a frame, and where it is timed; what a stage calls of another is its own time."""
_WHOLE = "all drawing"
_DRAWING = ((performer.Performer, "sketches"), (painter, "painted"), (performer.Performer, "place"))


class Memory:
    """Watches the peak of what this process and those it starts hold, from /proc; 0 where there is none.

    getrusage would not do: a fresh process inherits the peak of the one that started it.
    """

    def __init__(self) -> None:
        self._peaks: dict[str, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._look()

    @property
    def megabytes(self) -> float:
        """The engine's own peak and the largest of its helpers' (the encoder), together."""
        own = self._peaks.get("self", 0)
        return (own + max((peak for who, peak in self._peaks.items() if who != "self"), default=0)) / 1024

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            self._look()

    def _look(self) -> None:
        try:
            started = [n for task in Path("/proc/self/task").iterdir() for n in (task / "children").read_text().split()]
        except OSError:
            return
        for who in ("self", *started):
            try:
                lines = Path(f"/proc/{who}/status").read_text().splitlines()
            except OSError:  # it has ended
                continue
            for line in lines:
                if line.startswith("VmHWM:"):
                    self._peaks[who] = max(self._peaks.get(who, 0), int(line.split()[1]))


def measure(photo: Path, side: int, seconds: float) -> dict[str, Any]:
    """One clip of ``seconds`` at ``side`` pixels: its times, its memory, and the floor under it."""
    picture = decode(photo.read_bytes())
    begun = time.perf_counter()
    engine.analyse(picture)
    first_look = time.perf_counter() - begun
    spent: dict[str, float] = {}
    for stages in (_STAGES, {_WHOLE: _DRAWING}):
        running: list[str] = []
        for name, places in stages.items():
            for owner, method in places:
                setattr(owner, method, _timed(getattr(owner, method), name, spent, running))
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        with Memory() as memory:
            ticks: list[float] = []
            options = engine.Options(size=side, seconds=seconds)
            report = engine.animate(picture, None, clip, options, lambda *_: ticks.append(time.process_time()))
        held = max(25, int(_HELD / (report.size[0] * report.size[1] * 3)))
        frames = [np.array(f) for f in islice(read_frames(clip), min(report.frames, held))]
        encoder = _encoder_alone(frames, Path(folder) / "again.mp4", report.fps)
    drawing = report.seconds["animate"] + report.seconds["encode"]
    frame = drawing / report.frames
    floor = max(encoder, _copy(frames[0]))
    cpu = {name: 1e3 * spent.get(name, 0.0) / report.frames for name in (*_STAGES, _WHOLE)}
    cpu["other"] = 2 * cpu[_WHOLE] - sum(cpu.values())
    return {
        "side": side,
        "size": report.size,
        "frames": report.frames,
        "frames_per_second": report.frames / drawing,
        "frame_ms": frame * 1e3,
        "cpu_ms": 1e3 * (ticks[-1] - ticks[0]) / (len(ticks) - 1),
        "encoder_ms": encoder * 1e3,
        "memory_ms": _copy(frames[0]) * 1e3,
        "over_floor": frame / floor,
        "memory_mb": memory.megabytes,
        "analysis_s": report.seconds["faces"] + report.seconds["depth"],
        "analysis_first_s": first_look + report.seconds["depth"],
        "stages": report.seconds,
        "stages_cpu_ms": cpu,
    }


def _timed(method: Callable[..., Any], name: str, spent: dict[str, float], running: list[str]) -> Callable[..., Any]:
    """``method``, adding what it takes to ``spent``: CPU time of all threads, which a busy machine does not stretch.

    While a stage of those that share ``running`` runs, whatever else of them it calls is part of it.
    """

    def timed(*arguments: Any, **named: Any) -> Any:
        if running:
            return method(*arguments, **named)
        running.append(name)
        begun = time.process_time()
        try:
            return method(*arguments, **named)
        finally:
            spent[name] = spent.get(name, 0.0) + time.process_time() - begun
            running.pop()

    return timed


def _encoder_alone(frames: list[Pixels], again: Path, fps: float) -> float:
    """Seconds a frame that encoding the same frames costs when nothing else is done."""
    height, width = frames[0].shape[:2]
    begun = time.perf_counter()
    with ClipWriter(again, (width, height), fps) as writer:
        for frame in frames:
            writer.write(frame)
    return (time.perf_counter() - begun) / len(frames)


def _copy(picture: Pixels) -> float:
    """Seconds to read and write every pixel once at memory speed."""
    times = []
    for _ in range(9):
        begun = time.perf_counter()
        cv2.add(picture, picture)
        times.append(time.perf_counter() - begun)
    return float(np.median(times))


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    print(json.dumps(measure(Path(order["photo"]), order["side"], order["seconds"])))
