"""``vivify motion extract VIDEO -o T.json``: a motion template from any video of a face."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from vivify.cli import files, output
from vivify.cli.commands import command
from vivify.cli.numbers import between
from vivify.errors import UsageError

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``motion`` with its one action to ``commands``."""
    motion = command(commands, "motion", "make motions of your own")
    actions = motion.add_subparsers(title="actions", metavar="extract", required=True)
    parser = command(actions, "extract", "measure a motion from a video of a face")
    parser.add_argument("video", type=Path, metavar="VIDEO", help="anything that ffmpeg reads, with one face in it")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="T.json", help="the template to write")
    parser.add_argument("--name", help="what to call the motion (the output's name)")
    parser.add_argument("--shows", default="a motion measured from video", metavar="TEXT", help="what one sees")
    parser.add_argument("--source", default="unknown", metavar="TEXT", help="where the video is from")
    parser.add_argument("--licence", default="unknown", metavar="TEXT", help="the video's licence")
    parser.add_argument("--start", type=between(0, 86400), default=0.0, metavar="S", help="begin at this second (0)")
    parser.add_argument("--end", type=between(0, 86400), metavar="S", help="end at this second (the video's end)")
    parser.add_argument(
        "--keep",
        type=lambda text: text.split(","),
        metavar="PARTS",
        help="only these parts' motion: head, lids, gaze, face (or brows, mouth); commas between",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Writes the template; 0."""
    target = files.destination(args.output, ".json", [args.video])
    video = files.existing(args.video)
    if args.end is not None and args.end <= args.start:
        raise UsageError("The motion must end after it starts.")
    from vivify.motion import PARTS, extract
    from vivify.video.process import finished

    with output.ProgressBar("measuring the video") as progress:
        template = extract(
            video,
            name=args.name or target.stem,
            shows=args.shows,
            source=args.source,
            licence=args.licence,
            start=args.start,
            end=args.end,
            keep=args.keep or PARTS,
            progress=progress,
        )
    with finished(target) as part:
        template.save(part)
    if args.json:
        output.print_json({"template": str(target), "name": template.name, "seconds": template.seconds})
    else:
        print(f"{target}: {template.seconds:.1f} s of motion; use it with --motion {target}")
    return 0
