"""Whether the depth map agrees with the mesh: at the landmarks it should order the face as they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vivify import engine
from vivify.animate import Performer
from vivify.depth.raster import signed_area2
from vivify.faces.topology import MESH, triangles
from vivify.photos import decode

AGREES = 0.95


def run(photos: list[Path]) -> list[dict[str, Any]]:
    """A row a photo: ``correlation`` of the largest face's map with the landmarks it shows; and whether no hole is left."""
    return [{"photo": path.name, **_one(path)} for path in photos]


def _one(path: Path) -> dict[str, Any]:
    photo = decode(path.read_bytes())
    face = next((face for face in engine.analyse(photo) if face.verdict is None), None)
    if face is None:
        return {"skipped": "no face"}
    performer = Performer(photo.pixels, face)
    points = (face.landmarks[:MESH] - [performer.region.x0, performer.region.y0, 0]).astype(np.float32)
    height, width = performer.depth.person.shape
    corners = triangles()
    shown = np.isin(np.arange(MESH), corners[signed_area2(points[corners][..., :2]) > 0])  # others lie behind the far cheek
    inside = ((points[:, :2] >= 0) & (points[:, :2] <= [width - 1, height - 1])).all(axis=1)
    column, row, away = np.ascontiguousarray(points[inside & shown].T)
    seen = cv2.remap(performer.depth.person, column, row, cv2.INTER_LINEAR).ravel()
    whole = bool(np.isfinite(performer.depth.person).all() and np.isfinite(performer.depth.scene).all())
    return {"correlation": float(np.corrcoef(seen, away)[0, 1]), "whole": whole}
