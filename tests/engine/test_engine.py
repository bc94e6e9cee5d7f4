"""The engine's use case: from a photo and options to a clip and a report, or to a named error and no file."""

from __future__ import annotations

import json
import tracemalloc
import weakref
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest

from tests.drawn import SHORT, Pixels, Sink, animated
from tests.portrait import cut, portrait, whole
from vivify import engine
from vivify.animate import Performer
from vivify.errors import GpuUnavailable, MotionInvalid, VideoError
from vivify.faces import resized
from vivify.photos import Photo
from vivify.video import probe, read_frames

STAGES = ["faces", "depth", "motion", "animate", "encode", "total"]


def test_the_report_says_what_was_made(tmp_path: Path) -> None:
    """The report has exactly the keys of the command line's contract, is JSON, and says what the file holds."""
    photo, _ = portrait()
    seen: list[tuple[int, int]] = []
    out = tmp_path / "clip.mp4"
    report = engine.animate(photo, None, out, SHORT, lambda done, whole: seen.append((done, whole))).as_dict()
    assert json.loads(json.dumps(report))["clip"] == str(tmp_path / "clip.mp4")
    assert list(report) == ["clip", "frames", "fps", "size", "faces", "seconds"]
    assert list(report["seconds"]) == STAGES
    spent = report["seconds"]
    assert all(value >= 0 for value in spent.values())
    assert sum(spent[stage] for stage in STAGES[:-1]) == pytest.approx(spent["total"], abs=0.05)
    (face,) = report["faces"]
    assert set(face) == {"box", "size", "pose", "verdict", "animated", "held_back", "repaired"}
    assert face["animated"] is True
    assert face["verdict"] is None
    info = probe(tmp_path / "clip.mp4")
    assert (info.frames, info.fps, [info.width, info.height]) == (report["frames"], report["fps"], list(report["size"]))
    assert (info.codec, info.pixel_format, info.faststart) == ("h264", "yuv420p", True)
    assert seen == [(n, 4) for n in (1, 2, 3, 4)]
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize(("seconds", "fps", "frames"), [(0.5, 10.0, 5), (0.21, 30.0, 6), (0.04, 25.0, 2), (None, 5.0, 30)])
def test_as_many_frames_as_seconds_times_fps(seconds: float | None, fps: float, frames: int) -> None:
    """The clip has round(seconds * fps) frames, at least 2; without a length it lasts six seconds."""
    photo, *faces = portrait()
    made = animated(photo, faces, replace(SHORT, seconds=seconds, fps=fps, size=64))
    assert len(made) == frames


def test_the_first_frame_is_the_photo() -> None:
    """Before encoding the first frame is the photo bit for bit, a later one is not, and the photo is never written to."""
    photo, *faces = portrait()
    before = photo.pixels.copy()
    frames = animated(photo, faces, replace(SHORT, seconds=1.0))
    assert np.array_equal(frames[0], before)
    assert not np.array_equal(frames[5], before)
    assert np.array_equal(photo.pixels, before)


@pytest.mark.parametrize(("size", "wanted"), [(128, (128, 84)), (129, (128, 86)), (320, (320, 212)), ("native", (256, 170))])
def test_the_long_side_is_what_was_asked_for(size: Any, wanted: tuple[int, int], tmp_path: Path) -> None:
    """``size`` N makes the longer side N pixels, both cut to even numbers; native keeps the photo's own."""
    photo, face = cut(*portrait(), 0, 20, 256, 170)
    report = engine.animate(photo, [face], tmp_path / "clip.mp4", replace(SHORT, size=size))
    assert report.size == wanted
    info = probe(tmp_path / "clip.mp4")
    assert (info.width, info.height) == wanted


def test_resized_landmarks_stay_on_the_face() -> None:
    """At another size the face is where the landmarks say: those found anew lie within 4% of an eye distance on average."""
    photo, face = portrait()
    pixels, (placed,) = resized(photo.pixels, [face], 512)
    (found,) = engine.analyse(Photo(pixels, "png"))
    away = np.linalg.norm(found.landmarks[:, :2] - placed.landmarks[:, :2], axis=1).mean()
    assert away < 0.04 * placed.eye_span


def test_a_photo_larger_than_h264_allows_is_made_smaller() -> None:
    """Native never goes beyond 4096 pixels."""
    _, face = portrait()
    pixels, _ = resized(np.zeros((6, 5000, 3), np.uint8), [face], "native")
    assert pixels.shape == (4, 4096, 3)


def test_portrait_frame_is_head_and_shoulders(tmp_path: Path) -> None:
    """``frame`` portrait cuts the astronaut's whole photo to even-sided head and shoulders with the face inside."""
    photo, face = whole()
    report = engine.animate(photo, [face], tmp_path / "clip.mp4", replace(SHORT, frame="portrait"))
    width, height = report.size
    assert 4 * face.eye_span < width < 512
    assert face.size * 1.5 < height < 512
    assert (width % 2, height % 2) == (0, 0)
    frame = next(read_frames(tmp_path / "clip.mp4"))
    (again,) = engine.analyse(Photo(np.ascontiguousarray(frame), "png"))
    x0, y0, x1, y1 = again.box
    assert x0 > 0.1 * width
    assert x1 < 0.9 * width
    assert y0 > 0.1 * height
    assert y1 < 0.8 * height


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="this machine has CUDA")
def test_cuda_that_is_not_there_is_said_and_never_replaced(tmp_path: Path) -> None:
    """Asking for CUDA on a machine without it raises GpuUnavailable, as often as it is asked, and leaves no file."""
    photo, *faces = portrait()
    options = replace(SHORT, provider="cuda", depth=tmp_path / "depth.png")
    with pytest.raises(GpuUnavailable) as caught:
        engine.animate(photo, faces, tmp_path / "clip.mp4", options)
    assert not caught.value.retryable
    assert not list(tmp_path.iterdir())


def test_a_motion_that_is_not_there_leaves_no_file(tmp_path: Path) -> None:
    """Neither an unknown name nor a template file that is none leaves a clip or a depth map behind."""
    photo, *faces = portrait()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.json").write_text("{}", encoding="utf-8")
    for name in ("moonwalk", str(tmp_path / "in" / "bad.json"), str(tmp_path / "absent.json")):
        options = replace(SHORT, motions=(name,), depth=tmp_path / "depth.png")
        with pytest.raises(MotionInvalid):
            engine.animate(photo, faces, tmp_path / "clip.mp4", options)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("asked", [{"motions": ("moonwalk",)}, {"storyboard": Path("absent.json")}])
def test_what_cannot_be_played_is_said_before_anybody_is_looked_for(
    asked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finding faces takes a second, reading what is asked for a few milliseconds: a mistyped name is told at once."""
    monkeypatch.setattr(engine, "find_faces", lambda _photo: pytest.fail("faces were looked for"))
    with pytest.raises(MotionInvalid):
        engine.animate(portrait()[0], None, tmp_path / "clip.mp4", replace(SHORT, **asked))


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """Neither clip nor depth map can be written to a folder that does not exist: VideoError, not a bare exception."""
    photo, *faces = portrait()
    with pytest.raises(VideoError):
        engine.animate(photo, faces, tmp_path / "no" / "clip.mp4", SHORT)
    with pytest.raises(VideoError):
        engine.animate(photo, faces, tmp_path / "clip.mp4", replace(SHORT, depth=tmp_path / "no" / "depth.png"))
    assert not list(tmp_path.iterdir())


def test_the_depth_map_is_a_16_bit_picture(tmp_path: Path) -> None:
    """``depth`` writes a PNG whose pixels are (H, W) uint16 over the face's region, nearest at the nose."""
    photo, *faces = portrait()
    engine.animate(photo, faces, tmp_path / "clip.mp4", replace(SHORT, depth=tmp_path / "depth.png"))
    depth = cv2.imread(str(tmp_path / "depth.png"), cv2.IMREAD_UNCHANGED)
    assert depth is not None
    region = Performer(photo.pixels, faces[0]).region
    assert depth.dtype == np.uint16
    assert depth.shape == (region.y1 - region.y0, region.x1 - region.x0)
    x, y = np.round(faces[0].landmarks[4, :2]).astype(int)
    assert depth[y - region.y0, x - region.x0] > 60_000
    assert depth.min() == 0


def test_the_same_request_gives_the_same_bytes(tmp_path: Path) -> None:
    """Made twice from the same photo, the clip and the depth map are the same files to the last bit."""
    photo, _ = portrait()
    made = []
    for name in ("one", "two"):
        options = replace(SHORT, motions=("gentle-smile", "blink"), depth=tmp_path / f"{name}.png")
        engine.animate(photo, None, tmp_path / f"{name}.mp4", options)
        made.append(((tmp_path / f"{name}.mp4").read_bytes(), (tmp_path / f"{name}.png").read_bytes()))
    assert made[0] == made[1]


def test_strength_and_the_idle_motion() -> None:
    """Without strength only the idle motion is left, whatever was asked for; the stronger a turn, the farther from that."""
    photo, *faces = portrait()

    def shown(strength: float, motion: str) -> Pixels:
        asked = replace(SHORT, seconds=1.4, strength=strength, motions=(motion,))
        return animated(photo, faces, asked)[8].astype(int)

    idle = shown(0.0, "turn-left")
    assert np.array_equal(idle, shown(0.0, "nod"))
    half, whole = (float(np.abs(shown(strength, "turn-left") - idle).mean()) for strength in (0.5, 1.0))
    assert 0 < half < 0.8 * whole


def test_a_loop_ends_where_it_began() -> None:
    """The last frame of a loop is nearer to the photo than its neighbours in the middle are to one another."""
    photo, *faces = portrait()
    frames = animated(photo, faces, replace(SHORT, seconds=1.2, fps=20.0, loop=True))
    steps = [float(np.abs(b.astype(int) - a).mean()) for a, b in pairwise(frames)]
    assert float(np.abs(frames[-1].astype(int) - photo.pixels).mean()) <= max(steps)


class Watching(Sink):
    """Keeps no frame; counts how many earlier ones are still alive, and how much memory is held."""

    def __init__(self) -> None:
        super().__init__()
        self.alive = 0
        self.held: list[int] = []  # bytes
        self._seen: list[weakref.ref[Pixels]] = []

    def write(self, frame: Pixels) -> None:
        self.alive = max(self.alive, sum(ref() is not None for ref in self._seen))
        self._seen = [*self._seen[-5:], weakref.ref(frame)]
        self.held.append(tracemalloc.get_traced_memory()[0])


def test_memory_does_not_grow_with_the_clip() -> None:
    """Four seconds are drawn frame by frame: earlier frames are let go, and no more memory is held in the second half than
    in the first, within one frame.
    """
    photo, *faces = portrait()
    watching = Watching()
    tracemalloc.start()
    try:
        animated(photo, faces, replace(SHORT, seconds=4.0, motions=("nod", "blink")), watching)
    finally:
        tracemalloc.stop()
    assert len(watching.held) == 40
    assert watching.alive <= 1
    assert max(watching.held[20:]) - max(watching.held[:20]) < photo.pixels.nbytes  # a face that makes faces takes more
