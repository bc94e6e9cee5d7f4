"""Train one of Vivify's networks.

python -m training eyelids --shared FOLDER     read the clips, train, measure, write eyelids.onnx and models.toml

Run it in layers/models. What it makes on the way (landmarks, pairs, checkpoint) is kept in --work; a run that was stopped
goes on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import torch

from . import clips, metrics, pairs
from .export import STUDY_SCALE, export
from .fit import Recipe, Trainer


def main() -> None:
    parser = argparse.ArgumentParser(prog="training", description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=["eyelids"])
    parser.add_argument("--shared", type=Path, required=True, help="the folder with training/ and gallery/driving/")
    parser.add_argument("--work", type=Path, default=Path("../../out/training"), help="what is made on the way")
    parser.add_argument(
        "--steps", type=int, default=Recipe.steps, help="before the sharpening ones; fewer: a shorter course"
    )
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--threads", type=int, default=1, help="cores to train on")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    cv2.setNumThreads(chosen.threads)

    listed = clips.listed(chosen.shared)
    checkpoint = chosen.work / f"{chosen.network}.pt"
    trained, held_out = ([clip for clip in listed if clip.held_out is side] for side in (False, True))
    known, unseen = (pairs.gathered(side, chosen.work, chosen.seed) for side in (trained, held_out))
    print(f"{len(known)} pairs of {len({clip.identity for clip in trained})} people", flush=True)
    Trainer(known, Recipe(steps=chosen.steps, seed=chosen.seed)).run(checkpoint)
    network = export(torch.load(checkpoint, weights_only=False)["averaged"])
    made = metrics.repaired(network, unseen)
    warp = np.asarray(unseen.inputs[:, :3] / np.float32(255), np.float32)
    report = {
        name: {kind: {"pairs": count, **asdict(score)} for kind, (count, score) in metrics.table(of, unseen, scale).items()}
        for name, of, scale in (
            ("warp", warp, 1.0),
            ("network", made, 1.0),
            ("warp, at the study's scale", warp, STUDY_SCALE),
            ("network, at the study's scale", made, STUDY_SCALE),
        )
    }
    print(json.dumps(report, indent=1))
    (chosen.work / f"{chosen.network}.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


main()
