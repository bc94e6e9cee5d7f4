"""How large a clip may be: refused before a GPU is paid for, wherever it shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vivify import score
from vivify.errors import RequestInvalid
from vivify.service.bounds import require_makeable
from vivify.service.clip_options import StoredOptions

TWELVE_MEGAPIXELS, FIFTY = (3000, 4000, 3), (6000, 8000, 3)


def asked(**wishes: Any) -> dict[str, Any]:
    options: dict[str, Any] = json.loads(StoredOptions(**wishes).model_dump_json())
    return options


@pytest.mark.parametrize(
    ("wishes", "shape", "most"),
    [
        ({}, TWELVE_MEGAPIXELS, 21),
        ({"fps": 50}, TWELVE_MEGAPIXELS, 10.5),
        ({"size": 4000}, (300, 400, 3), 21),
        ({"size": 2000, "frame": "portrait", "fps": 60}, TWELVE_MEGAPIXELS, 26.25),
        ({"frame": "portrait"}, TWELVE_MEGAPIXELS, 21),
        ({"fps": 50}, FIFTY, 6.3e9 / 50 / (4096 * 3072)),
    ],
)
def test_the_most_that_is_made(wishes: dict[str, Any], shape: tuple[int, int, int], most: float) -> None:
    """6300 megapixels in all frames, of the size they will have; a hundredth of a second more is refused."""
    require_makeable(asked(**wishes, seconds=most), shape)
    with pytest.raises(RequestInvalid, match=r"may have 6,300 megapixels. Ask for a smaller size, fewer seconds or fewer"):
        require_makeable(asked(**wishes, seconds=most + 0.01), shape)


def test_the_usual_length_always_fits() -> None:
    """Who asks for no length gets six seconds, whatever the photo: they fit at the largest size and the most frames."""
    largest = {"fps": 60, "size": 4096, "frame": "portrait"}
    require_makeable(asked(**largest, seconds=score._USUAL_SECONDS), FIFTY)
    require_makeable(asked(**largest), FIFTY)
