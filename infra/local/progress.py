"""What a person sees while the stack works: one line a step with the time it took, alive on a terminal."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Progress:
    """Lines with seconds since the start; on a terminal the last line also counts the wait."""

    def __init__(self, out: TextIO = sys.stderr) -> None:
        self._out = out
        self._start = time.monotonic()
        self._ticking = False

    def say(self, text: str) -> None:
        """A finished step."""
        self._clear()
        print(f"{time.monotonic() - self._start:6.1f} s  {text}", file=self._out, flush=True)

    def tick(self, text: str) -> None:
        """What is being waited for; nothing in a pipe."""
        if self._out.isatty():
            self._ticking = True
            self._out.write(f"\r\x1b[K{time.monotonic() - self._start:6.1f} s  {text} ...")
            self._out.flush()

    def _clear(self) -> None:
        if self._ticking:
            self._ticking = False
            self._out.write("\r\x1b[K")
