"""Measure the library's motions anew, from the clips they were measured from.

python -m motions --footage FOLDER...                       write every template into --out
python -m motions --footage FOLDER... blink turn-left       these only
python -m motions --footage FOLDER... --compare             write nothing; say how far from the stored ones they come out

Run it in layers/models, with the engine installed. recipes.py says which clips it wants, clips.py where they are published.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from vivify.motion import Template, template

from .recipes import RECIPES


def apart(made: Template, stored: Template) -> str:
    """The largest difference of each curve, in its own unit."""
    if len(made.motion) != len(stored.motion):
        return f"{len(made.motion)} frames, not {len(stored.motion)}"
    curves = {
        "rotation": "degrees",
        "translation": "",
        "lids": "of shut",
        "gaze": "eye widths",
        "displacement": "eye distances",
    }
    gaps = {name: np.abs(getattr(made.motion, name) - getattr(stored.motion, name)).max(initial=0) for name in curves}
    return (
        ", ".join(f"{name} {gaps[name]:.4f} {unit}".rstrip() for name, unit in curves.items() if gaps[name] > 0)
        or "the same"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="motions", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="MOTION", help="which (all)")
    parser.add_argument("--footage", type=Path, nargs="+", required=True, metavar="FOLDER", help="where the clips lie")
    parser.add_argument("--out", type=Path, default=Path("../../out/motions"), help="where to write (out/motions)")
    parser.add_argument("--compare", action="store_true")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - RECIPES.keys():
        parser.error(f"there is no recipe for {', '.join(sorted(unknown))}")
    for name in chosen.names or RECIPES:
        recipe = RECIPES[name]
        for clip in {take.clip for take in recipe.takes}:
            if not clip.is_the_very(clip.found(chosen.footage)):
                print(f"{name}: {clip.file} is not the very file that was measured", file=sys.stderr)
        made = recipe.made(name, chosen.footage)
        if chosen.compare:
            print(f"{name:<13} {apart(made, template(name))}", flush=True)
        else:
            chosen.out.mkdir(parents=True, exist_ok=True)
            made.save(chosen.out / f"{name}.json")
            print(chosen.out / f"{name}.json", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
