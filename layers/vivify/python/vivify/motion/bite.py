"""Where the teeth are while the lips move: the upper row held by the skull, the lower by the jaw.

Landmarks say where lips and chin are, not teeth. Lips slide over teeth and uncover so much of them and no more, and
reported chins lag behind the jaw; so the rows are placed by how much of each people show when they speak, smile and laugh.
"""

from __future__ import annotations

import numpy as np

from vivify.arrays import Float
from vivify.easing import smoothstep
from vivify.faces.topology import INNER_LIPS, LOWER_INNER_LIP, UPPER_INNER_LIP, mouth_width
from vivify.motion.smooth import reach_of, smooth

UPPER_LIP, LOWER_LIP = 13, 14
"""Landmarks: the middles of the lips' inner edges."""
NOSE = (195, 5, 4)
"""Landmarks from its bridge to its tip: where the skull is, as far as a face shows it; no lip pulls at them."""
_CHIN = (152, 148, 377, 176, 400, 175, 199)

# In eye distances (63 mm); how much of a row is seen below, or above, the lip.
_UPPER_AT_REST = 0.045  # below a lip at rest, once the jaw opens
_UPPER_MOST, _UPPER_MOST_SMILING = 0.079, 0.165
_UPPER_SEEN = 0.3  # lips so far apart show as much, however an upper one sinks: 13 of 18 filmed ones do
# In 7 of 10 filmed frames of open mouths none is seen of the lower row, in one more than 4 mm: it stays behind its lip, but
# in a smile.
_LOWER_LEAST, _LOWER_MOST, _LOWER_MOST_SMILING = -0.016, -0.012, 0.036
_LOWER_SMILING = 0.008  # that is seen of the lower row in a smile, before the upper lip has uncovered all it can
_JAW_DROPS = 0.12  # rows so far apart are no smile's
_LOWER_IN_BITE = 0.024  # more, where the jaw stays shut
_OVERBITE = 0.075  # the chin drops this far before the rows part
# Farther in a smile, which stretches a chin: four of five filmed people whose chins are read 0.075 to 0.14 lower then have
# their rows together.
_CHIN_STRETCHED = 0.045
_BITTEN = 0.2  # lips farther apart are parted by a jaw, however little of it a chin shows
_SOFT = 0.024
_SMILE = 0.14  # how much wider than in the photo a full smile is
_WIDE_FROM, _WIDE = 0.35, 0.65  # gaps at which a shout shows more of the lower row
# Lips this far apart in the photo show the teeth of a smile, if its mouth is as wide as smiling ones are.
_OPEN_SMILE, _UNSMILING, _SMILING = 0.14, 0.75, 0.9
_SLIDE = 0.6  # of the chin's way sideways
_SMOOTH = 1.2  # frames
REACH = reach_of(_SMOOTH)
"""Frames to either side on which the rows of a frame depend."""


def bite(shape: Float, displacement: Float) -> Float:
    """(T, 3) float32: y of the upper row's edge, y and x of the lower row's, in the middle of the mouth.

    ``shape``: (>=468, 3), the face's landmarks in its head frame; ``displacement``: (T, 468, 3) of its track. All in eye
    distances; the result from where the photo has the upper lip's inner edge, carried by the nose, y down and x to the
    viewer's right.
    """
    # Part of every measured expression is a skull that was not quite where its pose says: the nose tells how far.
    skull = displacement[:, list(NOSE)].mean(axis=1)
    upper_lip = displacement[:, UPPER_LIP, 1] - skull[:, 1]
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    gap = (shape[lower, 1] - shape[upper, 1] + displacement[:, lower, 1] - displacement[:, upper, 1]).max(axis=1)
    wider = displacement[:, INNER_LIPS[10], 0] - displacement[:, INNER_LIPS[0], 0]
    rest = float(shape[LOWER_LIP, 1] - shape[UPPER_LIP, 1])
    shown_smile = smoothstep(rest / _OPEN_SMILE) * smoothstep((mouth_width(shape) - _UNSMILING) / (_SMILING - _UNSMILING))
    smiles = smoothstep(wider / _SMILE)
    smile = np.maximum(smiles, shown_smile)
    chin = displacement[:, list(_CHIN)].mean(axis=1) - skull

    # A jaw opens down and back; a chin that rises or juts out, as in a pout, opens nothing.
    dropped = np.hypot(np.maximum(chin[:, 1], 0), np.maximum(chin[:, 2], 0)) - _CHIN_STRETCHED * smiles
    parted = np.maximum(dropped - _OVERBITE, -0.03)
    parted = np.maximum(parted, gap - _BITTEN)
    most = _UPPER_MOST + (_UPPER_MOST_SMILING - _UPPER_MOST) * smile
    shown = max(_UPPER_AT_REST, min(rest, _UPPER_MOST_SMILING - _SOFT)) - upper_lip
    shown = np.maximum(shown, _UPPER_AT_REST * smoothstep(gap / _UPPER_SEEN))
    # In a smile the lower lip follows the edge of the upper teeth: these fill what the jaw does not open.
    filled = smile * (1 - smoothstep(parted / _JAW_DROPS))
    shown = shown + filled * np.maximum(gap - np.maximum(parted, 0) - _LOWER_SMILING - shown, 0)
    shown = most - _SOFT * np.log1p(np.exp((most - shown) / _SOFT))  # a soft limit: rows follow a lip that rises farther

    wide = smoothstep((gap - _WIDE_FROM) / (_WIDE - _WIDE_FROM))
    bitten = 1 - smoothstep((parted + _OVERBITE - 0.05) / 0.08)
    lower_most = _LOWER_MOST + (_LOWER_MOST_SMILING + _LOWER_IN_BITE * bitten - _LOWER_MOST) * smile
    lower_most = lower_most + 0.02 * wide * (1 - smile)
    lower_shown = np.clip(gap - shown - parted, np.minimum(_LOWER_LEAST, 0.1 * gap), lower_most)

    rows = np.stack([upper_lip + shown, upper_lip + gap - lower_shown, _SLIDE * chin[:, 0]], axis=1).astype(np.float32)
    return smooth(rows, _SMOOTH)
