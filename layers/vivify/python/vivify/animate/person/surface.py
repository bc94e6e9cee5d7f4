"""The person as a triangle mesh that follows the head.

The face is the 468-point mesh with its openings (eyes, mouth) filled in; around it a grid of points carries hair, ears,
neck and shoulders. Each point knows its depth and how much it follows the head (``reach``).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.person.borders import Borders
from vivify.animate.person.reach import Reach
from vivify.animate.person.territory import Territory
from vivify.arrays import Float
from vivify.depth.head import HeadFrame, Turn
from vivify.depth.raster import signed_area2
from vivify.faces.topology import CHIN, MESH, OVAL, triangles

# In eye distances.
_GRID = 0.26
_CLEAR_OF_OUTLINE = 0.1  # grid points nearer to the face's outline than this are left out
_NECK_BARE = 0.4  # this far below the chin shoulders and hands have not yet joined the head
_THING = 0.15  # square eye distances: what stands beside the head covers at least this much
_SEEN = 0.3  # of the matte: what is denser than this is there, as glass is
_COARSE = 32.0  # pixels of an eye distance in which shapes beside the head are told apart
_SHUT = 0.03  # a triangle smaller than a square of this side may be a shut lid or lip
_SPREAD = 0.2  # how far an expression pulls on the skin outside the face's outline


@dataclass(frozen=True)
class Surface:
    """``vertices``: (N, 3) float32 region pixels, the 468 landmarks first. ``follow``: (N,) float32 in 0..1, how much each
    turns with the head; ``lean``: (N,) float32 in 0..1, how much it goes where the head goes; ``chest``: (N,) float32 in
    0..1, how much it goes where the chest goes by itself.
    ``spread``: (N - 468, 36) float32: how the outer points share the outline's displacement.
    ``right_down``, ``left_up``: (N, 2) float32 in 0..1: how freely points move into the picture, away from its left and
    upper, and from its right and lower border: beyond those there is nothing that could follow.
    ``triangles``: (M, 3) int32, the ``base`` leading ones being the surroundings, then what fills the mouth, then the face.
    ``front``: (M,) float32, each triangle's signed area in the photo, infinite where its skin is not seen there.
    """

    vertices: Float
    follow: Float
    lean: Float
    chest: Float
    spread: Float
    right_down: Float
    left_up: Float
    triangles: NDArray[np.int32]
    base: int
    front: Float

    def moved(self, displacement: Float, turn: Turn, chest: Float) -> Float:
        """(N, 3) float32: where the vertices go.

        ``displacement``: (468, 3) float32 pixels in the camera frame, the expression. ``turn``: of the head; its rotation
        and zoom are for points that follow wholly, its shift for points that lean with it wholly. ``chest``: (2,) float32
        pixels, where the chest goes by itself.
        """
        points = self.vertices.copy()
        points[:MESH] += displacement
        points[MESH:] += np.tensordot(self.spread, displacement[list(OVAL)], axes=1)
        followed = turn.about_pivot(points) - points
        points += self.follow[:, None] * followed + self.lean[:, None] * turn.shift
        points[:, :2] += self.chest[:, None] * chest
        step = points[:, :2] - self.vertices[:, :2]
        points[:, :2] = self.vertices[:, :2] + step * np.where(step > 0, self.right_down, self.left_up)
        return points


def build_surface(
    landmarks: Float,
    territory: Territory,
    matte: Float,
    depth: Float,
    borders: Borders | None = None,
    lean: float = 1.0,
    body: float | None = None,
) -> Surface:
    """The mesh of one person.

    ``landmarks``: (478, 3) float32 region pixels; ``territory``: of its head, among other people's; ``matte``: (H, W)
    float32 in 0..1, who is not background; ``depth``: (H, W) float32, the person's surface (``DepthMap.person``).
    ``borders``: of the picture; None where they are far away. ``lean``: eye distances that the head may go; ``body``: the
    share of its way that its body goes, None for people's usual.
    """
    head = territory.head
    outer = _grid_points(landmarks, head, depth.shape, lean)
    column = np.clip(np.round(outer[:, 0]).astype(int), 0, depth.shape[1] - 1)
    row = np.clip(np.round(outer[:, 1]).astype(int), 0, depth.shape[0] - 1)
    outer = np.concatenate([outer, depth[row, column][:, None]], axis=1)
    vertices = np.concatenate([landmarks[:MESH], outer]).astype(np.float32)

    own = territory.freedom(outer[:, :2])
    with_head = _with_head(outer, matte, landmarks, head)
    reach = Reach.of(lean, body, cut=borders is not None and borders.cut_below)
    u, v = head.upright(outer[:, 0], outer[:, 1])
    chin = _chin(landmarks, head)
    follow = reach.turning(u, v, chin) * own * with_head
    # Who walks takes along what he holds; who only leans does not.
    leaning = reach.share(u, v, chin) * own * (with_head if lean <= 1 else 1)
    right_down, left_up = np.ones((2, len(vertices), 2), np.float32) if borders is None else borders.freedom(vertices[:, :2])
    if borders is None or borders.hold(landmarks[:MESH, :2]):  # a face that is whole moves as one
        right_down[:MESH], left_up[:MESH] = 1, 1
    around = _delaunay(vertices, np.concatenate([np.array(OVAL), np.arange(MESH, len(vertices))]))
    face = triangles()
    # A face triangle that shows its back in the photo holds none of its own skin. Shut lids and lips have no area yet.
    area = signed_area2(vertices[face][..., :2])
    shut = (_SHUT * head.unit) ** 2
    seen = np.where(area > -shut, np.maximum(area, 1e-3), np.inf)
    front = np.concatenate([signed_area2(vertices[around][..., :2]), seen])
    return Surface(
        vertices=vertices,
        follow=np.concatenate([np.ones(MESH, np.float32), follow]),
        lean=np.concatenate([np.ones(MESH, np.float32), leaning]),
        chest=np.concatenate([np.zeros(MESH, np.float32), reach.chest(u, v, chin) * own]),
        spread=_spread(outer, landmarks, head),
        right_down=right_down,
        left_up=left_up,
        triangles=np.concatenate([around, face]),
        base=len(around),
        front=front.astype(np.float32),
    )


def _grid_points(landmarks: Float, head: HeadFrame, shape: tuple[int, ...], lean: float) -> Float:
    """Grid points over the region that are clear of the face, (K, 2), and far enough beyond to cover it when all moved."""
    gap = _GRID * head.unit
    beyond = 2 * max(1.0, lean) * head.unit
    ys, xs = (
        np.concatenate(
            [[-beyond], np.linspace(-gap, side - 1 + gap, max(3, round((side + 2 * gap) / gap)) + 1), [side + beyond]]
        )
        for side in shape[:2]
    )
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype(np.float32)
    outline = landmarks[list(OVAL), :2].astype(np.float32)
    clear = [cv2.pointPolygonTest(outline, (float(x), float(y)), True) < -_CLEAR_OF_OUTLINE * head.unit for x, y in grid]
    return np.asarray(grid[np.array(clear)], np.float32)


def _delaunay(vertices: Float, members: NDArray[np.int_]) -> NDArray[np.int32]:
    """Delaunay triangles (vertex numbers) over the member vertices."""
    points = vertices[members, :2]
    low = np.floor(points.min(axis=0)) - 2
    high = np.ceil(points.max(axis=0)) + 2
    plane = cv2.Subdiv2D((int(low[0]), int(low[1]), int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1))
    number: dict[tuple[float, float], int] = {}
    for member, (x, y) in zip(members.tolist(), points.tolist(), strict=True):
        number.setdefault((x, y), member)
        plane.insert((x, y))
    found = []
    for ax, ay, bx, by, cx, cy in np.asarray(plane.getTriangleList()).tolist():
        corners = [number.get(p) for p in ((ax, ay), (bx, by), (cx, cy))]
        if all(c is not None for c in corners):
            found.append(corners)
    return np.array(found, np.int32)


def _chin(landmarks: Float, head: HeadFrame) -> float:
    """How far the chin lies below the middle of the face, in eye distances."""
    return float(head.upright(landmarks[CHIN : CHIN + 1, 0], landmarks[CHIN : CHIN + 1, 1])[1][0])


def _with_head(outer: Float, matte: Float, landmarks: Float, head: HeadFrame) -> Float:
    """(K,) float32 in 0..1: 0 on what stands beside the head without touching it, as a raised hand or what it holds."""
    zoom = min(1.0, _COARSE / head.unit)  # outlines need no more
    unit = zoom * head.unit
    coarse = cv2.resize(matte, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    y, x = np.indices(coarse.shape, np.float32) / np.float32(zoom)
    upper = (coarse > _SEEN) & (head.upright(x, y)[1] < _chin(landmarks, head) + _NECK_BARE)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(upper.astype(np.uint8))
    last = np.array(coarse.shape[::-1]) - 1
    middle = np.clip(zoom * head.origin[:2], 0, last).astype(int)
    own = labels == labels[middle[1], middle[0]]
    # A lock of hair that the matte has cut off is small and still the head's.
    things = (stats[:, cv2.CC_STAT_AREA] > _THING * unit**2)[labels] & upper & ~own
    around = cv2.dilate(things.astype(np.float32), _disc(1.6 * _GRID * unit))
    near = cv2.dilate(own.astype(np.float32), _disc(_GRID / 2 * unit))
    side = 2 * max(1, round(_GRID / 2 * unit)) + 1
    free = 1 - cv2.blur(around * (1 - near), (side, side))
    column, row = np.clip(np.round(zoom * outer[:, :2]), 0, last).astype(int).T
    return np.asarray(free[row, column], np.float32)


def _disc(radius: float) -> NDArray[np.uint8]:
    side = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _spread(outer: Float, landmarks: Float, head: HeadFrame) -> Float:
    """(K, 36): each outer point's share in the displacement of the outline's points, fading with distance."""
    outline = landmarks[list(OVAL), :2]
    away = np.linalg.norm(outer[:, None, :2] - outline[None], axis=2) / head.unit
    weight = 1.0 / (away**2 + 0.01) ** 2
    weight /= weight.sum(axis=1, keepdims=True)
    return (weight * np.exp(-((away.min(axis=1, keepdims=True) / _SPREAD) ** 2))).astype(np.float32)
