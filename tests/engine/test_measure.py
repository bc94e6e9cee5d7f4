"""What is measured from a video is what happened in it: the engine's own clips, whose motion is known, are measured back."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.footage import greys, write
from tests.portrait import ASTRONAUT, portrait
from vivify import engine
from vivify.animate import Performer
from vivify.arrays import Float
from vivify.errors import MotionInvalid, NoFaceInVideo, VideoError
from vivify.faces import Pose
from vivify.faces.pose import angles, rotation
from vivify.faces.topology import EYE_CORNERS, EYES, NECK, mouth_width
from vivify.motion import FaceTrack, Motion, Template, compose, driver, extract, extraction, in_turn
from vivify.motion import template as named
from vivify.motion.measure import GAZE_TOLD, Measured, measure, to_motion
from vivify.score import Score
from vivify.video import ClipWriter

FPS, SECONDS = 20.0, 1.8
TURNS = st.builds(Pose, yaw=st.floats(-25, 25), pitch=st.floats(-20, 20), roll=st.floats(-25, 25))
SHIFT = st.floats(-0.5, 0.5)


@cache
def _driven(name: str, folder: Path) -> tuple[Path, FaceTrack, Motion]:
    """A clip of one motion without the idle one, the track it was drawn from, and the motion."""
    photo, face = portrait()
    performer = Performer(photo.pixels, face)
    motion = compose(in_turn([named(name)], SECONDS), None, SECONDS, FPS, mouth_width=0.8)
    track = performer.track(motion, 0.8)
    path = folder / f"{name}.mp4"
    with ClipWriter(path, (256, 256), FPS) as writer:
        for index in range(len(track)):
            frame = photo.pixels.copy()
            performer.draw(frame, track, index)
            writer.write(frame)
    return path, track, motion


@cache
def _measured(video: Path, start: float, end: float | None) -> Measured:
    """What ``measure`` finds: looking at every frame is what takes its time."""
    return measure(video, start, end)


@pytest.fixture(autouse=True)
def _looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever measures a video on the way to something else is given what has been measured of it already."""
    for module in (extraction, driver):
        monkeypatch.setattr(module, "measure", lambda video, start, end, _progress: _measured(video, start, end))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("measured")


def _agreement(found: Float, driven: Float) -> tuple[float, float]:
    """Their correlation, and how large the found curve's range is over the driven one's."""
    return float(np.corrcoef(found, driven)[0, 1]), float(np.ptp(found) / np.ptp(driven))


@pytest.mark.parametrize(("name", "axis"), [("turn-left", 0), ("turn-right", 0), ("nod", 1)])
def test_turns_are_measured_back(name: str, axis: int, folder: Path) -> None:
    """Yaw and pitch come back with their sign, in time (correlation above 0.9) and by 0.5 to 1.5 of their size."""
    path, track, _ = _driven(name, folder)
    found = to_motion(_measured(path, 0.0, None)).rotation
    assert len(found) == len(track) == round(SECONDS * FPS)
    correlation, size = _agreement(found[:, axis], track.rotation[:, axis])
    assert correlation > 0.9
    assert 0.5 < size < 1.5
    peak = np.argmax(np.abs(found[:, axis]))
    assert np.sign(found[peak, axis]) == np.sign(track.rotation[peak, axis])


def test_a_blink_is_measured_back(folder: Path) -> None:
    """Both lids are seen to shut and open again when they did (correlation above 0.9), and the head to stay still."""
    path, _, motion = _driven("blink", folder)
    found = to_motion(_measured(path, 0.0, None))
    for side in range(2):
        correlation, _ = _agreement(found.lids[:, side], np.clip(motion.lids[:, side], 0, 1))
        assert correlation > 0.9
        assert found.lids[:, side].max() > 0.6
    assert np.abs(found.rotation).max() < 2.0


@given(rest=TURNS, turned=TURNS, shift=st.tuples(SHIFT, SHIFT), growth=st.floats(0.8, 1.25))
@settings(max_examples=30, deadline=None)
def test_head_motion_is_told_in_the_resting_heads_axes(
    rest: Pose, turned: Pose, shift: tuple[float, float], growth: float
) -> None:
    """However the head rests, the turn is told in its own axes, the neck's shift right and down along its own roll."""
    after = angles(rotation(rest) @ rotation(turned))
    roll = np.radians(rest.roll)
    right, down = np.array([np.cos(roll), np.sin(roll)]), np.array([-np.sin(roll), np.cos(roll)])
    place = shift[0] * right + shift[1] * down
    turns = np.array([[p.yaw, p.pitch, p.roll] for p in (rest, after)], np.float32)
    necks = np.array([[0, 0, 3], [*place, 3 + np.log(growth)]], np.float32)
    necks[:, :2] *= np.exp(3 - np.median(necks[:, 2]))  # in the video's usual eye distances, not in the first frame's
    middles = necks.copy()  # where the face is seen that turns about such a neck
    for middle, pose in zip(middles, (rest, after), strict=True):
        middle[:2] -= np.exp(middle[2] - np.median(necks[:, 2])) * (rotation(pose) @ NECK)[:2]
    shape = np.broadcast_to(portrait()[1].landmarks, (2, 478, 3)) / 40
    measured = Measured(shape.astype(np.float32), turns, middles, fps=0.1)
    found = to_motion(measured)
    assert np.allclose(measured.neck, necks, atol=1e-3)
    assert np.allclose(found.rotation[1], [turned.yaw, turned.pitch, turned.roll], atol=0.05)
    assert np.allclose(found.translation[1], [*shift, 1 / growth - 1], atol=2e-3)


@pytest.mark.parametrize(
    ("aside", "right", "left", "told"),
    [
        (0.0, 0.0, 0.25, (0.0, 0.25)),  # a wink that begins
        (0.15, 0.0, 0.25, (0.0, 0.0)),  # the iris in the corner: the lower lid is the network's
        (-0.15, 0.25, 0.1, (0.1, 0.1)),
        (0.15, 0.95, 0.8, (1.0, 1.0)),  # a blink stays one
    ],
)
def test_eyes_that_look_aside_are_as_open_as_the_wider_one(
    aside: float, right: float, left: float, told: tuple[float, float]
) -> None:
    """Ahead each lid is told as it is seen; with both irises aside as the one that is more open, in a blink as the other."""
    shape = np.repeat(portrait()[1].landmarks[None] / 40, 9, axis=0)
    for eye, closed in zip(EYES, (right, left), strict=True):
        upper, lower = list(eye.upper[0]), list(eye.lower[0])
        shape[4:, upper] += np.float32(closed) * (shape[4:, lower] - shape[4:, upper])
        shape[4:, list(eye.iris)] += (
            np.float32(aside) * (shape[4:, [eye.inner]] - shape[4:, [eye.outer]]) * (1 if eye is EYES[0] else -1)
        )
    still = np.zeros((9, 3), np.float32)
    lids = to_motion(Measured(shape.astype(np.float32), still, still + np.float32(3), fps=1.0)).lids
    assert np.allclose(lids[-1], told, atol=0.05)


def test_a_rest_in_a_blink_is_one_of_both_eyes() -> None:
    """Of a film that begins with one eye a fifth shut and the other nearly half, then has them open, both are told open from
    then on: the first is not told wide, as it was when the second alone was taken to blink.
    """
    shape = np.repeat(portrait()[1].landmarks[None] / 40, 9, axis=0)
    for eye, closed in zip(EYES, (0.2, 0.45), strict=True):
        upper, lower = list(eye.upper[0]), list(eye.lower[0])
        shape[0, upper] += np.float32(closed) * (shape[0, lower] - shape[0, upper])
    still = np.zeros((9, 3), np.float32)
    lids = to_motion(Measured(shape.astype(np.float32), still, still + np.float32(3), fps=1.0)).lids
    assert np.allclose(lids[4:], 0, atol=0.02)


@pytest.mark.parametrize("aside", [-0.2, 0.2])
def test_eyes_that_look_aside_stay_where_they_are(aside: float) -> None:
    """Corners that are read to slide after their irises, as on films by .11 eye distances an eye width, have not moved."""
    shape = np.repeat(portrait()[1].landmarks[None] / 40, 9, axis=0)
    shape[4:, list(EYE_CORNERS), 0] += 0.11 * aside
    for eye in EYES:
        width = np.linalg.norm(shape[0, eye.outer, :2] - shape[0, eye.inner, :2])
        shape[4:, list(eye.iris), 0] += 0.11 * aside + GAZE_TOLD[0] * aside * width
    still = np.zeros((9, 3), np.float32)
    motion = to_motion(Measured(shape.astype(np.float32), still, still + np.float32(3), fps=1.0))
    assert motion.gaze[-1, 0] == pytest.approx(aside, abs=0.005)
    assert motion.displacement[-1, EYE_CORNERS, 0] == pytest.approx(np.zeros(4), abs=0.001)


def test_a_smile_is_measured_back(folder: Path) -> None:
    """The corners of the mouth are seen to part and come together when they did."""
    path, track, _ = _driven("gentle-smile", folder)
    found = to_motion(_measured(path, 0.0, None)).displacement
    driven = track.displacement
    seen, drawn = (d[:, 291, 0] - d[:, 61, 0] for d in (found, driven))
    assert np.corrcoef(seen, drawn)[0, 1] > 0.9


def test_the_measured_motion_starts_at_rest(folder: Path) -> None:
    """Relative to the first frame nothing has turned, moved or changed in that frame, to the bit of a millionth."""
    found = to_motion(_measured(_driven("turn-left", folder)[0], 0.0, None))
    for curve in (found.rotation, found.translation, found.displacement, found.gaze):
        assert np.abs(curve[0]).max() < 1e-4


def test_an_extracted_template_can_be_used(folder: Path, tmp_path: Path) -> None:
    """``extract`` gives a template at rest at both ends that saves, loads, and turns a head as its video did."""
    made = extract(_driven("turn-left", folder)[0], name="mine", shows="Turns.", source="the engine", licence="CC0-1.0")
    for curve in (made.motion.rotation, made.motion.displacement, made.motion.lids, made.motion.gaze):
        assert np.abs(curve[[0, -1]]).max() < 0.05 * max(1.0, float(np.abs(curve).max()))
    made.save(tmp_path / "mine.json")
    back = Template.load(tmp_path / "mine.json")
    assert (back.name, back.fps) == ("mine", FPS)
    assert back.motion.rotation[:, 0].min() < -8
    assert not made.motion.displacement[:, EYE_CORNERS].any()
    assert 0.5 < back.mouth_width < 1.3
    head = extract(_driven("turn-left", folder)[0], name="mine", shows="Turns.", keep=["head"]).motion
    assert not head.displacement.any()
    assert not head.lids.any()
    lids = extract(_driven("blink", folder)[0], name="mine", shows="Blinks.", keep=["lids"]).motion
    assert not lids.rotation.any()
    assert lids.lids.max() > 0.6


def test_a_drift_is_no_motion() -> None:
    """What a head turns by from end to end of a recording is taken out of its template, what it does on the way is not."""
    still, time = Motion.still(100), np.linspace(0, 1, 100, dtype=np.float32)
    turns = 8 * np.sin(2 * np.pi * time) ** 2
    drifting = replace(still, rotation=np.stack([4 + 10 * time, turns + 10 * time, 0 * time], axis=1))
    yaw, pitch, roll = extraction._from_rest_to_rest(drifting, 25.0, rests_at_ends=True).rotation.T
    assert np.abs(yaw).max() < 0.7
    assert np.abs(pitch - turns).max() < 0.7
    assert not roll.any()


def test_a_template_keeps_the_head_over_its_shoulders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A head that goes aside by a whole eye distance in its video goes 0.12 in the template; small ways stay as they are."""
    video = write(tmp_path / "grey.mp4", greys(*[90] * 50))
    way = np.sin(np.linspace(0, np.pi, 50, dtype=np.float32))
    aside = replace(Motion.still(50), translation=np.stack([way, 0.02 * way, 0 * way], axis=1))
    empty = np.zeros((50, 478, 3), np.float32)
    monkeypatch.setattr(extraction, "measure", lambda *_: Measured(empty, empty[:, 0], empty[:, 0], 25.0))
    monkeypatch.setattr(extraction, "to_motion", lambda *_: aside)
    right, down, _ = extract(video, name="mine", shows="Goes.").motion.translation.T
    assert right.max() == pytest.approx(0.12, abs=1e-4)
    assert down.max() == pytest.approx(0.02, abs=1e-3)


def test_a_motion_too_long_to_be_used_is_not_measured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more seconds than a template may last none is measured, only to be refused when played: an end is asked for."""
    monkeypatch.setattr(sys.modules[Template.__module__], "_LONGEST_SECONDS", 0.5)
    video = _driven("turn-left", folder)[0]
    with pytest.raises(MotionInvalid, match="closer together"):
        extract(video, name="mine", shows="Turns.")
    assert extract(video, name="mine", shows="Turns.", start=0.2, end=0.6).seconds == pytest.approx(0.4, abs=1 / FPS)


def test_a_motion_is_measured_against_the_rest_one_names(folder: Path) -> None:
    """Of a smile cut out at its height, where neither end is at rest, the corners of the mouth still go far."""
    path = _driven("gentle-smile", folder)[0]

    def widest(rest: tuple[float, float] | None) -> float:
        moved = extract(path, name="mine", shows="Smiles.", start=0.8, end=1.4, rest=rest).motion.displacement
        return float((moved[:, 291, 0] - moved[:, 61, 0]).max())

    assert widest((0.0, 0.15)) > 2 * max(widest(None), 0.02)
    with pytest.raises(VideoError):
        widest((60.0, 61.0))


def test_a_part_of_a_video_is_measured(folder: Path) -> None:
    """From ``start`` up to ``end`` seconds: as many frames as that takes."""
    path = _driven("turn-left", folder)[0]
    assert len(measure(path, 0.5, 1.0).shape) == 10
    assert len(_measured(path, 0.0, 0.5).shape) == 10
    assert len(measure(path, 1.0).shape) == 16


def test_the_frame_rate_of_the_clip_is_the_callers(folder: Path) -> None:
    """A driver of 20 frames a second gives a clip of any rate: the same seconds, turn, and mouth of its first frame."""
    path, photo = _driven("turn-left", folder)[0], portrait()[1]
    options = [engine.Options(driver=path, fps=fps) for fps in (40.0, 20.0)]
    faster, slower = (Score.of(asked, 0).roles()(0, photo) for asked in options)
    assert (faster.frames, slower.frames) == (round(SECONDS * 40), round(SECONDS * 20))
    turns = [np.abs(role.motion(range(role.frames)).rotation).max() for role in (faster, slower)]
    assert turns[0] == pytest.approx(turns[1], rel=0.05)
    assert faster.mouth_width == slower.mouth_width == mouth_width(_measured(path, 0.0, None).read_once().shape[0])


def test_frames_that_lose_the_face_are_bridged(folder: Path, tmp_path: Path) -> None:
    """A third of the frames black in the middle: the turn is still measured, without a jump; two thirds are too many."""
    photo, face = portrait()
    performer = Performer(photo.pixels, face)
    motion = compose(in_turn([named("turn-left")], 1.5), None, 1.5, FPS, mouth_width=0.9)
    track = performer.track(motion, 0.9)
    for name, dark in (("some", range(4, 14)), ("most", range(4, 24))):
        with ClipWriter(tmp_path / f"{name}.mp4", (256, 256), FPS) as writer:
            for index in range(len(track)):
                frame = photo.pixels.copy()
                performer.draw(frame, track, index)
                writer.write(np.zeros_like(frame) if index in dark else frame)
    found = to_motion(measure(tmp_path / "some.mp4")).rotation[:, 0]
    assert np.corrcoef(found[14:], track.rotation[14:, 0])[0, 1] > 0.9
    assert np.abs(np.diff(found)).max() < 5
    with pytest.raises(NoFaceInVideo):
        measure(tmp_path / "most.mp4")


@pytest.mark.parametrize(("start", "end"), [(900.0, None), (0.0, 0.1)])
def test_seconds_that_are_not_there_are_said(tmp_path: Path, start: float, end: float | None) -> None:
    """A start beyond the video's end, or two frames of it, is VideoError before any of it is looked at."""
    path = write(tmp_path / "grey.mp4", greys(*[90] * 30), fps=20.0)
    with pytest.raises(VideoError, match="holds no such seconds"):
        extract(path, name="mine", shows="Nothing.", start=start, end=end)


def test_what_is_no_video_is_said(tmp_path: Path) -> None:
    """A picture and a missing file raise VideoError."""
    for path in (ASTRONAUT, tmp_path / "absent.mp4"):
        with pytest.raises(VideoError):
            measure(path)
