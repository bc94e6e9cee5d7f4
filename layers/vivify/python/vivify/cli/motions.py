"""``vivify motions``: the library of motions."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from vivify.cli import output
from vivify.cli.commands import command

if TYPE_CHECKING:
    from argparse import _SubParsersAction


_SECONDS = len("  99.9 s  ")


def add(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to ``commands``."""
    parser = command(commands, "motions", "list the motions Vivify knows")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints name, seconds, what it shows, source and licence of each; 0."""
    from vivify.motion import library

    fields = ("name", "seconds", "shows", "source", "licence")
    rows = [{field: getattr(template, field) for field in fields} for template in library()]
    if args.json:
        output.print_json({"motions": rows})
    else:
        width = max((len(row["name"]) for row in rows), default=0)
        for row in rows:
            print(f"{row['name']:{width}}  {row['seconds']:4.1f} s  {row['shows']}")
            print(f"{'':{width + _SECONDS}}{row['source']}; {row['licence']}")
    return 0
