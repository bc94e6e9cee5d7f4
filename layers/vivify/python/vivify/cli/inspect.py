"""``vivify inspect PHOTO``: what Vivify sees in a photo, and why it would or would not animate it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vivify.cli import files, output
from vivify.cli.commands import command

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from vivify.faces import Face


def add(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to ``commands``."""
    parser = command(commands, "inspect", "show the faces in a photo and the verdict on each")
    parser.add_argument("photo", type=Path, metavar="PHOTO", help="JPEG, PNG, WebP, TIFF, HEIC or AVIF")
    parser.add_argument("--json", action="store_true", help="print one JSON object, landmarks included")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 if at least one face can be animated, else 3."""
    photo = files.read_photo(args.photo)
    from vivify import engine
    from vivify.errors import FaceRejected
    from vivify.faces import require_animatable

    faces = engine.analyse(photo)
    error: FaceRejected | None = None
    animatable = 0
    try:
        animatable = len(require_animatable(faces))
    except FaceRejected as rejected:
        error = rejected
    if args.json:
        found: dict[str, Any] = {
            "photo": {"format": photo.format, "size": [photo.width, photo.height]},
            "faces": [face.as_dict() for face in faces],
            "animatable": animatable,
        }
        output.print_json(found if error is None else {**found, "error": error.as_dict()})
    else:
        count = f"{len(faces)} face" + ("" if len(faces) == 1 else "s")
        print(f"{args.photo.name}: {photo.format}, {photo.width} x {photo.height}, {count}, {animatable} can be animated")
        for number, face in enumerate(faces, 1):
            print(_line(number, face))
        if error is not None:
            output.report_error(error.as_dict(), as_json=False)
    return 0 if error is None else 3


def _line(number: int, face: Face) -> str:
    pose = face.pose
    verdict = "ready" if face.verdict is None else f"{face.verdict.code}: {face.verdict.message}"
    angles = f"yaw {pose.yaw:+.0f}  pitch {pose.pitch:+.0f}  roll {pose.roll:+.0f}"
    return f"  {number}  {face.size:.0f} px  {angles}  {verdict}"
