"""What a photo's face does besides resting lets go as it smiles: brows whose inner ends are drawn up come down.

Whoever smiles with worry left above the eyes smiles in pain. Brows differ from one another at rest, so only what hardly
anybody's do without a feeling is taken for one.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from vivify.arrays import Float
from vivify.easing import smoothstep
from vivify.faces.pose import mean_face
from vivify.faces.topology import EYE_CORNERS, EYES, MESH, MOUTH_CORNERS

_INNER_BROWS: tuple[tuple[int, ...], ...] = (107, 66, 55, 65), (336, 296, 285, 295)
_OUTER_BROWS = (70, 63, 46, 53, 300, 293, 276, 283)
# Eye distances that the inner ends of brows are higher than the outer: .058, .085 and .099 in 595 faces (median, highest
# tenth, highest 3 of 100). Seven filmed people with more than .095 bring them down by .031 as they smile (from .108), others
# by nothing, also seven with .08 to .095 (medians).
_SLANTED, _BEGINS, _FARTHER = 0.085, 0.004, 1.3
_RISEN = 0.06  # eye distances that corners of the mouth go up in a smile, as they hardly do in words
_BESIDE, _ABOVE = 0.22, 0.3  # eye distances around the inner ends that come down with them


def relax(displacement: Float, shape: Float, smile: Float) -> None:
    """Brings the inner ends of the brows down, in place, as far as they are drawn up and the motion leaves them there.

    ``displacement``: (T, 468, 3), of the whole face; ``shape``: (>=468, 3), the photo's landmarks in its head frame, both in
    eye distances; ``smile``: (T,), 0..1, how far the mouth is as wide as
    in a smile.
    """
    rise = -displacement[:, list(MOUTH_CORNERS), 1].mean(axis=1)
    lowered = displacement[:, list(np.ravel(_INNER_BROWS)), 1].mean(axis=1)
    left = np.maximum(worry(shape) * smile * smoothstep(rise / _RISEN) - np.maximum(lowered, 0), 0)
    displacement[..., 1] += left[:, None] * _around_inner_brows()


def worry(shape: Float) -> float:
    """How far the inner ends of the brows of ``shape`` (>=468, 3) are drawn up, in eye distances; 0 of most faces."""
    inner, outer = (float(shape[np.ravel(points), 1].mean()) for points in (_INNER_BROWS, _OUTER_BROWS))
    over = max(outer - inner - _SLANTED, 0.0)
    return _FARTHER * over**2 / (over + _BEGINS)


@cache
def _around_inner_brows() -> Float:
    """(468,): 1 at the inner ends of the brows on average, less and less around, 0 from the eyes down."""
    face = mean_face()
    unit = np.linalg.norm(np.subtract(*(face[[eye.outer, eye.inner]].mean(axis=0) for eye in EYES)))
    place = face[:MESH, :2] / unit
    ends = [place[list(brow)].mean(axis=0) for brow in _INNER_BROWS]
    near = np.max([np.exp(-(((place - end) / (_BESIDE, _ABOVE)) ** 2).sum(axis=1)) for end in ends], axis=0)
    eyes, brows = float(place[list(EYE_CORNERS), 1].mean()), float(np.mean(ends, axis=0)[1])
    found = near * smoothstep((place[:, 1] - eyes) / (brows - eyes))
    return np.asarray(found / found[np.ravel(_INNER_BROWS)].mean(), np.float32)
