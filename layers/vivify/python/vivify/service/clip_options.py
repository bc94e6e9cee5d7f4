"""What a person may ask of a clip, checked at the door. From there on it travels as strings, into the job's environment."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from vivify.errors import UsageError

DEFAULTS: dict[str, str] = {
    "motions": "turn-left,gentle-smile",
    "seconds": "4",
    "fps": "25",
    "strength": "1",
    "size": "native",
    "frame": "photo",
}
_RANGES = {"seconds": (1, 30), "fps": (10, 60), "strength": (0.1, 2)}


def parse(wanted: Mapping[str, Any]) -> dict[str, str]:
    """``wanted`` (from JSON) over the defaults. Raises UsageError, naming the field and what it takes."""
    options = dict(DEFAULTS)
    unknown = sorted(set(wanted) - set(DEFAULTS))
    if unknown:
        raise UsageError(f"Unknown fields: {', '.join(unknown)}. Known: content_type, {', '.join(DEFAULTS)}.")
    for name, value in wanted.items():
        options[name] = _motions(value) if name == "motions" else _scalar(name, value)
    return options


@cache
def _library() -> tuple[str, ...]:
    """The names of the library's motions, told from its files: this step has no numpy to read them with."""
    templates = (resources.files("vivify") / "motion" / "templates").iterdir()
    return tuple(sorted(file.name.removesuffix(".json") for file in templates if file.name.endswith(".json")))


def _motions(value: Any) -> str:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not 1 <= len(names) <= 8:
        raise UsageError("motions takes a list of 1 to 8 names.")
    known = _library()
    if not all(name in known for name in names):
        raise UsageError(f"motions takes names of the library: {', '.join(known)}.")
    return ",".join(names)


def _scalar(name: str, value: Any) -> str:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if name in _RANGES:
        low, high = _RANGES[name]
        if number is None or not low <= number <= high:
            raise UsageError(f"{name} takes a number from {low} to {high}.")
        return f"{number:g}"
    if name == "size":
        if value == "native" or (isinstance(number, int) and 64 <= number <= 4096):
            return str(value)
        raise UsageError('size takes "native" or the long side in pixels, 64 to 4096.')
    if value not in ("photo", "portrait"):
        raise UsageError('frame takes "photo" or "portrait".')
    return str(value)
