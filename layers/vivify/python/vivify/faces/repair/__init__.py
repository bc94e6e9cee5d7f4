"""Repairs what age did to the face of an old photo: scratches, creases and dust are filled in, faded tones drawn apart.

    assess(photo, faces) -> [Face]      with a verdict where too little is left of one
    repair(photo, faces) -> Repaired    an undamaged photo comes back as it is, bit for bit

So what counts is when NOT to repair: ``marks`` says what proves damage, ``fading`` what proves that a photo is faded.
"""

from vivify.faces.repair.apply import Repaired, assess, repair

__all__ = ["Repaired", "assess", "repair"]
