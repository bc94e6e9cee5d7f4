"""A person among others: where their regions overlap, who is seen?

Before the background whoever goes there, beyond the line between two heads too: cut off at that line, an ear was missing.
On other people nobody is seen. Where two go to the same place of the background it is the nearer one's.
"""

from __future__ import annotations

import cv2
import numpy as np

from vivify.animate.person.territory import Territory
from vivify.arrays import Float, Pixels, most

_CLEARLY = 8  # levels: whoever changes a pixel by so much moves there


class Place:
    """One person's region of a photo of several.

    ``photo``: (H, W, 3) uint8, the region; ``matte``: (H, W) float32 in 0..1, where anybody is seen; ``territory``: the
    person's, in pixels of the region.
    """

    def __init__(self, photo: Pixels, matte: Float, territory: Territory) -> None:
        self._photo = photo
        self.share = territory.share(matte.shape)
        self._open = np.asarray(1 - (1 - self.share) * np.maximum(matte, territory.faces(matte.shape)), np.float32)
        self._shut = 1 - self._open

    def put(self, here: Pixels, picture: Pixels) -> None:
        """Puts ``picture`` of the region, in which this person moves, ``here`` (H, W, 3), where others may have moved."""
        shown = np.asarray(cv2.blendLinear(picture, self._photo, self._open, self._shut), np.uint8)
        moved = _changed(here, self._photo)
        x, y, width, height = cv2.boundingRect((moved > 0).astype(np.uint8))
        if width:  # others have moved there, and both may have
            both = (slice(y, y + height), slice(x, x + width))
            photo, share = self._photo[both], self.share[both]
            mine, theirs = 1 - moved[both] * (1 - share), 1 - _changed(shown[both], photo) * share
            changes = mine[..., None] * _less(shown[both], photo) + theirs[..., None] * _less(here[both], photo)
            shown[both] = np.clip(np.round(photo + changes), 0, 255)
        here[...] = shown


def _changed(picture: Pixels, photo: Pixels) -> Float:
    """How surely each pixel of ``picture`` is another than the ``photo``'s: (H, W) float32 in 0..1."""
    return np.minimum(most(cv2.absdiff(picture, photo)) / np.float32(_CLEARLY), 1)


def _less(picture: Pixels, photo: Pixels) -> Float:
    return np.asarray(cv2.subtract(picture, photo, dtype=cv2.CV_32F), np.float32)
