"""The local stack's commands. Exit codes: 0 done, 2 wrong usage, 3 the photo can't be animated, 130 stopped, 1 all else."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from .settings import DEFAULT_PATHS, TEMPLATE, Paths

INTERRUPTED = 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description="The whole stack on this machine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (
        ("up", "start the stack in the background"),
        ("serve", "run the stack until it is stopped"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    command.add_argument("--home", type=Path, default=DEFAULT_PATHS.home, help="folder for its state and logs")
    command.add_argument("--template", type=Path, default=TEMPLATE, help="default: template.yaml")
    commands.add_parser("down", help="stop the stack", description="Stop the stack.")
    submit = commands.add_parser("submit", help="send a photo to the running stack, save its clip")
    submit.add_argument("photo", type=Path, metavar="PHOTO")
    submit.add_argument("--motion", action="append", default=[], metavar="NAME", help="may be given several times")
    submit.add_argument("-o", "--out", type=Path, default=Path("out/clips"), metavar="FOLDER")
    demo = commands.add_parser("demo", help="start the stack, send a photo both ways, save both clips, stop the stack")
    demo.add_argument("photo", type=Path, nargs="?", metavar="PHOTO", help="default: the astronaut")
    demo.add_argument("motion", nargs="?", metavar="MOTION", help="for the posted photo; default: the service's own")
    return parser


def _stop(_signum: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt  # the same orderly way down as Ctrl-C


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    parser = _parser()
    wanted = parser.parse_args(arguments)
    photo: Path | None = getattr(wanted, "photo", None)
    if photo is not None and not photo.is_file():
        parser.error(f"there is no file {photo}")
    from . import daemon

    if wanted.command == "serve":
        return daemon.serve(wanted.port, Paths(wanted.home), wanted.template)
    signal.signal(signal.SIGTERM, _stop)
    try:
        if wanted.command == "up":
            return daemon.up(wanted.port)
        if wanted.command == "down":
            return daemon.down()
        if wanted.command == "submit":
            return daemon.submit(wanted.photo, wanted.motion, wanted.out)
        from .demo import DEFAULT_PHOTO, demo

        return demo(wanted.photo or DEFAULT_PHOTO, wanted.motion)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        # The usual faults in one line; a bug in here deserves its traceback.
        from .client import NotServed
        from .journey import NoNews

        if not isinstance(error, NotServed | NoNews | daemon.NotRunning):
            raise
        if isinstance(error, NotServed) and error.usage:
            print(error.usage, file=sys.stderr)
            return 2
        print(f"{error}\nlogs: {DEFAULT_PATHS.logs}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
