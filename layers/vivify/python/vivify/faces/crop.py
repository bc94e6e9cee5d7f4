"""What of a photo a clip shows, and how large: the faces go along."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Pixels
from vivify.faces.types import Face

LONGEST_SIDE = 4096  # pixels: H.264 level 5 ends here

# In eye distances from the middle of the face, upright.
_SIDE, _UP, _DOWN = 3.2, 2.8, 3.6


def head_and_shoulders(face: Face, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the box, x1 and y1 exclusive, within a photo of ``shape`` (H, W, ...).

    However the head is rolled, the box's sides are the photo's; it reaches as far as the head's own axes do.
    """
    centre, unit = face.landmarks[:, :2].mean(axis=0), face.eye_span
    angle = np.radians(face.pose.roll)
    right, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    corners = [centre + (u * right + v * down) * unit for u in (-_SIDE, _SIDE) for v in (-_UP, _DOWN)]
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
    return x0, y0, min(shape[1], int(np.ceil(high[0]))), min(shape[0], int(np.ceil(high[1])))


def portrait(pixels: Pixels, faces: list[Face], subject: Face) -> tuple[Pixels, list[Face]]:
    """Head and shoulders of ``subject`` out of ``pixels`` (H, W, 3), and all ``faces`` in its pixels."""
    x0, y0, x1, y1 = head_and_shoulders(subject, pixels.shape)
    return pixels[y0:y1, x0:x1], [replace(f, landmarks=f.landmarks - np.array([x0, y0, 0], np.float32)) for f in faces]


def resized(pixels: Pixels, faces: list[Face], size: Literal["native"] | int) -> tuple[Pixels, list[Face]]:
    """``pixels`` (H, W, 3) with a long side of ``size``, or as they are up to ``LONGEST_SIDE``, cut to even sides; and the
    ``faces`` in its pixels.
    """
    longest = max(pixels.shape[:2])
    wanted = min(longest, LONGEST_SIDE) if size == "native" else size
    if wanted != longest:
        zoom = wanted / longest
        sides = (max(2, round(pixels.shape[1] * zoom)), max(2, round(pixels.shape[0] * zoom)))
        how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
        scale = np.array([sides[0] / pixels.shape[1], sides[1] / pixels.shape[0]])
        pixels = np.asarray(cv2.resize(pixels, sides, interpolation=how), np.uint8)
        faces = [replace(f, landmarks=_rescaled(f.landmarks, scale)) for f in faces]
    height, width = pixels.shape[:2]
    return np.ascontiguousarray(pixels[: height - height % 2, : width - width % 2]), faces


def _rescaled(landmarks: NDArray[np.float32], scale: NDArray[np.float64]) -> NDArray[np.float32]:
    """Landmarks after a resize: OpenCV keeps pixel edges, not centres, in place."""
    out = landmarks.astype(np.float64)
    out[:, :2] = (out[:, :2] + 0.5) * scale - 0.5
    out[:, 2] *= scale.mean()
    return out.astype(np.float32)
