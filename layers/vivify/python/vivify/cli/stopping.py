"""Being told to end other than by Ctrl-C, by ``timeout``, a closed terminal or a host that shuts down: the same way out."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import NoReturn


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP came, to this process alone: what it has started has not been told."""


def listen() -> None:
    """From now on the two raise Terminated, unless they are ignored, as under ``nohup``, or somebody else's business."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminated)


def _terminated(_signum: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated
