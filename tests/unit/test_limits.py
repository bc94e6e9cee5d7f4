"""How far a face may go: what its photo does not hold is not asked for, and what was held back is told."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivify.arrays import Float
from vivify.faces import Pose, mean_face
from vivify.faces.topology import CHIN, EYES
from vivify.motion import Limits, Motion, Room, leaning, limits
from vivify.motion.limits import EYES_SHUT, HEAD_CUT_OFF, HEAD_TURNED, HEADS_TOUCH, SMALL_CHILD, SMILES_ALREADY, SULKS

FRONTAL = Pose(0.0, 0.0, 0.0)
_share = st.floats(0, 1)


def _shape(shut: int | None = None) -> Float:
    """The mean face, (478, 3), eye distances; eye number ``shut`` has its lids together."""
    face = mean_face()
    eyes = [face[[eye.outer, eye.inner]].mean(axis=0) for eye in EYES]
    shape = np.concatenate([face, np.repeat(eyes, 5, axis=0)]) / np.linalg.norm(eyes[0] - eyes[1])
    if shut is not None:
        eye = EYES[shut]
        shape[list(eye.upper[0])] = shape[list(eye.lower[0])]
    return shape.astype(np.float32)


@given(
    asked=st.tuples(st.floats(-180, 180, width=32), st.floats(-90, 90, width=32), st.floats(-180, 180, width=32)),
    turned=st.floats(-48, 48),
    cut=_share,
)
@settings(max_examples=100, deadline=None)
def test_turns_are_bounded_and_keep_their_sign(asked: tuple[float, float, float], turned: float, cut: float) -> None:
    """No motion turns the head beyond 24, 16 and 20 degrees, farther than it asked, or to the other side than it asked."""
    rotation = np.array([asked], np.float32)
    out = Limits.of(_shape(), Pose(turned, 0.0, 0.0), Room(cut_beside=cut)).turns(rotation)[0]
    assert (np.abs(out) <= np.array([24.0, 16.0, 20.0]) + 1e-4).all()
    assert (np.abs(out) <= np.abs(rotation[0]) + 1e-4).all()
    assert (out * rotation[0] >= 0).all()
    assert abs(turned + out[0]) <= max(38.0, abs(turned) + 2.0) + 1e-3


def test_near_profile_the_head_turns_less() -> None:
    """The farther the photo's head is turned, the less it turns on, and the less it turns back; the other side alike."""
    both = np.array([[20.0, 0, 0], [-20.0, 0, 0]], np.float32)
    on, back = np.transpose([Limits.of(_shape(), Pose(yaw, 0.0, 0.0)).turns(both)[:, 0] for yaw in (0.0, 20.0, 30.0, 45.0)])
    assert (np.diff(on) < 0).all()
    assert on[3] > 0
    assert (np.diff(back) > 0).all()
    assert -4 < back[3] < 0
    mirrored = Limits.of(_shape(), Pose(-30.0, 0.0, 0.0)).turns(both)[:, 0]
    assert np.allclose(mirrored, [-back[2], -on[2]])


def test_what_the_photo_hides_is_not_turned_to() -> None:
    """A head 18 degrees aside turns back half as far as one that faces the camera, one 27 degrees aside 4 parts of 13."""
    facing, aside, more = (Limits.of(_shape(), Pose(yaw, 0.0, 0.0)).yaw for yaw in (0.0, 18.0, 27.0))
    assert facing == (24.0, 24.0)
    assert aside == (pytest.approx(12.0), 20.0)
    assert more == (pytest.approx(24 * 4 / 13), pytest.approx(11.0))


def test_turned_heads_nod_less() -> None:
    """Up to 18 degrees aside a head nods as far as one that faces the camera, from 45 degrees on 0.15 as far."""
    nods = [Limits.of(_shape(), Pose(yaw, 0.0, 0.0)).pitch / 16 for yaw in (0.0, -18.0, 31.5, 45.0, -48.0)]
    assert nods == pytest.approx([1, 1, 1 - 0.85 / 2, 0.15, 0.15])


def test_small_turns_are_kept() -> None:
    """The bound is soft: a turn of a few degrees comes through within 3%."""
    small = np.array([[5.0, -3.0, 4.0]], np.float32)
    assert np.allclose(Limits.of(_shape(), FRONTAL).turns(small), small, rtol=0.03)


@given(shift=st.floats(-5, 5, width=32))
@settings(max_examples=30, deadline=None)
def test_a_head_leans_no_farther_than_its_body(shift: float) -> None:
    """The head goes aside, up and down by 1 eye distance at most, away by 0.12; 60% of that in full."""
    out = Limits.of(_shape(), FRONTAL).moves(np.full((1, 3), shift, np.float32))[0]
    most = np.array([1.0, 1.0, 0.12])
    assert (np.abs(out) <= most + 1e-6).all()
    assert (out * shift >= 0).all()
    assert np.allclose(out[np.abs(shift) <= 0.6 * most], shift)


@given(shift=st.floats(-5, 5, width=32))
@settings(max_examples=30, deadline=None)
def test_who_walks_goes_farther_but_stays_in_the_picture(shift: float) -> None:
    """A body is ready for what its driver does, up to 2.6 eye distances: of up to 2 nearly all, within the picture."""
    motion = Motion.still(1)
    motion.translation[:, 0] = shift
    lean = leaning(motion)
    assert min(abs(shift), 2.6) <= lean <= 2.6
    far = Limits.of(_shape(), FRONTAL, Room(lean)).moves(motion.translation)[0, 0]
    assert np.sign(far) == np.sign(shift)
    if abs(shift) <= 2:
        assert abs(far) == pytest.approx(abs(shift), rel=0.03)
    near = Limits.of(_shape(), FRONTAL, Room(lean, free=(9.0, 0.7, 9.0, 9.0))).moves(motion.translation)[0, 0]
    assert near == pytest.approx(far) if shift <= 0 else near <= 0.7 + 1e-6


def test_close_to_the_border_a_head_still_leans() -> None:
    """Where nothing is left to go within the picture it leans by 0.4 eye distances all the same, towards any side."""
    held = Limits.of(_shape(), FRONTAL, Room(free=(0.0, 0.0, 0.0, 0.0)))
    assert (held.aside, held.along) == ((0.4, 0.4), (0.4, 0.4))


def test_a_head_cut_off_above_hardly_sinks() -> None:
    """Down from a border that cuts its hair off it goes less than a third as far, and says why; up and aside as ever."""
    whole, cut = (Limits.of(_shape(), FRONTAL, Room(cut_above=share)) for share in (0.0, 0.3))
    assert cut.along == pytest.approx((whole.along[0], 0.3 * whole.along[1]))
    assert cut.aside == whole.aside
    assert (whole.reasons, cut.reasons) == ((), ("head_cut_off",))


def test_a_head_cut_off_stays_nearly_where_it_is() -> None:
    """Cut off along a third of its height the head turns a fifth as far and hardly leans; a sliver changes little."""
    whole, cut, sliver = (Limits.of(_shape(), FRONTAL, Room(cut_beside=share)) for share in (0.0, 0.5, 0.03))
    assert cut.yaw[0] == pytest.approx(0.2 * whole.yaw[0])
    assert cut.aside == pytest.approx([0.06 * side for side in whole.aside])
    assert sliver.yaw[0] > 0.9 * whole.yaw[0]


def test_a_face_that_a_border_cuts_through_does_not_leave_it() -> None:
    """Cut through to its right a face turns and leans as far to the right as before, hardly to the left, and hardly tilts;
    to its left the other way round. Turned to the right is yaw below 0.
    """
    whole, right, left = (
        Limits.of(_shape(), FRONTAL, Room(cut_through=through)) for through in ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0))
    )
    hardly = 0.05
    assert right.yaw == pytest.approx((whole.yaw[0], hardly * whole.yaw[1]))
    assert left.yaw == pytest.approx((hardly * whole.yaw[0], whole.yaw[1]))
    assert right.aside == pytest.approx((hardly * whole.aside[0], whole.aside[1]))
    assert left.aside == pytest.approx((whole.aside[0], hardly * whole.aside[1]))
    assert right.roll == left.roll == pytest.approx(hardly * whole.roll)
    assert (right.pitch, right.along) == (whole.pitch, whole.along)


def test_heads_that_touch_move_a_quarter_as_far() -> None:
    """Turning, leaning and tilting alike; half way out of reach, in between."""
    free, near, touching = (Limits.of(_shape(), FRONTAL, Room(crowded=crowded)) for crowded in (0.0, 0.5, 1.0))
    for limit in (lambda l: l.yaw[0], lambda l: l.pitch, lambda l: l.roll, lambda l: l.aside[0]):
        assert limit(touching) == pytest.approx(0.25 * limit(free))
        assert limit(touching) < limit(near) < limit(free)


@pytest.mark.parametrize("shut", [0, 1])
def test_an_eye_shown_shut_is_not_opened(shut: int) -> None:
    """There is nothing to open it with: that eye keeps still, the other one blinks."""
    assert Limits.of(_shape(shut), FRONTAL).eyes == (shut != 0, shut != 1)


def test_what_holds_a_face_back_is_told() -> None:
    """Each reason by its name, and none where nothing does."""
    assert Limits.of(_shape(), FRONTAL).reasons == ()
    assert Limits.of(_shape(), Pose(25.0, 0.0, 0.0)).reasons == (HEAD_TURNED,)
    assert Limits.of(_shape(), FRONTAL, Room(crowded=0.1)).reasons == (HEADS_TOUCH,)
    assert Limits.of(_shape(0), Pose(-30.0, 0.0, 0.0), Room(cut_beside=0.2)).reasons == (
        HEAD_TURNED,
        HEAD_CUT_OFF,
        EYES_SHUT,
    )


def test_a_reason_is_told_once() -> None:
    """Of two eyes one is shown shut, of the other nothing is seen: both stay, for the same reason."""
    limits = Limits.of(_shape(0), FRONTAL).seeing((True, False))
    assert limits.eyes == (False, False)
    assert limits.reasons == (EYES_SHUT,)


def test_a_broad_smile_has_little_left_to_widen() -> None:
    """A mouth 1.15 eye distances wide is told to smile already, and its corners may move apart by 0.03 at most."""
    shape = _shape()
    shape[[61, 291], 0] *= 1.15 / np.linalg.norm(shape[61] - shape[291])
    limits = Limits.of(shape, FRONTAL)
    assert limits.reasons == (SMILES_ALREADY,)
    assert limits.wider == pytest.approx(0.03, abs=0.005)


def test_a_wide_mouth_that_hangs_does_not_smile() -> None:
    """The same mouth with its corners .1 eye distances lower is told to sulk; it goes no farther apart either."""
    shape = _shape()
    shape[[61, 291], 0] *= 1.15 / np.linalg.norm(shape[61] - shape[291])
    shape[[61, 291], 1] = shape[[13, 14], 1].mean() + 0.1
    limits = Limits.of(shape, FRONTAL)
    assert limits.reasons == (SULKS,)
    assert limits.wider < 0.05


@pytest.mark.parametrize(
    ("irises", "higher", "shut", "parting"),
    [
        (0.250, 0.2, None, 0.25),
        (0.200, 0.4, None, 0.25),
        (0.227, 0.2, None, 0.6),
        (0.250, 0.0, None, 1.0),
        (0.200, 0.2, None, 1.0),
        (0.250, 0.2, 0, 1.0),
    ],
)
def test_small_children_are_known_by_irises_and_chins(
    irises: float, higher: float, shut: int | None, parting: float
) -> None:
    """Irises nearly full-grown in a face that is short below the eyes: the mean face's chin is raised by so many eye
    distances. Such lips part a quarter as far, in doubt more, but with a small child's wholly. Of a shut eye's iris nothing
    is known.
    """
    shape = _shape(shut)
    shape[CHIN, 1] -= higher
    for eye in EYES:
        shape[list(eye.iris[1:])] += np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]]) * irises / 2
    limits = Limits.of(shape, FRONTAL)
    unsmiling, smiling = np.zeros(1, np.float32), np.ones(1, np.float32)
    assert limits.parts(smiling) == pytest.approx(parting, abs=0.02)
    assert limits.parts(smiling, child=1.0) == 1
    assert limits.parts(unsmiling) == 1
    assert (SMALL_CHILD in limits.reasons) is (parting < 0.62)


def test_every_reason_is_told(root: Path) -> None:
    """Whoever wonders why a face moves less finds each reason where the API is explained, and what it does in EDGES.md."""
    reasons = {value for name, value in vars(limits).items() if name.isupper() and isinstance(value, str)}
    api = (root / "infra/api.md").read_text(encoding="utf-8").split("`held_back` names")[1].split("([")[0]
    assert set(re.findall(r"`(\w+)`", api)) == reasons
    edges = (root / "layers/vivify/EDGES.md").read_text(encoding="utf-8")
    assert reasons <= set(re.findall(r"`(\w+)`", edges))
