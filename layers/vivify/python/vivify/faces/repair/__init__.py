"""Repairs what age did to the face of an old photo: scratches, creases and dust are filled in, faded tones drawn apart.

    repair(photo, faces) -> Repaired    an undamaged photo comes back as it is, bit for bit

So what counts is when NOT to repair: ``marks`` says what proves damage, ``fading`` what proves that a photo is faded.
"""

from vivify.faces.repair.apply import Repaired, repair

__all__ = ["Repaired", "repair"]
