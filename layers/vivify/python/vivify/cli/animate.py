"""``vivify animate PHOTO -o CLIP.mp4``: the clip in which the person moves."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vivify.cli import files, output
from vivify.cli.commands import command
from vivify.cli.numbers import between, whole

if TYPE_CHECKING:
    from argparse import _ArgumentGroup, _SubParsersAction

_ALL = ""
_LARGEST = 999_999_999  # of seeds and of faces' numbers
# What people call the parts -> vivify.motion.PARTS, which this module must not import just to show help.
_PARTS = {"eyes": "lids", "brows": "brows", "mouth": "mouth", "head": "head", "gaze": "gaze"}


def add(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to ``commands``."""
    parser = command(commands, "animate", "bring the people in a photo to life")
    parser.add_argument("photo", type=Path, metavar="PHOTO", help="JPEG, PNG, WebP, TIFF, HEIC or AVIF")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="CLIP.mp4", help="the clip to write")
    _add_motion(parser.add_argument_group("what happens"))
    _add_picture(parser.add_argument_group("what is shown"))
    parser.add_argument(
        "--provider", choices=("cpu", "cuda"), default="cpu", help="what makes the frames (cpu); cuda wants onnxruntime-gpu"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def _add_motion(to: _ArgumentGroup) -> None:
    lead = to.add_mutually_exclusive_group()
    lead.add_argument(
        "--motion",
        action="append",
        metavar="NAME",
        help="a motion of the library (see vivify motions) or a template file; repeat to play several in turn, each of a "
        "group from another one on",
    )
    lead.add_argument("--storyboard", type=Path, metavar="S.json", help="what happens when, from a file, instead")
    lead.add_argument("--driver", type=Path, metavar="VIDEO", help="follow the face in this video instead")
    to.add_argument(
        "--seconds",
        type=between(0.04, 600),
        metavar="S",
        help="seconds it lasts (6, or the storyboard's or driver's own; with a driver no longer)",
    )
    to.add_argument(
        "--strength",
        type=_strength,
        action="append",
        default=[],
        metavar="X|PART=X",
        help=f"how far the motion goes, 0 to 3 (1), or one part of it ({', '.join(_PARTS)}); repeat for several",
    )
    to.add_argument(
        "--seed", type=_seed, metavar="N", help="other times to set off, to blink and to breathe than the photo's own"
    )
    to.add_argument("--loop", action="store_true", help="end where it begins, so that it plays round and round")


def _add_picture(to: _ArgumentGroup) -> None:
    to.add_argument(
        "--size",
        type=_size,
        default="native",
        metavar="native|N",
        help="the photo's own pixels (native), or a long side of N, 64 to 4096",
    )
    to.add_argument(
        "--frame",
        choices=("photo", "portrait"),
        default="photo",
        help="the whole picture (photo), or head and shoulders of one person",
    )
    to.add_argument("--fps", type=between(10, 120), default=25.0, metavar="F", help="frames a second, 10 to 120 (25)")
    to.add_argument(
        "--faces",
        type=_faces,
        default="all",
        metavar="all|largest|N",
        help="whom to animate (all): N is a face of vivify inspect",
    )
    to.add_argument(
        "--repair", choices=("auto", "off"), default="auto", help="mend scratched or faded faces of old photos first (auto)"
    )
    to.add_argument(
        "--depth", type=Path, metavar="MAP.png", help="also save the depth map of the first face that moves, 16 bit"
    )


def run(args: argparse.Namespace) -> int:
    """Writes the clip; 0."""
    templates = [Path(name) for name in args.motion or () if name.endswith(".json")]
    sources = [args.photo, args.driver, args.storyboard, *templates]
    clip = files.destination(args.output, ".mp4", sources)
    if args.depth is not None:
        files.destination(args.depth, ".png", sources)
    for given in sources[1:]:
        if given is not None:
            files.existing(given)
    photo = files.read_photo(args.photo)
    from vivify import engine

    options = engine.Options(**_chosen(args))
    with output.ProgressBar("looking at the photo") as progress:
        report = engine.animate(photo, None, clip, options, progress).as_dict()
    if args.json:
        output.print_json(report)
    else:
        width, height = report["size"]
        print(
            f"{clip}: {report['frames']} frames at {report['fps']:g} a second, {width} x {height}, "
            f"made in {report['seconds']['total']:.1f} s"
        )
        for number, face in enumerate(report["faces"], 1):
            print("".join(f"  {number}  {told}\n" for told in _told(face)), end="")
    return 0


def _told(face: Mapping[str, Any]) -> Iterator[str]:
    """What of the report on ``face`` a person should know: why it stays still, or moves less than asked for."""
    if verdict := face["verdict"]:
        yield f"stays still  {verdict['code']}: {verdict['message']}"
    if face["held_back"]:
        yield f"moves less than asked for  {', '.join(face['held_back'])}"
    if face["repaired"]:
        yield "mended first"


def _chosen(args: argparse.Namespace) -> dict[str, Any]:
    """The engine's options; what was not asked for is left to the engine's own default."""
    chosen: dict[str, Any] = {
        name: getattr(args, name)
        for name in ("driver", "storyboard", "depth", "repair", "seed", "fps", "size", "frame", "faces", "loop", "provider")
    }
    strengths: dict[str, float] = dict(args.strength)
    chosen["strength"] = strengths.pop(_ALL, 1.0)
    chosen["parts"] = {_PARTS[name]: value for name, value in strengths.items()}
    if args.motion:
        chosen["motions"] = tuple(args.motion)
    if args.seconds is not None:
        chosen["seconds"] = args.seconds
    return chosen


def _strength(text: str) -> tuple[str, float]:
    """``X`` for all parts, or ``PART=X``."""
    part, equals, value = text.rpartition("=")
    if equals and part not in _PARTS:
        raise argparse.ArgumentTypeError(f"{part!r} is not one of {', '.join(_PARTS)}")
    return part or _ALL, between(0, 3)(value)


def _seed(text: str) -> int:
    seed = whole(text, 0, _LARGEST)
    if seed is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {_LARGEST}")
    return seed


def _size(text: str) -> Literal["native"] | int:
    if text == "native":
        return "native"
    side = whole(text, 64, 4096)
    if side is None:
        raise argparse.ArgumentTypeError(f"{text!r} is neither 'native' nor a number from 64 to 4096")
    return side


def _faces(text: str) -> Literal["all", "largest"] | int:
    if text == "all":
        return "all"
    if text == "largest":
        return "largest"
    number = whole(text, 1, _LARGEST)
    if number is None:
        raise argparse.ArgumentTypeError(f"{text!r} is neither 'all', 'largest' nor a face's number (1 is the largest)")
    return number
