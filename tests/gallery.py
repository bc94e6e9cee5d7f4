"""The gallery of real photos beside the repository: what its manifest says of them, and the faces in them, found once."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from vivify.faces import Face, find_faces
from vivify.photos import decode


def rows(gallery: Path) -> list[dict[str, str]]:
    """The manifest's rows about photos; ``file`` is the photo's path in the gallery."""
    with (gallery / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["file"].startswith("photos/")]


@cache
def faces_in(photo: Path) -> tuple[Face, ...]:
    """What ``find_faces`` finds in a photo of the gallery. Raises PhotoUnreadable."""
    return tuple(find_faces(decode(photo.read_bytes())))
