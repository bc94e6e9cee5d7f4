"""Hands at a face, and what of it they cover.

One network proposes palms; another reads a hand's landmarks where one is proposed, and says whether there is a hand at all.
Alone the first takes ears, collars and lips for palms; the second does not.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.faces import mesh
from vivify.faces.anchors import grid_anchors
from vivify.faces.geometry import Matrix, Pyramid, Square, apply, invert
from vivify.faces.networks import run

Hands = NDArray[np.float64]

POINTS = 21
WRIST, INDEX, MIDDLE, RING = 0, 5, 9, 13  # the wrist, and where fingers begin
PALM = (0, 1, 5, 9, 13, 17)  # its outline
BONES = (*((k, k + 1) for k in range(20) if k % 4), *((WRIST, root) for root in (1, 5, 9, 13, 17)))
THICK = 0.2  # how thick a finger is, in lengths of the palm

# Squares in which palms are sought: (zoom of the face's own, turn in degrees). Of eleven hands that a border cuts off before
# one woman's lips, the turned ones find three more; two other turned ones, none.
LOOKS = ((1.5, 0.0), (2.1, 0.0), (2.1, 45.0), (2.1, -45.0))
PALM_SIDE, HAND_SIDE = 192, 224  # pixels
ANCHORS = grid_anchors(PALM_SIDE, ((8, 2), (16, 6)))
# A palm is proposed from this logit on; it is at least so large and at most so far from the face's middle, in sides of its
# square: smaller ones are lips, noses and ears, or hands farther back. Two that are nearer than that, in their own sides,
# are the same.
PROPOSED, LEAST, FARTHEST, SAME = -1.5, 0.19, 1.1, 0.3
MOST = 6  # palms looked at closely
# The hand's presence: from here on its square is laid anew, so often; so much it takes to be one. Of 597 faces none has
# bare lips or eyes taken for covered so, from 0.8 on two have. Of 23 with a hand before the lips and their mirror images 42
# are told; 40 with one round.
PERHAPS, SURE, ROUNDS = 0.25, 0.9, 2
# MediaPipe's own: the square around a palm, and around what was read in it; how far it is moved towards the fingers.
PALM_ROOM, PALM_UP, HAND_ROOM, HAND_UP = 2.6, 0.5, 2.0, 0.1
STEADY = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)  # landmarks that the second square is laid around

DETAIL = 64  # pixels of the longer side of what may be covered


def find_hands(photo: Pyramid, face: NDArray[np.floating]) -> Hands:
    """The landmarks of the hands at a face, (N, 21, 3) photo pixels: the wrist, then each finger from the thumb on, from its
    root to its tip. One hand may be told more than once.

    ``face``: its landmarks, (478, 3) photo pixels.
    """
    around = mesh.square_of(np.asarray(face, np.float64))
    points, presence = _read(photo, _palms(photo, around))
    found = []
    for _ in range(ROUNDS):
        points, presence = _read(photo, [_square_of(hand) for hand in points[presence >= PERHAPS]])
        found.append(points[presence >= SURE])
    return np.concatenate(found)


def covered(hands: Hands, outline: NDArray[np.floating]) -> float:
    """The share, 0..1, of what ``outline`` (M, 2) encloses that ``hands`` (N, 21, 3), in its pixels, lie over."""
    low = outline.min(axis=0)
    zoom = DETAIL / max(float(np.ptp(outline, axis=0).max()), 1e-6)
    inside, over = np.zeros((2, DETAIL + 1, DETAIL + 1), np.uint8)
    cv2.fillPoly(inside, [np.round((outline - low) * zoom).astype(np.int32)], (255,))
    for hand in hands:
        thick = THICK * float(np.linalg.norm(hand[MIDDLE] - hand[WRIST]))
        place = np.round((hand[:, :2] - low) * zoom).astype(np.int32)
        cv2.fillPoly(over, [place[list(PALM)]], (255,))
        for one, other in BONES:
            cv2.line(over, place[one].tolist(), place[other].tolist(), (255,), max(1, round(thick * zoom)))
    return float((over[inside > 0] > 0).mean())


def _palms(photo: Pyramid, around: Square) -> list[Square]:
    """The squares in which hands should be read, surest first."""
    looks = [Square(around.x, around.y, around.side * zoom, around.roll + turn) for zoom, turn in LOOKS]
    matrices = [look.to_view(PALM_SIDE) for look in looks]
    boxes, logits = run("palm_detection", ("boxes", "logits"), _views(photo, matrices, PALM_SIDE))
    found: list[tuple[float, Square]] = []
    for look, matrix, values, scores in zip(looks, matrices, boxes, logits[..., 0], strict=True):
        for index in np.flatnonzero(scores >= PROPOSED):
            middle, size, wrist, _, root, *_ = values[index].reshape(-1, 2).astype(np.float64)
            middle, wrist, root = apply(invert(matrix), np.stack([middle, wrist, root]) + ANCHORS[index])
            side = float(size.max()) * look.side / PALM_SIDE
            if side >= LEAST * around.side and np.hypot(*(middle - (around.x, around.y))) <= FARTHEST * around.side:
                found.append((float(scores[index]), _towards(middle, root - wrist, side, PALM_UP, PALM_ROOM)))
    kept: list[Square] = []
    for _, one in sorted(found, key=lambda each: -each[0]):
        if all(np.hypot(one.x - o.x, one.y - o.y) >= SAME / PALM_ROOM * max(one.side, o.side) for o in kept):
            kept.append(one)
    return kept[:MOST]


def _views(photo: Pyramid, matrices: list[Matrix], side: int) -> NDArray[np.float32]:
    """What ``matrices`` show, (N, side, side, 3), 0..1."""
    return np.stack([photo.view(matrix, (side, side)) for matrix in matrices]).astype(np.float32) / np.float32(255)


def _read(photo: Pyramid, squares: list[Square]) -> tuple[Hands, NDArray[np.float32]]:
    """What is read in each square: (N, 21, 3) landmarks, photo pixels, and (N,) whether there is a hand, 0..1."""
    if not squares:
        return np.zeros((0, POINTS, 3)), np.zeros(0, np.float32)
    matrices = [square.to_view(HAND_SIDE) for square in squares]
    points, presence = run("hand_landmarks", ("landmarks", "presence"), _views(photo, matrices, HAND_SIDE))
    there = [apply(invert(matrix), seen.astype(np.float64)) for matrix, seen in zip(matrices, points, strict=True)]
    return np.stack(there), presence


def _square_of(hand: NDArray[np.float64]) -> Square:
    """The square that the network wants around (21, 3) landmarks."""
    flat = hand[:, :2]
    up = flat[[INDEX, MIDDLE, RING]].T @ (0.25, 0.5, 0.25) - flat[WRIST]
    up /= max(float(np.hypot(*up)), 1e-6)
    axes = np.array([[-up[1], up[0]], -up])  # right and down, of the hand held upright
    own = flat[list(STEADY)] @ axes.T
    low, high = own.min(axis=0), own.max(axis=0)
    middle = (low + high) / 2 @ axes
    return _towards(middle, up, float((high - low).max()), HAND_UP, HAND_ROOM)


def _towards(middle: NDArray[np.float64], up: NDArray[np.float64], side: float, by: float, room: float) -> Square:
    """A square ``room`` times ``side`` large, its top where ``up`` points, moved there from ``middle`` ``by`` sides."""
    x, y = middle + by * side * up / max(float(np.hypot(*up)), 1e-6)
    return Square(float(x), float(y), room * side, float(np.degrees(np.arctan2(up[0], -up[1]))))
