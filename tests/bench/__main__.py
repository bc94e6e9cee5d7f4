"""``make bench``: how fast the engine is on this machine, as ratios within one run; prints a table, writes out/bench.json.

The floor is what no engine could go below on the same machine in the same run: the encoder alone on the same frames, and
reading and writing every pixel once at memory speed.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify import engine
from vivify.photos import Photo, decode
from vivify.video import ClipWriter, read_frames

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 4.0
SIZES = (256, 512, 1080, 2160)


def main() -> int:
    """Measures and reports; 0."""
    photo = decode((ROOT / "tests" / "fixtures" / "astronaut.png").read_bytes())
    begun = time.perf_counter()
    faces = engine.analyse(photo)
    first_look = time.perf_counter() - begun
    begun = time.perf_counter()
    engine.analyse(photo)
    second_look = time.perf_counter() - begun
    rows = [_row(photo, side) for side in SIZES]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"faces found: {len(faces)}; analysis {first_look:.2f} s with loading, {second_look:.2f} s without")
    print(f"memory at most {memory:.0f} MB")
    print(f"{'size':>6} {'frames/s':>9} {'engine ms':>10} {'encoder ms':>11} {'memory ms':>10} {'over the floor':>15}")
    for row in rows:
        print(
            f"{row['side']:>6} {row['frames_per_second']:>9.1f} {row['frame_ms']:>10.2f} {row['encoder_ms']:>11.2f} "
            f"{row['memory_ms']:>10.2f} {row['over_floor']:>14.1f}x"
        )
    out = ROOT / "out" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    report = {"analysis_s": {"first": first_look, "again": second_look}, "memory_mb": memory, "sizes": rows}
    out.write_text(json.dumps(report, indent=1) + "\n")
    return 0


def _row(photo: Photo, side: int) -> dict[str, Any]:
    """One size: frames per second of animate and encode together, and the floor under it."""
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        report = engine.animate(photo, None, clip, engine.Options(size=side, seconds=SECONDS))
        spent = report.seconds["animate"] + report.seconds["encode"]
        encoder, picture = _encoder_alone(clip, Path(folder) / "again.mp4", report)
    copies = []
    for _ in range(9):
        begun = time.perf_counter()
        cv2.add(picture, picture)
        copies.append(time.perf_counter() - begun)
    memory = float(np.median(copies))
    frame_time = spent / report.frames
    return {
        "side": side,
        "size": report.size,
        "frames": report.frames,
        "frames_per_second": report.frames / spent,
        "frame_ms": frame_time * 1e3,
        "encoder_ms": encoder * 1e3,
        "memory_ms": memory * 1e3,
        "over_floor": frame_time / max(encoder, memory),
        "stages": report.seconds,
    }


def _encoder_alone(clip: Path, again: Path, report: engine.Report) -> tuple[float, NDArray[np.uint8]]:
    """Seconds a frame that encoding the same frames costs, and one of them."""
    spent, frame = 0.0, np.zeros((2, 2, 3), np.uint8)
    writer = ClipWriter(again, report.size, report.fps)
    with writer:
        for frame in read_frames(clip):
            begun = time.perf_counter()
            writer.write(frame)
            spent += time.perf_counter() - begun
        begun = time.perf_counter()
    return (spent + time.perf_counter() - begun) / report.frames, frame


if __name__ == "__main__":
    sys.exit(main())
