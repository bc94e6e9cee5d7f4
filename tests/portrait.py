"""The portrait most engine tests work on."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from vivify import engine
from vivify.faces import Face
from vivify.photos import Photo, decode

ASTRONAUT = Path(__file__).resolve().parent / "fixtures" / "astronaut.png"


@cache
def portrait() -> tuple[Photo, Face]:
    """The astronaut's head and shoulders, 256 x 256, 42 pixels from eye to eye, and her face. Nobody may write to it."""
    photo = Photo(np.ascontiguousarray(decode(ASTRONAUT.read_bytes()).pixels[:256, 96:352]), "png")
    return photo, engine.analyse(photo)[0]
