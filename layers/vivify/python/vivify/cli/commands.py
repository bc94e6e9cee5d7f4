"""How every command is declared: in one line of help, which its own page begins with, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction


def command(among: _SubParsersAction[ArgumentParser], name: str, does: str) -> ArgumentParser:
    """The parser of command ``name``, which ``does`` that; options are written out in full."""
    return among.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.", allow_abbrev=False)
