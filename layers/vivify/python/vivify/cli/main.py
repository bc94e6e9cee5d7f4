"""The parser, and the one place where an error becomes a sentence and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

import vivify
from vivify.cli import animate, doctor, extract, inspect, local, motions, output, stopping
from vivify.cli.commands import Parser
from vivify.errors import MotionInvalid, NoFaceInVideo, PhotoRejected, UsageError, VivifyError

DONE, FAILED, WRONG_USAGE, REJECTED = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command (``sys.argv`` by default) and returns its exit code; argparse itself exits on usage errors."""
    line = parser()
    given = sys.argv[1:] if arguments is None else arguments
    if not given:
        line.print_help(sys.stderr)
        return WRONG_USAGE
    args = line.parse_args(given)
    as_json: bool = getattr(args, "json", False)
    stopping.listen()
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except VivifyError as error:
        output.report_error(error.as_dict(), as_json)
        return exit_code(error)
    except KeyboardInterrupt:
        output.report_error(_plain("interrupted", "Stopped; nothing was written."), as_json)
        return FAILED
    except BrokenPipeError:
        # The reader (head, a pager) has seen enough. Python's own flush at exit must not complain again.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if os.environ.get("VIVIFY_DEBUG"):
            raise
        message = f"Something went wrong inside Vivify ({type(error).__name__}). Set VIVIFY_DEBUG=1 to see where."
        output.report_error(_plain("internal_error", message), as_json)
        return FAILED
    return code


def parser() -> Parser:
    """The whole command line."""
    top = Parser(prog="vivify", description="Brings a still portrait to life.")
    top.add_argument("--version", action="version", version=f"vivify {vivify.__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (animate, inspect, motions, extract, local, doctor):
        command.add(commands)
    return top


def exit_code(error: VivifyError) -> int:
    """2 for what the caller asked, 3 for the photo, 1 for all else, a video without a face too."""
    match error:
        case PhotoRejected():
            return REJECTED
        case NoFaceInVideo():
            return FAILED
        case UsageError() | MotionInvalid():
            return WRONG_USAGE
        case _:
            return FAILED


def _plain(code: str, message: str) -> dict[str, object]:
    return {"code": code, "message": message, "retryable": False, "details": {}}
