"""The library of motions that comes with Vivify: JSON templates in ``motion/templates``."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from vivify.errors import MotionInvalid
from vivify.motion.template import Template

IDLE = "natural-idle"
"""What a living person does all the time; every clip has it underneath."""
BLINK = "blink"
_TOLD = 40  # characters of a name that is none: more would be a file's text


@cache
def library() -> tuple[Template, ...]:
    """Every template, by name."""
    folder = Path(str(files("vivify.motion") / "templates"))
    return tuple(Template.load(path) for path in sorted(folder.glob("*.json")))


def template(name: str) -> Template:
    """The template called ``name``; raises MotionInvalid naming those there are."""
    for found in library():
        if found.name == name:
            return found
    names = ", ".join(t.name for t in library())
    raise MotionInvalid(f"There is no motion {name[:_TOLD]!r}. Choose one of: {names}.")
