"""``vivify local up|submit PHOTO|down``: the whole stack on this machine, from a checkout of the repository."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vivify.errors import UsageError

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to ``commands``."""
    parser = commands.add_parser("local", help="run the whole service on this machine", allow_abbrev=False)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    actions.add_parser("up", help="start the stack, wait until it serves")
    submit = actions.add_parser("submit", help="send a photo, wait for its clip")
    submit.add_argument("photo", type=Path, metavar="PHOTO")
    actions.add_parser("down", help="stop the stack")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Hands over to the checkout's infra.local and returns its exit code."""
    command = [sys.executable, "-m", "infra.local", args.action]
    if args.action == "submit":
        if not args.photo.is_file():
            raise UsageError(f"There is no file {args.photo}. Check the name.")
        command.append(str(args.photo.resolve()))  # the command runs in another folder
    process = subprocess.Popen(command, cwd=checkout(Path.cwd()))
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()  # it has had the same Ctrl-C and is cleaning up
        raise


def checkout(start: Path) -> Path:
    """The folder at or above ``start`` that holds the repository."""
    for folder in (start, *start.parents):
        if (folder / "template.yaml").is_file() and (folder / "infra" / "local").is_dir():
            return folder
    raise UsageError("vivify local runs the stack of Vivify's repository: go into a checkout of it first.")
