"""The footage: which clips there are, whose they are, and where the face lies in every frame."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vivify.arrays import Float, Pixels
from vivify.faces import Landmarker
from vivify.video import read_frames

LONG_SIDE = 720  # pixels: wider footage is read at this size
LEAST_FACE = 90  # pixels of the face in the original footage: of smaller ones nothing is left of the lashes
# People of the training clips who are also in the gallery's driving clips: one person, one side of the split.
SAME_PERSON = {
    "id_LivePortrait_01": "d0",
    "id_LivePortrait_02": "d10",
    "id_LivePortrait_03": "d11",
    "id_LivePortrait_04": "d12",
    "id_LivePortrait_05": "d13",
    "id_LivePortrait_07": "d18",
    "id_LivePortrait_08": "d19",
    "id_LivePortrait_09": "d20",
    "id_LivePortrait_11": "d6",
    "id_LivePortrait_14": "s18",
    "id_LivePortrait_16": "s29",
    "id_LivePortrait_17": "s32",
}
# Never trained on: men and women of several origins, a child, glasses, beards, a drawing.
HELD_OUT = frozenset(
    {
        *("d0", "d11", "d13", "d18", "s32"),
        *("id_DiffDub_11", "id_LatentSync_02", "id_SadTalker_02", "id_X-Portrait_01", "id_echomimic_02"),
    }
)


@dataclass(frozen=True)
class Clip:
    """One clip of one person. ``identity`` groups the clips of a person; ``held_out``: never trained on."""

    path: Path
    identity: str
    held_out: bool

    @property
    def name(self) -> str:
        return self.path.stem

    def frames(self) -> list[Pixels]:
        """All frames, (H, W, 3) uint8 RGB."""
        return list(read_frames(self.path, max_side=LONG_SIDE))

    def landmarks(self, cache: Path) -> Float:
        """(T, 478, 3) float32 pixels, NaN where no face is seen; kept in the folder ``cache``."""
        kept = cache / f"{self.name}.npy"
        if kept.exists():
            return np.asarray(np.load(kept), np.float32)
        landmarker, lost = Landmarker(), np.full((478, 3), np.nan, np.float32)
        found = [landmarker.track(frame) for frame in read_frames(self.path, max_side=LONG_SIDE)]
        points = np.stack([lost if seen is None else seen for seen in found])
        cache.mkdir(parents=True, exist_ok=True)
        np.save(kept, points)
        return points


def listed(shared: Path) -> list[Clip]:
    """Every clip of ``shared``/training and ``shared``/gallery/driving that is sharp enough, in a fixed order."""
    found = []
    with (shared / "training" / "MANIFEST.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            identity, face = re.search(r"identity=([^;]+)", row["note"]), re.search(r"src face (\d+)px", row["note"])
            if row["file"].endswith(".mp4") and identity and face and int(face[1]) >= LEAST_FACE:
                person = identity[1].strip()
                found.append((shared / "training" / row["file"], SAME_PERSON.get(person, person)))
    found += [(path, path.stem) for path in sorted((shared / "gallery" / "driving").glob("*.mp4"))]
    return [Clip(path, identity, identity in HELD_OUT) for path, identity in found]
