"""How far something long is: told as ``(done, whole)``, two counts of the same thing."""

from __future__ import annotations

from collections.abc import Callable

OnProgress = Callable[[int, int], None]


def unheard(_done: int, _whole: int) -> None:
    """For whoever need not know."""


def halves(whole: OnProgress) -> tuple[OnProgress, OnProgress]:
    """Two parts of something, one after the other, each of which tells how far it is itself."""

    def first(done: int, count: int) -> None:
        whole(done, 2 * count)

    def second(done: int, count: int) -> None:
        whole(count + done, 2 * count)

    return first, second
