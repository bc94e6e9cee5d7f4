"""The engine's two use cases: look at a photo, and make the clip. Files and arrays in, a clip out; knows no cloud."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify import models
from vivify.animate import Performer
from vivify.arrays import Pixels
from vivify.errors import NotAHumanFace
from vivify.faces import Face, chosen, find_faces, portrait, resized
from vivify.faces.repair import Repaired, repair
from vivify.motion import Role
from vivify.photos import Photo
from vivify.progress import OnProgress, halves, unheard
from vivify.score import DEFAULT_MOTIONS, Score
from vivify.video import ClipWriter
from vivify.video.process import finished

_STAGES = ("faces", "depth", "motion", "animate", "encode")


@dataclass(frozen=True)
class Options:
    """What to make.

    ``motions``: library names or template files, played in turn, by each of a group from another one on; the usual ones some
    of it plays to the other side, and a long clip again every ten seconds. ``storyboard``: a file that says what happens
    when, instead; ``driver``: follow this video instead. ``seconds``: length, ``None`` for 6 s, or the storyboard's (played
    whole by whoever sets off last) or driver's own; beyond its own no driver is followed. ``fps``: frames a second.
    ``size``: "native" or the long side in pixels. ``frame``: the whole photo, or head and shoulders of one person.
    ``faces``: whom to animate, N counts from 1, the largest. ``strength``: scales every motion but the idle one; ``parts``:
    scales single parts (vivify.motion.PARTS) on top. ``seed``: sets when people set off, blink, look elsewhere and breathe;
    ``None``: the photo's own, so that many photos do not move as one, and each always moves alike. ``loop``: end where it
    began. ``quality``: a finished MP4, or the lossless file that publishing encodes. ``depth``: where to save the depth map
    of the first face that moves, a 16-bit PNG. ``repair``: whether faces of a photo found to be scratched or faded are
    mended first. ``provider``: what makes the pixels; a GPU that is not there is an error.
    """

    motions: tuple[str, ...] = DEFAULT_MOTIONS
    storyboard: Path | None = None
    driver: Path | None = None
    seconds: float | None = None
    fps: float = 25.0
    size: Literal["native"] | int = "native"
    frame: Literal["photo", "portrait"] = "photo"
    faces: Literal["all", "largest"] | int = "all"
    strength: float = 1.0
    parts: Mapping[str, float] = field(default_factory=dict)
    seed: int | None = None
    loop: bool = False
    quality: Literal["final", "lossless"] = "final"
    depth: Path | None = None
    repair: Literal["auto", "off"] = "auto"
    provider: models.Provider = "cpu"


@dataclass(frozen=True)
class Report:
    """What was made.

    ``seconds``: the time each stage took. ``faces``: one entry a face, with its verdict, whether it was animated, and what
    held its motion back (vivify.motion.limits): ``head_turned``, ``head_cut_off``, ``heads_touch``, ``eyes_shut``,
    ``smiles_already``, ``sulks``, ``small_child``, ``loose_teeth``, ``spectacles``, ``mouth_hidden``, ``eyes_hidden``.
    """

    clip: str
    frames: int
    fps: float
    size: tuple[int, int]
    faces: list[dict[str, Any]]
    seconds: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class _Clock:
    """Time per stage, in seconds."""

    spent: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_STAGES, 0.0))
    begun: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self._last = self.begun

    def lap(self, stage: str) -> None:
        """All since the lap before was spent on ``stage``."""
        now = time.perf_counter()
        self.spent[stage] += now - self._last
        self._last = now

    def report(self) -> dict[str, float]:
        return {**{k: round(v, 3) for k, v in self.spent.items()}, "total": round(time.perf_counter() - self.begun, 3)}


def analyse(photo: Photo) -> list[Face]:
    """Every face of the photo, largest first, each with a verdict."""
    return find_faces(photo)


def animate(
    photo: Photo, faces: Sequence[Face] | None, out: Path, options: Options, progress: OnProgress = unheard
) -> Report:
    """Makes the clip ``out``. ``faces``: what ``analyse`` found, or None to look now. ``progress``: called with each
    frame made; with a driver its frames are looked at before, and that is the first half.

    Raises PhotoRejected (no face of it can be animated), MotionInvalid, GpuUnavailable, VideoError, UsageError. The first
    frame is the photo (repaired, if the report says so), and pixels that no face moves are the photo's, bit for bit,
    in every frame (before encoding).
    """
    models.require(options.provider)
    clock = _Clock()
    # What there is not is said at once, not only once faces were found.
    score = Score.of(options, _own_seed(photo) if options.seed is None else options.seed)
    clock.lap("motion")
    found = list(faces) if faces is not None else analyse(photo)
    mended = repair(photo, found) if options.repair == "auto" else Repaired(photo, [False] * len(found))
    moving = chosen(found, options.faces, alone=options.frame == "portrait")
    pixels, everybody = mended.photo.pixels, found
    if options.frame == "portrait":
        pixels, everybody = portrait(pixels, everybody, moving[0])
    pixels, everybody = resized(pixels, everybody, options.size)
    numbers = [number for number, face in enumerate(found) if any(face is other for other in moving)]
    clock.lap("faces")

    following, making = (unheard, progress) if options.driver is None else halves(progress)
    cast = _cast(pixels, everybody, numbers, score.roles(len(numbers), following), options, clock)
    if options.depth is not None:
        _save_depth(cast[0][0].depth.as_uint16(), options.depth)
        clock.lap("depth")

    size = _film(out, pixels, cast, options, clock, making)
    held_back = {number: list(performer.limits.reasons) for number, (performer, _) in zip(numbers, cast, strict=True)}
    return Report(
        clip=str(out),
        frames=cast[0][1].frames,
        fps=options.fps,
        size=size,
        faces=[
            _summary(face) | {"animated": number in held_back, "held_back": held_back.get(number, []), "repaired": done}
            for number, (face, done) in enumerate(zip(found, mended.repaired, strict=True))
        ],
        seconds=clock.report(),
    )


def _cast(
    pixels: Pixels,
    everybody: list[Face],
    numbers: Sequence[int],
    role_of: Callable[[int, Face], Role],
    options: Options,
    clock: _Clock,
) -> list[tuple[Performer, Role]]:
    """Those of ``everybody`` who move, by their ``numbers``, each with the role it plays."""
    cast = []
    for place, number in enumerate(numbers):
        face = everybody[number]
        role = role_of(place, face)
        clock.lap("motion")
        cast.append((Performer(pixels, face, _neighbours(face, everybody), options.provider, role.lean, role.body), role))
        clock.lap("depth")
    return cast


def _film(
    out: Path, pixels: Pixels, cast: Sequence[tuple[Performer, Role]], options: Options, clock: _Clock, making: OnProgress
) -> tuple[int, int]:
    """Writes the clip: each frame is the photo, (H, W, 3), and everybody in it as they are just then. Gives its size."""
    height, width = pixels.shape[:2]
    count = cast[0][1].frames
    with ClipWriter(out, (width, height), options.fps, options.quality) as writer:
        performances = [performer.perform(role.tracks(performer.track)) for performer, role in cast]
        for index in range(count):
            frame = pixels.copy()
            for (performer, _), performance in zip(cast, performances, strict=True):
                performer.place(frame, next(performance))
            clock.lap("animate")
            writer.write(frame)
            clock.lap("encode")
            making(index + 1, count)
    clock.lap("encode")
    return writer.encoded_size


def _neighbours(face: Face, everybody: list[Face]) -> list[Face]:
    """The other people: whoever is not this face again and not an animal's or a thing's."""
    alien = NotAHumanFace.code
    people = [f for f in everybody if f is not face and (f.verdict is None or f.verdict.code != alien)]
    middle, apart = face.landmarks[:, :2].mean(axis=0), face.eye_span
    return [f for f in people if np.linalg.norm(f.landmarks[:, :2].mean(axis=0) - middle) > apart]


def _own_seed(photo: Photo) -> int:
    """The same for the same pixels, however the clip is to be."""
    return zlib.crc32(np.ascontiguousarray(photo.pixels).data)


def _save_depth(depth: NDArray[np.uint16], path: Path) -> None:
    with finished(path) as part:
        part.write_bytes(cv2.imencode(".png", depth)[1].tobytes())


def _summary(face: Face) -> dict[str, Any]:
    verdict = None if face.verdict is None else asdict(face.verdict)
    return {
        "box": [round(v, 1) for v in face.box],
        "size": round(face.size, 1),
        "pose": asdict(face.pose),
        "verdict": verdict,
    }
