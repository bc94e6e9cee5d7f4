"""How every command is declared: in one line of help, which its own page begins with, too."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from argparse import _SubParsersAction


class Parser(argparse.ArgumentParser):
    """Options are written out in full; one unknown is told on its command's own page, with the nearest there is."""

    def __init__(self, **page: Any) -> None:
        super().__init__(allow_abbrev=False, **page)

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override] # typeshed tells its overloads apart
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self._refuse(unknown)
        return found, unknown

    def _refuse(self, unknown: list[str]) -> NoReturn:
        """Beside an unknown option what else is unknown may be its value, and is not told."""
        options = [word.partition("=")[0] for word in unknown if word.startswith("-")]
        if not options:
            self.error(f"nobody knows what to do with {' '.join(unknown)}")
        near = difflib.get_close_matches(options[0], self._option_string_actions, n=1)
        self.error(f"there is no option {options[0]}" + (f"; perhaps you mean {near[0]}" if near else ""))


def command(among: _SubParsersAction[argparse.ArgumentParser], name: str, does: str) -> argparse.ArgumentParser:
    """The parser of command ``name``, which ``does`` that."""
    return among.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
