"""The mesh painter: exact where it must be exact, and what is nearer hides what is farther."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vivify.arrays import Float
from vivify.depth.raster import Rasteriser, signed_area2

Triangles = NDArray[np.int32]

SIZE = (40, 32)  # width, height

_angle = st.floats(-np.pi, np.pi)
_stretch = st.floats(0.5, 2.0)
_shift = st.floats(-6, 6)


def _mesh(columns: int = 7, rows: int = 6, jitter: float = 0.0, seed: int = 0) -> tuple[Float, Triangles]:
    """A grid over more than the picture, (N, 3) float32, and its triangles, clockwise on the screen."""
    rng = np.random.default_rng(seed)
    gap = np.array([(SIZE[0] + 80) / (columns - 1), (SIZE[1] + 80) / (rows - 1)])
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    points = np.stack([x.ravel(), y.ravel()], axis=1) * gap - 40 + rng.uniform(-jitter, jitter, (columns * rows, 2)) * gap
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)[None]).ravel()
    first = np.stack([corner, corner + 1, corner + columns], axis=1)
    second = np.stack([corner + 1, corner + columns + 1, corner + columns], axis=1)
    vertices = np.column_stack([points, np.zeros(len(points))]).astype(np.float32)
    return vertices, np.concatenate([first, second]).astype(np.int32)


@dataclass
class Painter:
    """A mesh and what its vertices carry; its triangles face us as they lie at first."""

    vertices: Float
    triangles: Triangles
    values: Float
    base: int = 0
    never: int = 0  # so many leading triangles are never to be drawn

    def __post_init__(self) -> None:
        front = signed_area2(self.vertices[self.triangles][..., :2])
        front[: self.never] = np.inf
        self._raster = Rasteriser(self.triangles, front, base=self.base, size=SIZE)

    def draw(self, vertices: Float) -> Float:
        return self._raster.draw(vertices, self.values)


def _raster(vertices: Float, triangles: Triangles) -> Painter:
    """A mesh that carries its own places."""
    return Painter(vertices, triangles, vertices[:, :2].copy())


def _pixels() -> Float:
    """(H, W, 2): each pixel's own place."""
    column, row = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    return np.stack([column, row], axis=-1).astype(np.float32)


@given(jitter=st.floats(0, 0.3), seed=st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_vertices_at_rest_give_each_pixel_its_own_place(jitter: float, seed: int) -> None:
    """A mesh that carries its own places and has not moved says of every pixel that it is itself."""
    vertices, triangles = _mesh(jitter=jitter, seed=seed)
    assert np.abs(_raster(vertices, triangles).draw(vertices) - _pixels()).max() < 1e-3


@given(turn=_angle, wide=_stretch, high=_stretch, dx=_shift, dy=_shift)
@settings(max_examples=40, deadline=None)
def test_affine_motion_is_inverted_exactly(turn: float, wide: float, high: float, dx: float, dy: float) -> None:
    """When all vertices turn, stretch and shift together, every pixel inside finds where it came from."""
    vertices, triangles = _mesh()
    cos, sin = np.cos(turn), np.sin(turn)
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag([wide, high])
    centre = np.array([SIZE[0] / 2, SIZE[1] / 2])
    moved = vertices.copy()
    moved[:, :2] = (vertices[:, :2] - centre) @ linear.T + centre + [dx, dy]
    wanted = (_pixels() - centre - [dx, dy]) @ np.linalg.inv(linear).T + centre
    seen = _raster(vertices, triangles).draw(moved)
    covered = (np.abs(wanted - centre) < np.array([SIZE[0] / 2 + 35, SIZE[1] / 2 + 35])).all(axis=2)
    assert covered.any()
    assert np.abs(seen - wanted)[covered].max() < 5e-3


def _two_sheets(near_first: bool, nearer: float, farther: float, base: int = 0, never: int = 0) -> tuple[Float, Painter]:
    """Two sheets over the whole picture; the one that carries 1 is at ``nearer``, the other, carrying 2, at ``farther``."""
    sheet, triangles = _mesh()
    near, far = sheet.copy(), sheet.copy()
    near[:, 2], far[:, 2] = nearer, farther
    pair = (near, far) if near_first else (far, near)
    vertices = np.concatenate(pair)
    value = np.where(vertices[:, 2:3] == np.float32(nearer), 1.0, 2.0).repeat(2, axis=1).astype(np.float32)
    both = np.concatenate([triangles, triangles + len(sheet)]).astype(np.int32)
    return vertices, Painter(vertices, both, value, base, never)


@given(near_first=st.booleans(), nearer=st.floats(-50, 50, width=32), gap=st.floats(0.5, 50, width=32))
@settings(max_examples=30, deadline=None)
def test_nearer_hides_farther_whatever_the_order(near_first: bool, nearer: float, gap: float) -> None:
    """Of two sheets one behind the other the nearer is seen, whichever comes first in the mesh."""
    vertices, raster = _two_sheets(near_first, nearer, nearer + gap)
    assert np.abs(raster.draw(vertices) - 1.0).max() < 1e-4


def test_base_lies_behind_whatever_its_depth() -> None:
    """Triangles of the base are covered by the others even where they are nearer."""
    _, triangles = _mesh()
    vertices, raster = _two_sheets(True, -10.0, 10.0, base=len(triangles))
    assert np.abs(raster.draw(vertices) - 2.0).max() < 1e-4


def test_a_triangle_that_turns_its_back_is_not_drawn() -> None:
    """A near triangle hides the sheet while it faces us, and no longer once it is folded over or squeezed to a line."""
    sheet, triangles = _mesh()
    flap = np.array([[8, 4, -5], [30, 6, -5], [18, 28, -5]], np.float32)
    vertices = np.concatenate([sheet, flap])
    mesh = np.concatenate([triangles, [[len(sheet), len(sheet) + 1, len(sheet) + 2]]]).astype(np.int32)
    value = np.concatenate([np.zeros((len(sheet), 2)), np.ones((3, 2))]).astype(np.float32)
    raster = Painter(vertices, mesh, value)
    assert raster.draw(vertices)[12, 18, 0] == 1.0
    folded = vertices.copy()
    folded[-1, 1] = -20  # the third corner swings over the line of the others
    assert not raster.draw(folded).any()
    squeezed = vertices.copy()
    squeezed[-1] = [19, 5.2, -5]
    assert not raster.draw(squeezed).any()


def test_a_triangle_never_seen_is_never_drawn() -> None:
    """Infinite front area switches a triangle off for good."""
    _, triangles = _mesh()
    vertices, raster = _two_sheets(True, -1.0, 1.0, never=len(triangles))
    assert np.abs(raster.draw(vertices) - 2.0).max() < 1e-4


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_a_picture_does_not_depend_on_the_one_before(seed: int) -> None:
    """Drawing is a function of the vertices: what was drawn before never shines through, even where nothing is drawn now."""
    vertices, triangles = _mesh()
    rng = np.random.default_rng(seed)
    wild, calm = vertices.copy(), vertices.copy()
    wild[:, :2] += rng.normal(0, 12, (len(vertices), 2))
    calm[:, :2] += rng.normal(0, 4, (len(vertices), 2))
    calm[:, 0] += 60  # leaves the left of the picture uncovered
    used = _raster(vertices, triangles)
    used.draw(wild)
    assert np.array_equal(used.draw(calm), _raster(vertices, triangles).draw(calm))
