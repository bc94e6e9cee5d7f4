"""Landmarks from frame to frame of a video."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivify.faces import mesh
from vivify.faces.find import candidates
from vivify.faces.geometry import Pyramid, Square

PRESENT = 0.5
STEADY = 0.1  # unsteadiness up to which a face is one (see ``judge``); video is given the benefit of the doubt
# Straight and mirrored: the network's leaning to one side cancels, at twice the cost of one look.
LOOKS = ((1.0, 0.0, False), (1.0, 0.0, True))


class Landmarker:
    """Follows one face, the largest of the first frame that has one. One instance a video; not for several threads.

    Each frame's square is laid by the previous frame's landmarks; when the face is lost there, it is looked for in the whole
    frame again.
    """

    def __init__(self) -> None:
        self._square: Square | None = None

    def track(self, frame: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """(478, 3) float32 landmarks in pixels of ``frame`` ((H, W, 3) uint8 RGB), or None while no face is seen."""
        pyramid = Pyramid(frame)
        if self._square is not None:
            found = self._read(pyramid, self._square, rounds=1)
            if found is not None:
                return found
        square = self._search(pyramid)
        return None if square is None else self._read(pyramid, square, rounds=mesh.ROUNDS)

    def _read(self, pyramid: Pyramid, square: Square, rounds: int) -> NDArray[np.float32] | None:
        settled, presence = mesh.settle(pyramid, [square], rounds)
        if presence[0] < PRESENT:
            self._square = None
            return None
        points = mesh.look(pyramid, settled, LOOKS).points[0]
        self._square = mesh.square_of(points)
        return points.astype(np.float32)

    def _search(self, pyramid: Pyramid) -> Square | None:
        # The largest of those whose landmarks hold still; a blurred face also fits upside down, but less steadily.
        found = [(proof.unsteadiness <= STEADY, square.side, square) for square, proof in candidates(pyramid)]
        return max(found, key=lambda row: row[:2])[2] if found else None
