"""The gallery of real photos beside the repository: what its manifest says of them, and the faces in them, found once."""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path

from vivify.faces import Face, find_faces
from vivify.photos import decode


def rows(gallery: Path) -> list[dict[str, str]]:
    """The manifest's rows about photos; ``file`` is the photo's path in the gallery."""
    with (gallery / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["file"].startswith("photos/")]


def looked_at(gallery: Path) -> list[dict[str, str]]:
    """The rows that the tests of every day look at: of each folder's photos of a kind, from which the same is expected, a
    third, and the scratched ones all. With GALLERY=whole (``make gallery``) every row.
    """
    if os.environ.get("GALLERY") == "whole":
        return rows(gallery)
    alike: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in rows(gallery):
        alike.setdefault((str(Path(row["file"]).parent), row["kind"], row["expect"]), []).append(row)
    return [row for (folder, *_), group in alike.items() for row in (group if folder.endswith("damaged") else group[::3])]


@cache
def faces_in(photo: Path) -> tuple[Face, ...]:
    """What ``find_faces`` finds in a photo of the gallery. Raises PhotoUnreadable."""
    return tuple(find_faces(decode(photo.read_bytes())))
