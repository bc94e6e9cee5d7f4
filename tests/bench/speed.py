"""How fast the engine is on this machine and how much memory it takes, one process a row."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SIZES = (256, 512, 1080, 2160)
SHORT, LONG = 4.0, 60.0
LINEAR_AT = 512


def run(photo: Path, root: Path) -> dict[str, Any]:
    """``rows``: one a size, at ``SHORT`` seconds; ``long``: one more of ``LONG`` seconds; and how linear both are."""
    rows = [_row(photo, side, SHORT, root) for side in SIZES]
    long = _row(photo, LINEAR_AT, LONG, root)
    short = next(row for row in rows if row["side"] == LINEAR_AT)
    per_pixel = [row["frame_ms"] / (row["size"][0] * row["size"][1] / 1e6) for row in rows]
    return {
        "rows": rows,
        "long": long,
        # The engine's own CPU time: two rows of a shared machine minutes apart differ in wall time by themselves.
        "cpu_per_frame_long_over_short": long["cpu_ms"] / short["cpu_ms"],
        "memory_long_over_short": long["memory_mb"] / short["memory_mb"],
        "ms_per_megapixel": per_pixel,
    }


def _row(photo: Path, side: int, seconds: float, root: Path) -> dict[str, Any]:
    order = json.dumps({"photo": str(photo), "side": side, "seconds": seconds})
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.child", order], cwd=root, check=True, stdout=subprocess.PIPE, text=True
    )
    row: dict[str, Any] = json.loads(done.stdout)
    return row
