"""The mean face: 468 vertices in centimetres and 898 triangles.

MediaPipe's wheel holds the topology (as drawing connections) but not its canonical face, so the vertices are
measured: MediaPipe's own landmarks of many people looking into the camera with the mouth closed, brought
together by similarity (generalised Procrustes), made symmetric, and given a metric scale by the iris, whose
width is nearly the same in all adults: 1.17 cm.

Frame: x to the right of the picture (the person's left), y up, z towards the camera. The face is upright
when the top of the forehead (10) stands over the chin (152). The origin lies inside the head, 2.7 cm below
and 3.2 cm behind the outer corners of the eyes, about where MediaPipe puts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from mediapipe.python.solutions.face_mesh import FaceMesh
from mediapipe.tasks.python.vision.face_landmarker import FaceLandmarksConnections
from scipy.optimize import linear_sum_assignment

IRIS_CM = 1.17
EYES_FROM_ORIGIN = (2.7, 3.2)  # centimetres: y and z of the eyes' outer corners
FOREHEAD, CHIN, EYES = 10, 152, (33, 263)
HOLE_STARTS = (33, 263, 78)  # a corner of each eye and of the inner lips: where filling a hole begins
FRAMES_PER_CLIP = 12
MAX_ASYMMETRY = 0.12  # |left - right| / (left + right) of nose to cheek: about 8 degrees of yaw
MAX_MOUTH = 0.04  # gap of the inner lips against the distance of the eyes: closed


def triangles() -> np.ndarray:
    """The wheel's tessellation, eyes and mouth filled: (898, 3) int16, counter-clockwise to the camera."""
    edges = [(e.start, e.end) for e in FaceLandmarksConnections.FACE_LANDMARKS_TESSELATION]
    faces = []
    for a, b, c in zip(edges[0::3], edges[1::3], edges[2::3], strict=True):
        if not (a[1] == b[0] and b[1] == c[0] and c[1] == a[0]):
            raise ValueError("the tessellation is not a list of triangles")
        faces.append((a[0], b[0], c[0]))
    directed = {edge for f in faces for edge in ((f[0], f[1]), (f[1], f[2]), (f[2], f[0]))}
    if len(directed) != 3 * len(faces):
        raise ValueError("the tessellation's triangles do not all turn the same way")
    # A rim edge has no twin; its reverse belongs to whatever fills the hole.
    rim = {b: a for a, b in directed if (b, a) not in directed}
    for start in HOLE_STARTS:
        loop = [start]
        while rim[loop[-1]] != start:
            loop.append(rim[loop[-1]])
        faces += _ladder(loop)
    return np.array(faces, np.int16)


def _ladder(loop: list[int]) -> list[tuple[int, int, int]]:
    """Fill a loop with triangles that zigzag between its two sides, from its first vertex on."""
    low, high, faces = 1, len(loop) - 1, [(loop[0], loop[1], loop[-1])]
    while high - low > 1:
        faces.append((loop[low], loop[low + 1], loop[high]))
        low += 1
        if high - low > 1:
            faces.append((loop[low], loop[high - 1], loop[high]))
            high -= 1
    return faces


def measure(footage: Path) -> np.ndarray:
    """The mean face of the people in a folder of photos and clips: (468, 3) float32, centimetres."""
    people = []
    for path in sorted(footage.rglob("*")):
        faces = [f for image in _images(path) if (f := _frontal(image)) is not None]
        if faces:
            people.append(np.mean([_align(f, faces[0]) for f in faces], axis=0))
    if len(people) < 20:
        raise SystemExit(f"only {len(people)} people look into the camera; at least 20 are needed")
    mean = people[0]
    for _ in range(10):
        mean = np.mean([_align(p, mean) for p in people], axis=0)
    mirror = _mirror(mean[:468])
    mirrored = (mean[:468] * (-1, 1, 1))[mirror]
    mean = (mean[:468] + _align(mirrored, mean[:468])) / 2
    print(f"mean of {len(people)} people")
    return _pose(mean, mirror).astype(np.float32)


def _images(path: Path) -> Iterator[np.ndarray]:
    if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
        image = cv2.imread(str(path))
        if image is not None:
            yield image
    elif path.suffix.lower() in (".mp4", ".mov"):
        clip = cv2.VideoCapture(str(path))
        count = int(clip.get(cv2.CAP_PROP_FRAME_COUNT))
        for index in np.linspace(0, count - 1, FRAMES_PER_CLIP).astype(int):
            clip.set(cv2.CAP_PROP_POS_FRAMES, int(index))
            ok, image = clip.read()
            if ok:
                yield image


def _frontal(image: np.ndarray) -> np.ndarray | None:
    """478 landmarks of a calm face that looks into the camera, in centimetres by its irises; else None."""
    height, width = image.shape[:2]
    with FaceMesh(static_image_mode=True, refine_landmarks=True, max_num_faces=1) as mesh:
        found = mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).multi_face_landmarks
    if not found:
        return None
    p = np.array([(q.x * width, -q.y * height, -q.z * width) for q in found[0].landmark])
    eyes = np.linalg.norm(p[263] - p[33])
    right, left = p[1, 0] - p[234, 0], p[454, 0] - p[1, 0]
    if abs(right - left) > MAX_ASYMMETRY * (right + left) or np.linalg.norm(p[13] - p[14]) > MAX_MOUTH * eyes:
        return None
    irises = [np.linalg.norm(p[a, :2] - p[b, :2]) for a, b in ((469, 471), (474, 476))]
    return p * (IRIS_CM / np.mean(irises))


def _align(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Rotate and move ``points`` onto ``target`` by least squares. Sizes stay: they are averaged too."""
    a, b = points - points.mean(0), target - target.mean(0)
    u, _, vt = np.linalg.svd(a.T @ b)
    flip = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    return a @ (u @ flip @ vt) + target.mean(0)


def _mirror(points: np.ndarray) -> np.ndarray:
    """For each vertex, its twin on the other side: the cheapest pairing with the mirrored face."""
    centred = points - points[[FOREHEAD, CHIN, 1]].mean(0)
    gap = np.linalg.norm(centred[:, None] * (-1, 1, 1) - centred[None], axis=2)
    twin = linear_sum_assignment(gap**2)[1]
    if not np.array_equal(twin[twin], np.arange(len(points))):
        raise ValueError("left and right vertices do not pair up; use more footage")
    return np.asarray(twin)


def _pose(points: np.ndarray, twin: np.ndarray) -> np.ndarray:
    """Stand a symmetric face upright, its plane of symmetry at x = 0, and put the origin in its place."""
    across = points[twin] - points
    x = np.where(across[:, :1] > 0, across, -across).sum(0)
    x /= np.linalg.norm(x)
    up = points[FOREHEAD] - points[CHIN]
    y = up - x * (up @ x)
    y /= np.linalg.norm(y)
    upright = points @ np.stack([x, y, np.cross(x, y)]).T
    eyes = upright[list(EYES)].mean(0)
    upright -= (eyes[0], eyes[1] - EYES_FROM_ORIGIN[0], eyes[2] - EYES_FROM_ORIGIN[1])
    upright[twin == np.arange(len(twin)), 0] = 0  # exactly on the midline
    return upright
