"""The engine's use case: from a photo and options to a clip and a report, or to a named error and no file."""

from __future__ import annotations

import json
import tracemalloc
import weakref
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from tests.portrait import portrait
from vivify import engine
from vivify.animate import Performer
from vivify.engine import Options
from vivify.errors import FaceRejected, GpuUnavailable, MotionInvalid, NoFaceFound, UsageError, VideoError
from vivify.faces import Face, Verdict
from vivify.photos import Photo, decode
from vivify.video import ClipWriter, probe, read_frames

Pixels = NDArray[np.uint8]

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
SHORT = Options(motions=("turn-left",), seconds=0.4, fps=10.0)
STAGES = ["faces", "depth", "motion", "animate", "encode", "total"]


@cache
def _pair() -> tuple[Photo, list[Face]]:
    """Two of her side by side, the second a little smaller, in 480 x 256 pixels."""
    photo, face = portrait()
    small = np.zeros((256, 224, 3), np.uint8) + photo.pixels[:1, :1]
    small[:224] = cv2.resize(photo.pixels, (224, 224), interpolation=cv2.INTER_AREA)
    points = face.landmarks * np.float32(224 / 256) + np.array([256, 0, 0], np.float32)
    return Photo(np.hstack([photo.pixels, small]), "png"), [face, replace(face, landmarks=points)]


class Sink:
    """Stands in for the ClipWriter: keeps copies of the frames, or nothing but counts."""

    frames: list[Pixels]
    keep = True

    def __init__(self, path: Path, size: tuple[int, int], fps: float = 25.0, quality: str = "final") -> None:
        self.encoded_size = size
        type(self).frames = []

    def write(self, frame: Pixels) -> None:
        self.frames.append(frame.copy())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


def _frames(photo: Photo, faces: list[Face], options: Options, monkeypatch: pytest.MonkeyPatch) -> list[Pixels]:
    """The frames as they are before encoding."""
    with monkeypatch.context() as patched:
        patched.setattr(engine, "ClipWriter", Sink)
        engine.animate(photo, faces, Path("nowhere.mp4"), options)
    return Sink.frames


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


@pytest.mark.parametrize(("seconds", "fps", "frames"), [(0.5, 10.0, 5), (0.21, 30.0, 6), (0.04, 25.0, 2), (None, 5.0, 20)])
def test_as_many_frames_as_seconds_times_fps(
    seconds: float | None, fps: float, frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clip has round(seconds * fps) frames, at least 2; without a length it lasts four seconds."""
    photo, *faces = portrait()
    made = _frames(photo, faces, replace(SHORT, seconds=seconds, fps=fps, size=64), monkeypatch)
    assert len(made) == frames


def test_the_first_frame_is_the_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before encoding the first frame is the photo bit for bit, a later one is not, and the photo is never written to."""
    photo, *faces = portrait()
    before = photo.pixels.copy()
    frames = _frames(photo, faces, replace(SHORT, seconds=1.0), monkeypatch)
    assert np.array_equal(frames[0], before)
    assert not np.array_equal(frames[5], before)
    assert np.array_equal(photo.pixels, before)


@pytest.mark.parametrize(("size", "wanted"), [(128, (128, 84)), (129, (128, 86)), (320, (320, 212)), ("native", (256, 170))])
def test_the_long_side_is_what_was_asked_for(size: Any, wanted: tuple[int, int], tmp_path: Path) -> None:
    """``size`` N makes the longer side N pixels, both cut to even numbers; native keeps the photo's own."""
    photo, face = portrait()
    wide = Photo(np.ascontiguousarray(photo.pixels[20:190]), "png")
    moved = replace(face, landmarks=face.landmarks - np.array([0, 20, 0], np.float32))
    report = engine.animate(wide, [moved], tmp_path / "clip.mp4", replace(SHORT, size=size))
    assert report.size == wanted
    info = probe(tmp_path / "clip.mp4")
    assert (info.width, info.height) == wanted


def test_resized_landmarks_stay_on_the_face(monkeypatch: pytest.MonkeyPatch) -> None:
    """At another size the face is where the landmarks say: those found anew lie within 4% of an eye distance on average."""
    photo, face = portrait()
    pixels, (placed,) = engine._framed(photo.pixels, [face], face, replace(SHORT, size=512))
    (found,) = engine.analyse(Photo(pixels, "png"))
    away = np.linalg.norm(found.landmarks[:, :2] - placed.landmarks[:, :2], axis=1).mean()
    assert away < 0.04 * placed.eye_distance


def test_a_photo_larger_than_h264_allows_is_made_smaller() -> None:
    """Native never goes beyond 4096 pixels."""
    _, face = portrait()
    pixels, _ = engine._framed(np.zeros((6, 5000, 3), np.uint8), [face], face, SHORT)
    assert pixels.shape == (4, 4096, 3)


def test_portrait_frame_is_head_and_shoulders(tmp_path: Path) -> None:
    """``frame`` portrait cuts the astronaut's whole photo to even-sided head and shoulders with the face inside."""
    photo = decode((FIXTURES / "astronaut.png").read_bytes())
    (face,) = engine.analyse(photo)
    report = engine.animate(photo, [face], tmp_path / "clip.mp4", replace(SHORT, frame="portrait"))
    width, height = report.size
    assert 4 * face.eye_distance < width < 512
    assert face.size * 1.5 < height < 512
    assert (width % 2, height % 2) == (0, 0)
    frame = next(read_frames(tmp_path / "clip.mp4"))
    (again,) = engine.analyse(Photo(np.ascontiguousarray(frame), "png"))
    x0, y0, x1, y1 = again.box
    assert x0 > 0.1 * width
    assert x1 < 0.9 * width
    assert y0 > 0.1 * height
    assert y1 < 0.8 * height


def test_whom_to_animate(monkeypatch: pytest.MonkeyPatch) -> None:
    """All, the largest, or the N-th face: those move, and the others' faces stay bit-identical."""
    photo, faces = _pair()
    boxes = [tuple(round(v) for v in face.box) for face in faces]
    for who, moving in (("all", [True, True]), ("largest", [True, False]), (1, [True, False]), (2, [False, True])):
        frames = _frames(photo, faces, replace(SHORT, seconds=1.0, faces=who), monkeypatch)  # type: ignore[arg-type]
        changed = (frames[6] != photo.pixels).any(axis=2)
        found = [bool(changed[y0:y1, x0:x1].any()) for x0, y0, x1, y1 in boxes]
        assert found == moving, who


@pytest.mark.parametrize("who", [1, 2])
def test_a_neighbour_who_was_not_chosen_is_not_dragged(who: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two heads close together, one of them animated: the other's face stays bit-identical in every frame."""
    photo, face = portrait()
    pixels = np.ascontiguousarray(np.hstack([photo.pixels[:, 50:220]] * 2))
    faces = [replace(face, landmarks=face.landmarks + np.array([x, 0, 0], np.float32)) for x in (-50, 120)]
    frames = _frames(Photo(pixels, "png"), faces, replace(SHORT, seconds=1.4, strength=2.0, faces=who), monkeypatch)
    x0, y0, x1, y1 = (round(v) for v in faces[2 - who].box)
    assert any((frame != pixels).any() for frame in frames)
    assert not any((frame != pixels)[y0:y1, x0:x1].any() for frame in frames)


def test_the_report_names_who_moved(tmp_path: Path) -> None:
    """Of two faces the report lists both, and which of them was animated."""
    photo, faces = _pair()
    report = engine.animate(photo, faces, tmp_path / "clip.mp4", replace(SHORT, faces=2))
    assert [face["animated"] for face in report.faces] == [False, True]


@pytest.mark.parametrize("number", [3, 0, -1])
def test_a_face_that_is_not_there_is_wrong_usage(number: int, tmp_path: Path) -> None:
    """Faces count from 1 to as many as the photo has; another number is the caller's mistake, and nothing is written."""
    photo, faces = _pair()
    with pytest.raises(UsageError):
        engine.animate(photo, faces, tmp_path / "clip.mp4", replace(SHORT, faces=number))
    assert not list(tmp_path.iterdir())


def test_a_rejected_face_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    """No face, a rejected face, and a rejected face asked for by its number each raise their own error; no file appears."""
    photo, face = portrait()
    aside = replace(face, verdict=Verdict("profile_view", "The head is turned away."))
    out, options = tmp_path / "clip.mp4", replace(SHORT, depth=tmp_path / "depth.png")
    with pytest.raises(NoFaceFound):
        engine.animate(photo, [], out, options)
    with pytest.raises(FaceRejected) as caught:
        engine.animate(photo, [aside], out, options)
    assert caught.value.code == "profile_view"
    with pytest.raises(FaceRejected):
        engine.animate(photo, [face, aside], out, replace(options, faces=2))
    assert not list(tmp_path.iterdir())


def test_a_good_face_is_animated_beside_a_rejected_one(tmp_path: Path) -> None:
    """One face that cannot be animated does not keep the other still."""
    photo, (first, second) = _pair()
    aside = replace(first, verdict=Verdict("profile_view", "The head is turned away."))
    report = engine.animate(photo, [aside, second], tmp_path / "clip.mp4", SHORT)
    assert [face["animated"] for face in report.faces] == [False, True]
    assert report.faces[0]["verdict"]["code"] == "profile_view"


def test_a_cup_of_coffee_is_rejected(tmp_path: Path) -> None:
    """A photo without a face raises NoFaceFound from the engine itself, and no file appears."""
    photo = decode((FIXTURES / "coffee.png").read_bytes())
    with pytest.raises(FaceRejected):
        engine.animate(photo, None, tmp_path / "clip.mp4", SHORT)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="this machine has CUDA")
def test_cuda_that_is_not_there_is_said_and_never_replaced(tmp_path: Path) -> None:
    """Asking for CUDA on a machine without it raises GpuUnavailable, which another host may heal, and leaves no file."""
    photo, *faces = portrait()
    options = replace(SHORT, provider="cuda", depth=tmp_path / "depth.png")
    with pytest.raises(GpuUnavailable) as caught:
        engine.animate(photo, faces, tmp_path / "clip.mp4", options)
    assert caught.value.retryable
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


def test_strength_and_the_idle_motion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without strength only the idle motion is left; a stronger turn moves more."""
    photo, *faces = portrait()
    away = []
    for strength in (0.0, 0.5, 1.0):
        frames = _frames(photo, faces, replace(SHORT, seconds=1.4, strength=strength), monkeypatch)
        away.append(float(np.abs(frames[8].astype(int) - photo.pixels).mean()))
    assert away[0] < 0.6 * away[1] < 0.6 * away[2]


def test_a_loop_ends_where_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last frame of a loop is nearer to the photo than its neighbours in the middle are to one another."""
    photo, *faces = portrait()
    frames = _frames(photo, faces, replace(SHORT, seconds=1.2, fps=20.0, loop=True), monkeypatch)
    steps = [float(np.abs(b.astype(int) - a).mean()) for a, b in pairwise(frames)]
    assert float(np.abs(frames[-1].astype(int) - photo.pixels).mean()) <= max(steps)


class Watching(Sink):
    """Keeps no frame; counts how many earlier ones are still alive, and how much memory is held."""

    alive: int
    held: list[int]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        type(self).alive, type(self).held = 0, []
        self._seen: list[weakref.ref[Pixels]] = []

    def write(self, frame: Pixels) -> None:
        earlier = sum(ref() is not None for ref in self._seen)
        type(self).alive = max(self.alive, earlier)
        self._seen = [*self._seen[-5:], weakref.ref(frame)]
        self.held.append(tracemalloc.get_traced_memory()[0])


def test_memory_does_not_grow_with_the_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds are drawn frame by frame: earlier frames are let go, and the memory held stays flat within one frame."""
    photo, *faces = portrait()
    monkeypatch.setattr(engine, "ClipWriter", Watching)
    tracemalloc.start()
    try:
        engine.animate(photo, faces, Path("nowhere.mp4"), replace(SHORT, seconds=10.0, motions=("nod", "blink")))
    finally:
        tracemalloc.stop()
    assert len(Watching.held) == 100
    assert Watching.alive <= 1
    assert max(Watching.held[10:]) - Watching.held[10] < photo.pixels.nbytes


@cache
def _driver(folder: Path) -> Path:
    """A video of her turning her head, made by the engine itself: 512 pixels, 20 frames a second, 1.5 s."""
    photo, *faces = portrait()
    options = Options(motions=("turn-right",), seconds=1.5, fps=20.0, size=384)
    engine.animate(photo, faces, folder / "driver.mp4", options)
    return folder / "driver.mp4"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _driver(tmp_path_factory.mktemp("driver"))


def test_a_driver_drives(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The portrait follows a video of somebody turning to the viewer's left: from the photo on, for as long."""
    photo, *faces = portrait()
    frames = _frames(photo, faces, Options(driver=driver, fps=20.0), monkeypatch)
    assert len(frames) == 30
    assert np.array_equal(frames[0], photo.pixels)
    poses = [engine.analyse(Photo(frames[n], "png"))[0].pose.yaw - faces[0].pose.yaw for n in (0, 16)]
    assert abs(poses[0]) < 0.5
    assert poses[1] > 5


@pytest.mark.parametrize(("seconds", "fps", "frames"), [(1.0, 20.0, 20), (0.5, 10.0, 5), (9.0, 20.0, 30)])
def test_a_driver_is_cut_to_the_length_asked_for(
    driver: Path, seconds: float, fps: float, frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clip of S seconds has S * fps frames with a driver too, and never more than the driver lasts."""
    photo, *faces = portrait()
    made = _frames(photo, faces, Options(driver=driver, seconds=seconds, fps=fps, size=64), monkeypatch)
    assert len(made) == frames


def test_a_driver_that_begins_with_shut_eyes_still_begins_as_the_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first frame is the photo whatever the driver does at that moment: here it is in the middle of a blink."""
    photo, *faces = portrait()
    options = Options(motions=("blink",), seconds=1.2, fps=25.0, size=384)
    frames = _frames(photo, faces, options, monkeypatch)
    peak = int(np.argmax(engine._score(options)[0](0).lids[:, 0]))
    with ClipWriter(tmp_path / "driver.mp4", (384, 384), 25.0) as writer:
        for frame in frames[peak:] + frames[:peak]:
            writer.write(frame)
    assert np.array_equal(_frames(photo, faces, Options(driver=tmp_path / "driver.mp4"), monkeypatch)[0], photo.pixels)


def test_a_driver_without_a_face_is_said(tmp_path: Path) -> None:
    """A video in which no face can be followed raises NoFaceFound; a file that is no video VideoError; no clip appears."""
    photo, *faces = portrait()
    with ClipWriter(tmp_path / "empty.mp4", (96, 96), 10.0) as writer:
        for _ in range(5):
            writer.write(np.full((96, 96, 3), 90, np.uint8))
    with pytest.raises(NoFaceFound):
        engine.animate(photo, faces, tmp_path / "clip.mp4", Options(driver=tmp_path / "empty.mp4"))
    for bad in (FIXTURES / "coffee.png", tmp_path / "absent.mp4"):
        with pytest.raises(VideoError):
            engine.animate(photo, faces, tmp_path / "clip.mp4", Options(driver=bad))
    assert not (tmp_path / "clip.mp4").exists()
