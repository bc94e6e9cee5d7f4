"""The library of motions: all are there, say whence they come, start and end at rest, and do what their names say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from layers.models.motions.edits import evened, lids_alike
from layers.models.motions.recipes import RECIPES
from vivify.errors import MotionInvalid
from vivify.faces.topology import EYE_CORNERS
from vivify.motion import Motion, Template, library, template
from vivify.motion.library import IDLE

NAMES = (
    "blink", "broad-smile", "double-blink", "frown", "gentle-smile", "kiss", "laugh", "look-around", "natural-idle", "nod",
    "raised-brows", "shake", "surprise", "tilt", "turn-left", "turn-right", "wink-left", "wink-right",
)  # fmt: skip


def test_the_library_holds_them_all() -> None:
    """All eighteen are there, each once, in the order of their names; another is refused, naming it and those there are."""
    assert tuple(t.name for t in library()) == NAMES
    with pytest.raises(MotionInvalid) as caught:
        template("moonwalk")
    assert caught.value.message == f"There is no motion 'moonwalk'. Choose one of: {', '.join(NAMES)}."


@pytest.mark.parametrize("name", NAMES)
def test_motions_that_are_kept_leave_eyes_in_their_sockets(name: str) -> None:
    """What a film's landmarks and texture differ by moves nobody else's eyes: no corner of any has moved."""
    assert not template(name).motion.displacement[:, EYE_CORNERS].any()


@pytest.mark.parametrize("name", NAMES)
def test_library_motions_start_and_end_at_rest(name: str) -> None:
    """Each begins and ends as the photo (within 1% of an eye distance, 0.1 degrees, 3% of a lid) and moves between; who only
    sits still half as far.
    """
    motion = template(name).motion
    for end in (0, -1):
        assert np.abs(motion.rotation[end]).max() < 0.1
        assert np.abs(motion.translation[end]).max() < 0.01
        assert np.abs(motion.displacement[end]).max() < 0.01
        assert np.abs(motion.lids[end]).max() < 0.03
        assert np.abs(motion.gaze[end]).max() < 0.01
    busy = max(np.abs(motion.rotation).max() / 5, np.abs(motion.lids).max(), np.abs(motion.displacement).max() / 0.1)
    assert busy > (0.45 if name == IDLE else 0.9)


@pytest.mark.parametrize("name", NAMES)
def test_library_motions_say_whence_they_come(name: str) -> None:
    """Each states what it shows, its source and a licence that lets it be given on, and runs at a video's rate."""
    made = template(name)
    assert made.shows.endswith(".")
    assert made.source != "unknown"
    assert set(made.licence.split(" AND ")) <= {"MIT", "Apache-2.0", "CC0-1.0", "CC-BY-4.0", "public domain"}
    assert 20 <= made.fps <= 60
    assert 0.5 <= made.seconds <= (10 if name == IDLE else 4.01)
    assert 0.4 <= made.mouth_width <= 1.2


def test_the_recipes_name_what_is_there() -> None:
    """layers/models/motions has a recipe for every template and no other; each says what its template says of itself."""
    told = {name: (recipe.shows, recipe.source, recipe.licence) for name, recipe in RECIPES.items()}
    assert told == {made.name: (made.shows, made.source, made.licence) for made in library()}


@pytest.mark.parametrize(("name", "edit"), [("surprise", lids_alike), ("broad-smile", evened), ("kiss", evened)])
def test_what_an_edit_made_it_leaves_alone(name: str, edit: Callable[[Template], Motion]) -> None:
    """Lids alike and an evened face are so in the library: the edit of the recipe changes nothing any more."""
    made = template(name)
    for field in fields(Motion):
        assert np.allclose(getattr(edit(made), field.name), getattr(made.motion, field.name), atol=5e-3), field.name


def _peak(curve: np.ndarray[Any, np.dtype[np.float32]]) -> float:
    """The value farthest from rest, with its sign."""
    return float(curve[np.argmax(np.abs(curve))])


@pytest.mark.parametrize("name", sorted(NAMES))
def test_heads_do_not_stutter(name: str) -> None:
    """Frames that a clip repeats or leaves out are not in its motion: the head's speed changes by less than itself."""
    rotation = template(name).motion.rotation
    speed = np.abs(np.diff(rotation, axis=0)).sum()
    assert np.abs(np.diff(rotation, n=2, axis=0)).sum() <= 0.8 * speed


def test_turns_go_to_the_persons_own_side() -> None:
    """turn-left looks to the viewer's right (yaw below 0), turn-right to his left; people tilt a little as they turn."""
    for name, sign in (("turn-left", -1), ("turn-right", 1)):
        rotation = template(name).motion.rotation
        assert sign * _peak(rotation[:, 0]) > 10, name
        assert np.abs(rotation[:, 0]).max() > 2.5 * np.abs(rotation[:, 1:]).max(), name


@pytest.mark.parametrize("name", ["nod", "shake", "tilt", "turn-left", "turn-right"])
def test_no_head_stops_with_a_jerk(name: str) -> None:
    """In the last fifth of a second it goes at most a quarter as fast as at its fastest, and nowhere faster than the
    quickest tenth of filmed nods.
    """
    made = template(name)
    speed = np.linalg.norm(np.diff(made.motion.rotation, axis=0), axis=1) * made.fps
    assert speed[-round(0.2 * made.fps) :].max() < speed.max() / 4
    assert speed.max() < 55


@pytest.mark.parametrize("name", ["gentle-smile", "broad-smile"])
def test_who_smiles_leans_the_head(name: str) -> None:
    """By three to five degrees in all, slower than a turn, while the eyes stay on the viewer."""
    made = template(name)
    speed = np.linalg.norm(np.diff(made.motion.rotation, axis=0), axis=1) * made.fps
    leant = np.linalg.norm(made.motion.rotation, axis=1)
    assert 3 < leant.max() < 5
    assert speed.max() < 10
    yaw, gaze = made.motion.rotation[:, 0], made.motion.gaze[:, 0]
    assert np.corrcoef(yaw, gaze)[0, 1] > 0.6


@pytest.mark.parametrize(("name", "side", "other"), [("wink-left", 1, 0), ("wink-right", 0, 1)])
def test_a_wink_shuts_its_own_eye(name: str, side: int, other: int) -> None:
    """The person's own eye shuts (lids hold right, then left), the other stays open."""
    lids = template(name).motion.lids
    assert lids[:, side].max() > 0.95
    assert np.abs(lids[:, other]).max() < 0.05


def test_what_is_mirrored_goes_to_the_other_side() -> None:
    """A turn to the left mirrored goes to the right, with eyes that look back the other way; a wink of the left eye shuts
    the right one and lifts that corner of the mouth; mirrored twice all is as it was.
    """
    turn, wink = template("turn-left").motion, template("wink-left").motion
    assert np.array_equal(turn.mirrored().rotation, turn.rotation * [-1, 1, -1])
    assert np.array_equal(turn.mirrored().gaze[:, 0], -turn.gaze[:, 0])
    assert np.array_equal(wink.mirrored().lids, wink.lids[:, ::-1])
    right, left = wink.displacement[:, [61, 291]].swapaxes(0, 1)
    assert np.array_equal(wink.mirrored().displacement[:, 61], left * [-1, 1, 1])
    assert not np.allclose(right, left, atol=0.02)
    for curve in fields(Motion):
        assert np.array_equal(getattr(wink.mirrored().mirrored(), curve.name), getattr(wink, curve.name)), curve.name


def test_brows_go_up_and_down() -> None:
    """Raised brows and surprise lift both brows, a frown lowers them, both alike and neither aside; y grows downwards."""
    for name, sign in (("raised-brows", -1), ("surprise", -1), ("frown", 1)):
        brows = template(name).motion.displacement[:, [105, 334], 1]
        assert all(sign * _peak(brow) > 0.03 for brow in brows.T), name
    right, left = template("frown").motion.displacement[:, [105, 334]].swapaxes(0, 1)
    assert np.abs(right * [-1, 1, 1] - left).max() < 0.02


@pytest.mark.parametrize("name", ["gentle-smile", "broad-smile", "laugh"])
def test_smiles_lift_corners_and_cheeks(name: str) -> None:
    """While corners are drawn far apart they are above the middle of the lips, by a tenth of an eye distance in a broad
    smile and in a laugh, and cheeks are raised by half as much; y grows downwards. Both sides alike. The width that they are
    told against is that of a mouth at rest.
    """
    made = template(name)
    moved = made.motion.displacement
    right, left = moved[:, [61, 291]].swapaxes(0, 1)
    wider = left[:, 0] - right[:, 0]
    broad = wider > 0.8 * wider.max()
    corners, lips = moved[broad][:, [61, 291], 1].mean(axis=1), moved[broad][:, [13, 14], 1].mean(axis=1)
    assert (lips - corners).min() > (0.07 if name == "gentle-smile" else 0.1)
    assert (-moved[broad][:, [50, 280], 1].mean(axis=1)).min() > 0.05
    assert np.abs(right * [-1, 1, 1] - left).max() < 0.01
    assert 0.7 < made.mouth_width < 0.85


def test_a_laugh_stays_open_and_nods() -> None:
    """Half of it and more the lips are apart by a fifth of an eye distance; the head bobs by 8 degrees, and never so far
    back that the smile is lost.
    """
    motion = template("laugh").motion
    assert np.mean(motion.displacement[:, 14, 1] - motion.displacement[:, 13, 1] > 0.2) > 0.5
    assert np.ptp(motion.rotation[:, 1]) > 8
    assert motion.rotation[:, 1].max() < 8


def test_a_kiss_purses_the_lips() -> None:
    """The corners of the mouth come together by a fifth of an eye distance, as far on the left as on the right; the lips
    stay shut and get taller by a tenth of one.
    """
    moved = template("kiss").motion.displacement
    corners, (top, upper, lower, bottom) = moved[:, [61, 291], 0], moved[:, [0, 13, 14, 17], 1].T
    assert (corners[:, 0] - corners[:, 1]).max() > 0.2
    assert np.allclose(corners[:, 0], -corners[:, 1], atol=0.01)
    assert (bottom - top).max() > 0.1
    assert (lower - upper).max() < 0.02


@pytest.mark.parametrize("name", ["turn-left", "turn-right", "shake", "nod"])
def test_eyes_stay_on_the_viewer(name: str) -> None:
    """While the head turns or nods both eyes look back by 0.08 eye widths for ten degrees, up or down by 0.03, as those of
    filmed people who look on; a nod's upper lids go with them.
    """
    motion = template(name).motion
    if name in ("nod", "shake"):
        assert np.abs(motion.lids - 3 * motion.gaze[:, 1:]).max() < 1e-3
    assert np.abs(motion.gaze - motion.rotation[:, :2] * np.array([0.008, 0.003])).max() < 1e-3
    assert np.abs(motion.gaze).max() > 0.01


def test_a_tilt_rolls() -> None:
    """The head goes to one shoulder by about ten degrees, and turns nowhere else."""
    rotation = template("tilt").motion.rotation
    assert 8 < np.abs(rotation[:, 2]).max() < 16
    assert np.abs(rotation[:, :2]).max() < 1


@pytest.mark.parametrize("name", ["shake", "look-around"])
def test_a_head_goes_both_ways(name: str) -> None:
    """It turns to the left and to the right, as far on one side as on the other, within a third."""
    yaw = template(name).motion.rotation[:, 0]
    assert min(yaw.max(), -yaw.min()) > 0.66 * max(yaw.max(), -yaw.min()) > 5


def test_a_double_blink_opens_between() -> None:
    """Two blinks: shut, more than half open, shut again, open."""
    lids = template("double-blink").motion.lids.mean(axis=1)
    shut = lids > 0.95
    assert (np.diff(shut.astype(int)) == 1).sum() == 2
    between = np.flatnonzero(shut)
    assert lids[between[0] : between[-1]].min() < 0.5


def test_a_nod_goes_down() -> None:
    """The nod pitches down (pitch below 0) by at least 5 degrees, twice as far as it turns or tilts."""
    rotation = template("nod").motion.rotation
    assert _peak(rotation[:, 1]) < -5
    assert np.abs(rotation[:, 1]).max() > 2 * np.abs(rotation[:, [0, 2]]).max()


def test_a_blink_shuts_both_eyes_and_nothing_else() -> None:
    """The blink shuts both lids wholly, in the same moment, and moves neither head nor mouth."""
    motion = template("blink").motion
    assert np.allclose(motion.lids.max(axis=0), 1.0)
    assert (motion.lids.min(axis=1) > 0.95).any()
    assert not motion.rotation.any()
    assert not motion.displacement.any()


def test_a_smile_draws_the_corners_of_the_mouth_apart_and_up() -> None:
    """At its height gentle-smile has the mouth wider and its corners higher than at rest."""
    face = template("gentle-smile").motion.displacement
    corners = face[:, [61, 291]]
    wide = corners[:, 1, 0] - corners[:, 0, 0]
    top = int(np.argmax(wide))
    assert wide[top] > 0.05
    assert (corners[top, :, 1] < -0.02).all()


def test_a_gentle_smile_is_no_smirk() -> None:
    """Both corners of the mouth go as far aside and as high, and stay near their height for a second or more."""
    smile = template("gentle-smile")
    right, left = smile.motion.displacement[:, [61, 291]].swapaxes(0, 1)
    assert np.abs(left - right * np.array([-1, 1, 1])).max() < 0.005
    wide = left[:, 0] - right[:, 0]
    assert (wide > 0.9 * wide.max()).sum() / smile.fps > 1


def test_idling_stays_near_rest_and_never_stops() -> None:
    """natural-idle keeps the head within 3 degrees of its rest, the eyes on the viewer, leaves blinks to others, goes on for
    8 seconds before it comes again, and in none of its seconds a head is stiller than 0.4 degrees a second on average.
    """
    made = template("natural-idle")
    assert np.abs(made.motion.rotation).max() < 3
    assert np.abs(made.motion.gaze - made.motion.rotation[:, :2] * np.array([0.008, 0.003])).max() < 1e-3
    assert np.abs(made.motion.lids - 3 * made.motion.gaze[:, 1:]).max() < 1e-3
    assert np.abs(made.motion.displacement).max() < 0.08
    assert made.seconds > 8
    speed = np.linalg.norm(np.diff(made.motion.rotation, axis=0), axis=1) * made.fps
    assert min(speed[first : first + 30].mean() for first in range(0, len(speed) - 30, 30)) > 0.4
