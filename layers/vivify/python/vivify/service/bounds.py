"""How large a clip may be: no larger than what publishing has time and room for, so that no GPU works for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vivify.errors import RequestInvalid
from vivify.faces import LONGEST_SIDE

# Pixels of all frames together: 21 s of 12 megapixels at 25 a second. Publishing takes up to 50 ns of CPU and 0.25 bytes of
# disk a pixel, measured on moving noise: two thirds of its time in template.yaml, and half of its room.
MOST_PIXELS = 6_300_000_000


def require_makeable(asked: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    """Raises RequestInvalid where what is ``asked`` (StoredOptions) of a photo of this ``shape`` (H, W, ...) is too much.

    Without ``seconds`` it has six, which are never too large, or its driver's, which only the job can tell. A portrait,
    which only the engine knows how to cut, counts as the whole photo, or as a square where a size is asked for.
    """
    if asked["seconds"] is None:
        return
    height, width = shape[:2]
    longest = max(width, height)
    side = min(longest, LONGEST_SIDE) if asked["size"] == "native" else asked["size"]
    square = asked["frame"] == "portrait" and asked["size"] != "native"
    pixels = side**2 if square else side**2 * width * height / longest**2
    if pixels * asked["fps"] * asked["seconds"] > MOST_PIXELS:
        raise RequestInvalid(
            f"The clip is too large: {asked['seconds']:g} s of {asked['fps']:g} frames of {pixels / 1e6:.1f} megapixels. "
            f"All frames together may have {MOST_PIXELS / 1e6:,.0f} megapixels. "
            "Ask for a smaller size, fewer seconds or fewer frames a second."
        )
