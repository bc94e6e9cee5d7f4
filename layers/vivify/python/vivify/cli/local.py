"""``vivify local up|submit PHOTO|down``: the whole stack on this machine, from a checkout of the repository."""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vivify.cli import files
from vivify.cli.commands import command
from vivify.cli.stopping import Terminated
from vivify.errors import UsageError

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to ``commands``."""
    parser = command(commands, "local", "run the whole service on this machine")
    actions = parser.add_subparsers(title="actions", metavar="up|submit|down", dest="action", required=True)
    command(actions, "up", "start the stack, wait until it serves")
    submit = command(actions, "submit", "send a photo, wait for its clip")
    submit.add_argument("photo", type=Path, metavar="PHOTO", help="JPEG, PNG, WebP, TIFF, HEIC or AVIF")
    submit.add_argument("--motion", action="append", default=[], metavar="NAME", help="may be given several times")
    command(actions, "down", "stop the stack")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Hands over to the checkout's infra.local and returns its exit code."""
    wanted = [sys.executable, "-m", "infra.local", args.action]
    if args.action == "submit":
        wanted.append(str(files.existing(args.photo).resolve()))  # it runs in another folder
        wanted += [f"--motion={name}" for name in args.motion]
    folder = checkout(Path.cwd())
    if importlib.util.find_spec("moto") is None:
        raise UsageError("The local stack is not installed. Install it in the checkout: pip install '.[local]'")
    process = subprocess.Popen(wanted, cwd=folder)
    try:
        return process.wait()
    except KeyboardInterrupt as stopped:
        if isinstance(stopped, Terminated):
            process.terminate()
        process.wait()  # it has had the same Ctrl-C, or been told now, and is cleaning up
        raise


def checkout(start: Path) -> Path:
    """The folder at or above ``start`` that holds the repository."""
    for folder in (start, *start.parents):
        if (folder / "template.yaml").is_file() and (folder / "infra" / "local").is_dir():
            return folder
    raise UsageError("vivify local runs the stack of Vivify's repository: go into a checkout of it first.")
