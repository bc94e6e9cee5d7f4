"""What a command prints: one JSON object, or lines for a person; progress only where a person watches."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Self


def print_json(value: Mapping[str, Any]) -> None:
    """One object, indented, on stdout."""
    print(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False))


def report_error(error: Mapping[str, Any], as_json: bool) -> None:
    """The code and its sentence: on stderr, or as ``{"error": {...}}`` on stdout."""
    if as_json:
        print_json({"error": error})
    else:
        print(f"{error['code']}: {error['message']}", file=sys.stderr)


class ProgressBar:
    """A bar on stderr, drawn only if that is a terminal; ``bar(done, total)`` may be called for every frame.

    ``first``: what is done until there is anything to tell.
    """

    _WIDTH = 32

    def __init__(self, first: str) -> None:
        self._first = first
        self._shown = sys.stderr.isatty()
        self._last = -1

    def __call__(self, done: int, total: int) -> None:
        """``done`` of ``total`` is done."""
        percent = 100 * done // max(total, 1)
        if not self._shown or percent == self._last:
            return
        self._last = percent
        filled = self._WIDTH * done // max(total, 1)
        bar = "#" * filled + "-" * (self._WIDTH - filled)
        print(f"\r\033[K[{bar}] {percent:3d}%", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        if self._shown:
            print(f"{self._first} ...", end="", file=sys.stderr, flush=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
