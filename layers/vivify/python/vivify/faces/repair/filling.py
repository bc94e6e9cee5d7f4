"""What lies under marks is filled in from beside them (Telea, "An image inpainting technique based on the fast marching
method", 2004), on one head and never on eyes or lips.
"""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Pixels
from vivify.faces.repair.head import around, away, to_lab
from vivify.faces.repair.marks import KNOWN, WIDE, draw_features, marks
from vivify.faces.topology import OVAL
from vivify.faces.types import Face

Box = NDArray[np.int64]

FIX_UNIT = 120.0  # pixels: eye distance at which the marks are found and filled in
FILL_RADIUS = 3.0  # pixels that the filling looks around
HEAD_REACH, HEAD_RAISED = 2.1, 0.4  # the circle that is repaired: its radius, and how far above the face's middle it lies


def mask_of(pixels: Pixels, face: Face, everybody: list[Face], kinds: list[int]) -> tuple[Box, Pixels, float]:
    """Where to fill on one head: the box it speaks of (x0, y0, x1, y1), its mask (0 or 1), the share of the face under it.

    ``everybody``: all faces of the photo, whose eyes and mouths are spared. ``kinds``: of marks.
    """
    box = around(face, 2.9, pixels.shape).astype(np.int64)
    x0, y0, x1, y1 = box
    view = pixels[y0:y1, x0:x1]
    zoom = min(1.0, FIX_UNIT / face.eye_span)
    unit = zoom * face.eye_span
    lab = to_lab(view, zoom)
    features = np.zeros(lab.shape[:2], np.uint8)
    for other in everybody:
        points = (other.landmarks[:, :2] - np.array([x0, y0], np.float32)) * zoom
        draw_features(features, points, other.eye_span * zoom, brows=False, around=0.08)
    oval = np.zeros(lab.shape[:2], np.uint8)
    points = (face.landmarks[list(OVAL), :2] - np.array([x0, y0], np.float32)) * zoom
    cv2.fillPoly(oval, [np.rint(points).astype(np.int32)], (1,))
    near = away(face, (x0, y0), zoom, lab.shape, raised=HEAD_RAISED) < HEAD_REACH
    marked = np.zeros(lab.shape[:2], bool)
    for kind, least in product(kinds, (KNOWN, WIDE)):
        label = marks(lab, unit, kind, least, features, oval)
        # A mark is filled whole or not at all, since a stump shows more: if it touches the face, or lies mostly on the head.
        chosen = np.bincount(label.ravel(), near.ravel()) > 0.5 * np.bincount(label.ravel())
        inside = np.bincount(label.ravel(), oval.ravel())
        chosen = inside > 0.5 * np.bincount(label.ravel()) if least is WIDE else chosen | (inside > 0)
        chosen[0] = False
        marked |= chosen[label]
    reach = max(1, round(0.03 * unit))
    mask = np.asarray(cv2.dilate(marked.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), np.uint8)
    mask[features > 0] = 0
    covered = float(mask[oval > 0].mean()) if oval.any() else 0.0
    if zoom < 1:
        mask = np.asarray(cv2.resize(mask, view.shape[1::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
    return box, mask, covered


def fill(pixels: Pixels, masks: list[tuple[Box, Pixels]], unit: float) -> None:
    """Fills ``pixels`` under all masks at once, so that no filling is drawn from another.

    ``unit``: pixels an eye distance, of the largest face.
    """
    boxes = np.array([box for box, _ in masks])
    (x0, y0), (x1, y1) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    whole = np.zeros((y1 - y0, x1 - x0), np.uint8)
    for (left, top, right, bottom), mask in masks:
        whole[top - y0 : bottom - y0, left - x0 : right - x0] |= mask
    view = pixels[y0:y1, x0:x1]
    zoom = min(1.0, FIX_UNIT / unit)  # filling is smooth: on a large face it is found on fewer pixels
    size = (max(1, round(view.shape[1] * zoom)), max(1, round(view.shape[0] * zoom)))
    small = np.ascontiguousarray(view if zoom == 1 else cv2.resize(view, size, interpolation=cv2.INTER_AREA))
    under = whole if zoom == 1 else (cv2.resize(whole * 255, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    filled = cv2.inpaint(small, under, FILL_RADIUS, cv2.INPAINT_TELEA)
    if zoom < 1:
        filled = cv2.resize(filled, view.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    np.copyto(view, np.asarray(filled, np.uint8), where=whole[..., None] > 0)
