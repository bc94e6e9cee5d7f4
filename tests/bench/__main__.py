"""``make bench``: how good and how fast the engine is on this machine; prints tables, writes out/bench.json.

Every comparison is made within the one run: methods on the same frames, speed against the floor of the same minute.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench import depth, eyes, gpu, patches, reenactment, sharpness, speed, steadiness, tables

ROOT = Path(__file__).resolve().parents[2]
GALLERY = ROOT.parent / "shared" / "gallery"
PHOTO = ROOT / "tests" / "fixtures" / "astronaut.png"
QUICK_CLIPS = 2
STEADY_PHOTOS = ("hallo__reference_images_1", "LivePortrait__source_s9", "Arc2Face__examples_freeman")
MOVING_PHOTOS = (
    *STEADY_PHOTOS,
    "LivePortrait__source_s42",
    "cognitive-services-sample-data-files__images_detection1",
    "cognitive-services-sample-data-files__images_Family2-Man2",
    "3DDFA_V2__inputs_JianzhuGuo",
)
LARGE_PHOTOS = ("3DDFA_V2__inputs_emma", "LivePortrait__source_s2", "echomimic_v3__imgs_11")


def main() -> int:
    """Measures and reports; 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measures the engine.")
    parser.add_argument("--quick", action="store_true", help="speed, and reenactment on two clips")
    parser.add_argument("--only", choices=tables.PRINTERS, help="one part alone")
    options = parser.parse_args()
    parts = [options.only] if options.only else list(tables.PRINTERS)
    if options.quick and not options.only:
        parts = ["speed", "reenactment", "following"]
    if not GALLERY.is_dir():
        print("The gallery of real photos and clips (../shared/gallery) is not here: without it only speed and steadiness.")
        parts = [part for part in parts if part in ("speed", "gpu", "steadiness")]
    report: dict[str, Any] = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0]}
    judged = []
    for part in parts:
        begun = time.perf_counter()
        report[part] = _measured(part, report, quick=options.quick)
        judged += tables.PRINTERS[part](report[part])
        print(f"({part}: {time.perf_counter() - begun:.0f} s)", flush=True)
    tables.figures(judged)
    report["figures"] = [dict(zip(("figure", "wanted", "found", "holds"), row, strict=True)) for row in judged]
    report["load_after"] = os.getloadavg()[0]
    out = ROOT / "out" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


def _measured(part: str, report: dict[str, Any], *, quick: bool) -> Any:
    """The figures of one part."""
    if part == "speed":
        return speed.run(PHOTO, ROOT)
    if part == "gpu":
        return gpu.run(PHOTO)
    if part == "depth":
        return depth.run(_portraits())
    if part == "eyes":
        return eyes.run(_portraits(), sorted((GALLERY / "driving").glob("*.mp4")))
    if part == "patches":
        moving = [path for path in _portraits() if path.stem in MOVING_PHOTOS]
        return patches.run(sorted({*_portraits(), *_large()}), moving)
    if part == "steadiness":
        chosen = [path for path in _portraits() if path.stem in STEADY_PHOTOS] if GALLERY.is_dir() else []
        return steadiness.run([PHOTO, *chosen])
    if part == "sharpness":
        return sharpness.run(_large())
    if part == "following" and "reenactment" in report:
        return report["reenactment"]  # the same clips, rendered once
    clips = sorted((GALLERY / "driving").glob("*.mp4"))
    return reenactment.run(clips[:QUICK_CLIPS] if quick else clips)


def _portraits() -> list[Path]:
    """The gallery's portraits that are said to be animatable."""
    with (GALLERY / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("photos/portrait/")]
    return [GALLERY / row["file"] for row in rows if "animate" in row["expect"].split("|")]


def _large() -> list[Path]:
    return [path for path in sorted((GALLERY / "photos").rglob("*")) if path.stem in LARGE_PHOTOS]


if __name__ == "__main__":
    sys.exit(main())
