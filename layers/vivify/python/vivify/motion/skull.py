"""Where a head went in a video, told by what of it makes no faces: hair, forehead, the bridge of the nose.

Landmarks follow a head through any turn, but where one side of a face smiles or a jaw drops, their network turns and moves
the whole head by a few degrees. Texture does not. Points of the upper head, whose depth is known in one frame, are found in
each other one by optical flow (Lucas and Kanade's, there and back); the head is where it explains most of them. Every frame
is held against that one, so that nothing drifts and nothing else is kept. The depth of hair is a guess, though, and errs the
more the farther a head turns: what is believed lies between both, nearer to whichever can be expected to err less.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Pixels
from vivify.faces.pose import RigidFit, head_fit
from vivify.faces.topology import EYES, LEFT_BROW, MESH, NOSE, OVAL, RIGHT_BROW
from vivify.motion.smooth import fill_gaps

Array = NDArray[np.float64]

# Frames are looked at upright and at one size. In its pixels:
_UNIT = 64.0  # an eye distance
_VIEW, _EYES_AT = (320, 288), (160.0, 176.0)  # the hair matters, the chin does not
_MOST, _APART, _TEXTURE = 120, 5.0, 0.01  # points looked for, between them, and how good over the best
_WINDOW = (19, 19)
_THERE_AND_BACK = 0.6  # a point that comes back farther from where it set out is lost
_OUTLIER = 1.2  # a point this far off where the head would have it counts half
_FEWEST, _HELD, _OFF = 16, 0.5, 1.0  # points, their share of all, and how far off the median one may be, to be believed
_FITS = 8

# In eye distances.
_ASIDE, _UP = 1.45, 2.2  # how far the head reaches from between the eyes
_LIVELY = 0.12  # around eyes and brows skin moves by itself
_ROUND = 0.8  # how fast a head falls back beyond the face's outline

# Degrees that each errs by: landmarks of a face that makes faces; texture, and for each degree it turned. Texture of a head
# that had to be enlarged errs as much more, or one that takes less of the picture's longer side: blur does not shrink with
# it. (Of 14 heads, filmed and made again from the first frame, fitted to the pixels.)
_TOLD_ERRS, _FOUND_ERRS, _FOUND_ERRS_MORE = 2.5, 0.3, 0.5
_LITTLE = 0.09  # an eye distance, of the picture's longer side


class Skull:
    """The head of one frame, to be found again in others. ``frame``: (H, W, 3) uint8; ``points``: (478, 3), its pixels."""

    def __init__(self, frame: Pixels, points: NDArray[np.floating]) -> None:
        upright = _upright(points)
        self._fit = head_fit(points)
        self._grey = _view(frame, upright)
        corners = cv2.goodFeaturesToTrack(self._grey, _MOST, _TEXTURE, _APART, mask=_upper_head(_through(upright, points)))
        self._flat = np.zeros((0, 2), np.float32) if corners is None else np.array(corners[:, 0], np.float32)
        self._solid = _with_depth(_through(_back(upright), self._flat), points)

    def found(self, frame: Pixels, points: NDArray[np.floating]) -> RigidFit | None:
        """Where the head is in ``frame``, from the pixels of its own one, or None if that is unsure; its depth is not told.

        ``points``: (478, 3), the landmarks in ``frame``: it is looked for from where they say.
        """
        if len(self._flat) < _FEWEST:
            return None
        upright = _upright(points)
        grey = _view(frame, upright)
        fit = head_fit(points).after(self._fit.inverse())
        guess = _through(upright, fit.apply(self._solid)).astype(np.float32)
        there = _flow(self._grey, grey, self._flat, guess)
        back = _flow(grey, self._grey, there, self._flat)
        held = np.linalg.norm(back - self._flat, axis=1) < _THERE_AND_BACK
        if held.sum() < max(_FEWEST, _HELD * len(held)):
            return None
        pixel = 1 / np.sqrt(np.linalg.det(upright[:, :2]))
        seen = _through(_back(upright), there[held])
        fit = _explaining(self._solid[held], seen, fit, _OUTLIER * pixel)
        off = np.linalg.norm(fit.apply(self._solid[held])[:, :2] - seen, axis=1)
        return fit if np.median(off) < _OFF * pixel else None


def believed(told: Sequence[RigidFit], found: Sequence[RigidFit | None], middle: Array, side: int) -> list[RigidFit]:
    """Where the head is in each frame, from its own coordinates to pixels.

    ``told``: by its landmarks; ``found``: by texture, from the pixels of the first frame that has an entry; ``middle``: (3,)
    of the face, in the head's coordinates; ``side``: the frames' longer one, in pixels. Between frames where texture tells
    nothing what it tells is bridged.
    """
    known = np.array([fit is not None for fit in found])
    if not known.any():
        return list(told)
    first = told[int(np.argmax(known))]
    more = max(1.0, max(_UNIT, _LITTLE * side) / first.scale)
    moved = [np.zeros(6) if f is None else _to_believe(t, f, first, middle, more) for t, f in zip(told, found, strict=True)]
    bridged = fill_gaps(np.stack(moved), known).astype(np.float64)
    return [_moved_by(row, fit, middle) for row, fit in zip(bridged, told, strict=True)]


def _to_believe(told: RigidFit, found: RigidFit, first: RigidFit, middle: Array, more: float) -> Array:
    """(6,): what to move the head ``told`` by: turn (rotation vector), right and down in pixels, growth (logarithm).
    ``more``: times texture errs by what it usually does.
    """
    fit = found.after(first)
    turned = np.degrees(np.linalg.norm(_vector(found.rotation)))
    errs = more * (_FOUND_ERRS + _FOUND_ERRS_MORE * turned)
    aside, down, _ = fit.apply(middle) - told.apply(middle)
    whole = np.array([*_vector(fit.rotation @ told.rotation.T), aside, down, np.log(fit.scale / told.scale)])
    return np.asarray(whole * _TOLD_ERRS**2 / (_TOLD_ERRS**2 + errs**2), np.float64)


def _moved_by(step: Array, fit: RigidFit, middle: Array) -> RigidFit:
    """``fit`` turned and grown about ``middle``, which goes right and down; ``step`` as of ``_to_believe``."""
    scale, rotation = fit.scale * float(np.exp(step[5])), np.asarray(cv2.Rodrigues(step[:3])[0]) @ fit.rotation
    place = fit.apply(middle) + np.array([step[3], step[4], 0.0])
    return RigidFit(scale, rotation, place - scale * rotation @ middle)


def _explaining(solid: Array, seen: Array, fit: RigidFit, outlier: float) -> RigidFit:
    """``fit`` moved until it shows most of ``solid`` (N, 3) where they are ``seen`` (N, 2).

    Gauss and Newton's method for a head seen from afar; points that are off count less, by Cauchy's weights.
    """
    for _ in range(_FITS):
        shown = fit.apply(solid)
        off = seen - shown[:, :2]
        middle = shown.mean(axis=0)
        x, y, z = (shown - middle).T
        none, one = np.zeros_like(x), np.ones_like(x)
        # What turning about the three axes, going right and down, and growing do to x and to y.
        across, along = np.stack([none, z, -y, one, none, x], axis=1), np.stack([-z, none, x, none, one, y], axis=1)
        weight = np.tile(1 / np.sqrt(1 + (np.linalg.norm(off, axis=1) / outlier) ** 2), 2)
        slopes = np.concatenate([across, along])
        step = np.linalg.lstsq(slopes * weight[:, None], off.T.ravel() * weight, rcond=None)[0]
        fit = _moved_by(step, fit, fit.inverse().apply(middle))
    return fit


def _vector(rotation: Array) -> Array:
    return np.asarray(cv2.Rodrigues(rotation)[0][:, 0], np.float64)


def _upright(points: NDArray[np.floating]) -> Array:
    """(2, 3): the frame's pixels to the view's."""
    right, left = (points[[eye.outer, eye.inner]].astype(np.float64).mean(axis=0) for eye in EYES)
    zoom = _UNIT / np.linalg.norm(left - right)
    across, down, _ = left - right
    cos, sin = zoom * np.array([across, down]) / np.hypot(across, down)
    linear = np.array([[cos, sin], [-sin, cos]])
    return np.column_stack([linear, np.array(_EYES_AT) - linear @ (right + left)[:2] / 2])


def _view(frame: Pixels, upright: Array) -> Pixels:
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    how = cv2.INTER_AREA if np.linalg.det(upright[:, :2]) < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(grey, upright, _VIEW, flags=how, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _through(matrix: NDArray[np.floating], points: NDArray[np.floating]) -> Array:
    """(N, 2): ``points`` (N, 2 or 3) in the picture, seen through a (2, 3) ``matrix``."""
    return np.asarray(points[:, :2] @ matrix[:, :2].T + matrix[:, 2], np.float64)


def _back(matrix: Array) -> Array:
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def _upper_head(face: Array) -> Pixels:
    """The view, (h, w) uint8: not 0 on hair, forehead, temples and nose. ``face``: (478, 2) landmarks in the view."""
    mask = np.zeros(_VIEW[::-1], np.uint8)
    between = tuple(np.round(_EYES_AT).astype(int).tolist())
    cv2.ellipse(mask, between, (round(_ASIDE * _UNIT), round(_UP * _UNIT)), 0, 180, 360, (255,), cv2.FILLED)
    cv2.fillConvexPoly(mask, cv2.convexHull(face[list(NOSE)].astype(np.int32)), (255,))
    for eye, brow in zip(EYES, (RIGHT_BROW, LEFT_BROW), strict=True):
        lively = cv2.convexHull(face[[*eye.opening, *brow]].astype(np.int32))
        cv2.fillConvexPoly(mask, lively, (0,))
        cv2.polylines(mask, [lively], isClosed=True, color=(0,), thickness=round(2 * _LIVELY * _UNIT))
    return mask


def _with_depth(flat: Array, points: NDArray[np.floating]) -> Array:
    """(N, 3): places ``flat`` (N, 2) of a frame with the depth of the head there, of which the landmarks tell the face's."""
    face = points[:MESH].astype(np.float64)
    near = 1 / (((flat[:, None] - face[:, :2]) ** 2).sum(axis=2) + 1) ** 2
    depth = near @ face[:, 2] / near.sum(axis=1)
    outline = cv2.convexHull(face[list(OVAL), :2].astype(np.float32))
    beyond = [max(0.0, -cv2.pointPolygonTest(outline, (x, y), measureDist=True)) for x, y in flat.tolist()]
    return np.column_stack([flat, depth + _ROUND * np.array(beyond)])


def _flow(one: Pixels, other: Pixels, points: NDArray[np.float32], guess: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 2): where ``points`` of ``one`` are in ``other``."""
    how = cv2.OPTFLOW_USE_INITIAL_FLOW
    there, _, _ = cv2.calcOpticalFlowPyrLK(one, other, points, guess.copy(), winSize=_WINDOW, maxLevel=2, flags=how)
    return np.asarray(there, np.float32)
