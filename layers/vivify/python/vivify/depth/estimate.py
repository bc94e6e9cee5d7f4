"""A dense depth map of a portrait from three things: the face mesh, the silhouette, and a simple model of a head.

The mesh gives the face. From its outline on the head falls back, steeply to the sides and slowly above the forehead, as
heads do that were filmed turning (infra/decisions/0020); the neck stands behind the chin, the shoulders below it, and the
background far behind.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float
from vivify.depth.head import HeadFrame
from vivify.depth.raster import Rasteriser
from vivify.easing import smoothstep
from vivify.faces.topology import CHIN, MESH, OVAL, triangles

# In eye distances.
_FALLS_ABOVE, _FALLS_ASIDE = 0.75, 1.25  # for each one outside the face's outline a head is so much farther: above, beside
_FALLS = 1.1  # and so much at most
# Of the body below, judged by eye in turns and nods, not measured: it hardly moves, so what counts is that it starts softly.
_NECK_BEHIND_CHIN = 0.55
_SHOULDERS_FORWARD = 0.25  # of the neck
_SHOULDERS_FROM, _SHOULDERS_TO = 0.6, 1.8  # below the chin they come forward
_BACKGROUND_BEHIND = 4.0
# The body's edge rises towards the ears by the square of the way aside. The jaw does by .71 (median of 48 faces); with the
# body so high what is below the ears stayed behind in turns and smeared (2 of 7 faces looked at, none looked better).
_BODY_RISES = 0.18
_JAW_BLEND = 0.12  # the step from chin to neck is this soft
_SOFT = 0.03  # and all of the surface this
_GRID = 256  # cells on the long side: depth is smooth but for the silhouette, which the matte keeps sharp


@dataclass(frozen=True)
class DepthMap:
    """``person``: (H, W) float32, the person's surface continued beyond the silhouette; ``scene``: (H, W) float32, the
    same with the background behind it. Photo pixels, same zero as the landmarks' z; larger is farther.
    """

    person: Float
    scene: Float

    def as_uint16(self) -> NDArray[np.uint16]:
        """(H, W) uint16 for a PNG: 65535 is nearest, 0 farthest."""
        near, far = float(self.scene.min()), float(self.scene.max())
        return np.round((far - self.scene) / max(far - near, 1e-6) * 65535).astype(np.uint16)


def estimate(landmarks: Float, head: HeadFrame, matte: Float) -> DepthMap:
    """The depth map of a region.

    ``landmarks``: (478, 3) float32 and ``head``, in the region's own pixels; ``matte``: (H, W) float32 in 0..1.
    """
    height, width = matte.shape
    step = -(-max(height, width) // _GRID)
    small = (-(-width // step), -(-height // step))
    points = landmarks[:MESH] * np.array([1 / step, 1 / step, 1.0], np.float32)
    outline = points[list(OVAL)]

    x, y = np.meshgrid(np.arange(small[0], dtype=np.float32), np.arange(small[1], dtype=np.float32))
    face, inside = _face_depth(points, small)
    rim, away = _outline_depth(outline, x, y, inside)

    unit = head.unit
    u, v = head.upright(x * np.float32(step), y * np.float32(step))
    skull = _skull_depth(rim, away * np.float32(step), u, v, unit)
    surface = _with_body(skull, landmarks, head, u, v)
    # On its very rim the mesh covers cells by a corner only, and carries its slope too far: no nearer there than what is
    # beside it, no farther than the outline.
    core = cv2.erode(inside, np.ones((3, 3), np.uint8)).astype(np.float32)
    beside = cv2.blur(face * core, (3, 3)) / np.maximum(cv2.blur(core, (3, 3)), 1e-3)
    face = np.where(core > 0, face, np.minimum(np.maximum(face, beside), rim))
    surface = np.where(inside > 0, face, surface).astype(np.float32)
    surface = np.asarray(cv2.GaussianBlur(surface, (0, 0), max(0.6, _SOFT * unit / step)), np.float32)

    shrink = np.array([[1 / step, 0, 0], [0, 1 / step, 0]], np.float32)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    person = np.asarray(
        cv2.warpAffine(surface, shrink, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
    far = np.float32(float(person.max()) + _BACKGROUND_BEHIND * unit)
    return DepthMap(person=person, scene=np.where(matte > 0.5, person, far).astype(np.float32))


def _skull_depth(rim: Float, away: Float, u: Float, v: Float, unit: float) -> Float:
    """The head beyond the face's outline, whose z nearby is ``rim`` and which is ``away``, pixels; ``u``, ``v``: upright."""
    aside = np.abs(u) / np.maximum(np.hypot(u, v), np.float32(1e-3))
    falls = (_FALLS_ABOVE + (_FALLS_ASIDE - _FALLS_ABOVE) * aside) * away
    return np.asarray(rim + np.minimum(falls, np.float32(_FALLS * unit)), np.float32)


def _with_body(skull: Float, landmarks: Float, head: HeadFrame, u: Float, v: Float) -> Float:
    """Below the jaw: the neck behind the chin, the shoulders a little before the neck."""
    unit = head.unit
    _, chin = head.upright(landmarks[CHIN : CHIN + 1, 0], landmarks[CHIN : CHIN + 1, 1])
    below = v - chin[0] + np.float32(_BODY_RISES) * np.abs(u) ** 2
    neck = np.float32(landmarks[CHIN, 2] + _NECK_BEHIND_CHIN * unit)
    forward = smoothstep((v - chin[0] - _SHOULDERS_FROM) / (_SHOULDERS_TO - _SHOULDERS_FROM))
    body = neck - np.float32(_SHOULDERS_FORWARD * unit) * forward
    return np.asarray(skull + (body - skull) * smoothstep(below / _JAW_BLEND + 0.5), np.float32)


def _face_depth(points: Float, size: tuple[int, int]) -> tuple[Float, NDArray[np.uint8]]:
    """The face mesh's z at each cell, (h, w) float32, and where the face is, 0 or 1: z is meaningless beyond.

    The outline would not tell where: of a head turned by 15 degrees the far cheek already stands out beyond it.
    """
    corners = np.concatenate([np.zeros((1, 3), np.int32), triangles()])  # the first is never drawn: it is where none is
    front = np.concatenate([[np.inf], np.ones(len(corners) - 1)]).astype(np.float32)
    raster = Rasteriser(corners, front, base=0, size=size)
    drawn = raster.draw(points, np.repeat(points[:, 2:3], 2, axis=1))[..., 0]
    inside = raster.spread(np.arange(len(corners), dtype=np.float32)) > 0
    return np.clip(drawn, points[:, 2].min(), points[:, 2].max()), inside.astype(np.uint8)


def _outline_depth(outline: Float, x: Float, y: Float, inside: NDArray[np.uint8]) -> tuple[Float, Float]:
    """For each cell the z of the outline nearby (inverse-distance mean) and the distance to it in cells."""
    total = np.zeros_like(x)
    weight = np.zeros_like(x)
    for px, py, pz in outline:
        w = 1.0 / ((x - px) ** 2 + (y - py) ** 2 + 1.0) ** 2
        total += w * pz
        weight += w
    away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return (total / weight).astype(np.float32), np.asarray(away, np.float32)
