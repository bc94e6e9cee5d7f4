"""The gallery of real photos beside the repository: what its manifest says of them, and the faces in them, found once."""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path
from typing import TypeVar

from vivify.faces import Face, find_faces
from vivify.photos import decode

T = TypeVar("T")


def rows(gallery: Path) -> list[dict[str, str]]:
    """The manifest's rows about photos; ``file`` is the photo's path in the gallery."""
    with (gallery / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["file"].startswith("photos/")]


def some(things: list[T]) -> list[T]:
    """A third of what is alike: enough for the tests of every day. With GALLERY=whole (``make gallery``) all."""
    return things if os.environ.get("GALLERY") == "whole" else things[::3]


def looked_at(gallery: Path) -> list[dict[str, str]]:
    """The rows about some of each folder's photos of a kind from which the same is expected, and about all damaged ones."""
    alike: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in rows(gallery):
        alike.setdefault((str(Path(row["file"]).parent), row["kind"], row["expect"]), []).append(row)
    return [row for (folder, *_), group in alike.items() for row in (group if folder.endswith("damaged") else some(group))]


@cache
def faces_in(photo: Path) -> tuple[Face, ...]:
    """What ``find_faces`` finds in a photo of the gallery. Raises PhotoUnreadable."""
    return tuple(find_faces(decode(photo.read_bytes())))
