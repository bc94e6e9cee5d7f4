"""The parts of the face that move on their own, and how to keep some of them or move them farther."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from vivify.arrays import Float
from vivify.easing import smoothstep
from vivify.errors import MotionInvalid
from vivify.faces.pose import mean_face
from vivify.faces.topology import EYES
from vivify.motion.template import Motion

PARTS = ("head", "lids", "gaze", "brows", "mouth")
_TOGETHER = {"face": ("brows", "mouth")}


def parts_called(names: Iterable[str]) -> frozenset[str]:
    """The parts that ``names`` stand for; ``face`` is its skin, brows and mouth. Raises MotionInvalid for one we lack."""
    known = {**{part: (part,) for part in PARTS}, **_TOGETHER}
    found: set[str] = set()
    for name in names:
        if name not in known:
            raise MotionInvalid(f"There is no such part of a face. Choose among: {', '.join(known)}.")
        found.update(known[name])
    return frozenset(found)


def only(motion: Motion, parts: Collection[str]) -> Motion:
    """``motion`` with every part not in ``parts`` at rest."""
    return strengthen(motion, {part: float(part in parts) for part in PARTS})


def strengthen(motion: Motion, strengths: Mapping[str, float]) -> Motion:
    """``motion`` with each part in ``strengths`` going that many times as far; the others stay as they are."""
    head, lids, gaze, brows, mouth = (np.float32(strengths.get(part, 1.0)) for part in PARTS)
    upper = _upper_face()[:, None]
    return Motion(
        rotation=motion.rotation * head,
        translation=motion.translation * head,
        lids=motion.lids * lids,
        gaze=motion.gaze * gaze,
        displacement=motion.displacement * (upper * brows + (1 - upper) * mouth),
        chest=motion.chest * head,
    )


def _upper_face() -> Float:
    """(468,): 1 from the brows up, 0 from below the eyes down, smooth between, so that no skin tears."""
    face = mean_face()
    high = np.mean([face[list(eye.upper[2]), 1].mean() for eye in EYES])
    low = np.mean([face[list(eye.lower[2]), 1].mean() for eye in EYES])
    return smoothstep((face[:, 1] - low) / (high - low))
