"""A video of anybody drives the portrait: its motion, its length, and never its first frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.drawn import animated
from tests.footage import greys, write
from tests.portrait import ASTRONAUT, portrait
from vivify import engine
from vivify.arrays import Pixels
from vivify.engine import Options
from vivify.errors import MotionInvalid, NoFaceInVideo, VideoError
from vivify.motion import require_followable
from vivify.photos import Photo
from vivify.score import Score


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of her turning her head, made by the engine itself: 384 pixels, 20 frames a second, 1.5 s."""
    photo, *faces = portrait()
    path = tmp_path_factory.mktemp("driver") / "driver.mp4"
    engine.animate(photo, faces, path, Options(motions=("turn-right",), seconds=1.5, fps=20.0, size=384))
    return path


def test_a_driver_drives(driver: Path) -> None:
    """The portrait follows a video of somebody turning to the viewer's left: from the photo on, for as long."""
    photo, *faces = portrait()
    frames = animated(photo, faces, Options(driver=driver, fps=20.0))
    assert len(frames) == 30
    assert np.array_equal(frames[0], photo.pixels)
    poses = [engine.analyse(Photo(frames[n], "png"))[0].pose.yaw - faces[0].pose.yaw for n in (0, 20)]
    assert abs(poses[0]) < 0.5
    assert poses[1] > 5


@pytest.mark.parametrize(("seconds", "fps", "frames"), [(1.0, 20.0, 20), (0.5, 10.0, 5), (9.0, 20.0, 30)])
def test_a_driver_is_cut_to_the_length_asked_for(driver: Path, seconds: float, fps: float, frames: int) -> None:
    """A clip of S seconds has S * fps frames with a driver too, and never more than the driver lasts."""
    photo, *faces = portrait()
    made = animated(photo, faces, Options(driver=driver, seconds=seconds, fps=fps, size=64))
    assert len(made) == frames


def test_how_far_it_is_while_a_driver_is_followed(driver: Path, tmp_path: Path) -> None:
    """Looking at the driver's frames is the first half of the work and making the clip's the second: each frame is a step,
    none goes back, and the last one is the whole.
    """
    photo, *faces = portrait()
    told: list[float] = []
    options = Options(driver=driver, seconds=0.5, fps=10.0, size=64)  # of the driver's 20 frames a second
    engine.animate(photo, faces, tmp_path / "clip.mp4", options, lambda done, whole: told.append(done / whole))
    assert told == [*np.arange(1, 11) / 20, *(0.5 + np.arange(1, 6) / 10)]


def test_a_driven_loop_closes(driver: Path) -> None:
    """A clip that follows a video into the middle of a turn ends, as a loop, where it began: its last frame is no farther
    from the first than any two neighbours are from each other; without a loop it is as far as she has turned.
    """
    photo, *faces = portrait()

    def apart(frames: list[Pixels]) -> list[float]:
        following = [*frames[1:], frames[0]]
        return [float(np.abs(a.astype(int) - b).mean()) for a, b in zip(frames, following, strict=True)]

    open_ended = apart(animated(photo, faces, Options(driver=driver, seconds=0.9, fps=20.0)))
    loop = apart(animated(photo, faces, Options(driver=driver, seconds=0.9, fps=20.0, loop=True)))
    assert open_ended[-1] > 10
    assert loop[-1] <= min(max(loop[:-1]), 5)


def test_a_driver_that_begins_with_shut_eyes_still_begins_as_the_photo(tmp_path: Path) -> None:
    """The first frame is the photo whatever the driver does at that moment: here it is in the middle of a blink."""
    photo, *faces = portrait()
    options = Options(motions=("blink",), seconds=1.2, fps=25.0, size=384, seed=0)
    frames = animated(photo, faces, options)
    peak = int(np.argmax(Score.of(options, 0).roles()(0, faces[0]).motion(range(30)).lids[:, 0]))
    blinking = write(tmp_path / "driver.mp4", frames[peak:] + frames[:peak])
    assert np.array_equal(animated(photo, faces, Options(driver=blinking))[0], photo.pixels)


def test_a_driver_that_is_none_is_said_before_anything_is_looked_at(
    driver: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is no video is VideoError, more frames than there is memory for MotionInvalid, and no face was sought."""
    photo, *_ = portrait()
    monkeypatch.setattr("vivify.engine.find_faces", None)
    for bad in (ASTRONAUT.with_name("coffee.png"), tmp_path / "absent.mp4"):
        with pytest.raises(VideoError):
            engine.animate(photo, None, tmp_path / "clip.mp4", Options(driver=bad))
    monkeypatch.setattr("vivify.motion.driver._MOST_FRAMES", 10)
    require_followable(driver, 0.5)
    with pytest.raises(MotionInvalid, match="fewer seconds"):
        engine.animate(photo, None, tmp_path / "clip.mp4", Options(driver=driver, seconds=0.6))
    assert list(tmp_path.iterdir()) == []


def test_a_driver_without_a_face_is_said(tmp_path: Path) -> None:
    """A video in which no face can be followed raises NoFaceInVideo; no clip appears."""
    photo, *faces = portrait()
    empty = write(tmp_path / "empty.mp4", greys(*[90] * 5))
    with pytest.raises(NoFaceInVideo):
        engine.animate(photo, faces, tmp_path / "clip.mp4", Options(driver=empty))
    assert not (tmp_path / "clip.mp4").exists()
