"""A storyboard says what happens when; a wrong one is refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivify.errors import MotionInvalid
from vivify.motion import compose, load_storyboard
from vivify.motion.storyboard import SCHEMA, parse_storyboard


def _board(*beats: Any) -> dict[str, Any]:
    return {"schema": SCHEMA, "beats": list(beats)}


def test_beats_play_when_they_are_told(tmp_path: Path) -> None:
    """Two turns placed at 1 s and 4 s peak there and leave rest between; strength and speed do what they say."""
    turn = {"motion": "turn-left", "start": 1.0}
    path = tmp_path / "board.json"
    path.write_text(json.dumps(_board({"motion": "turn-left", "start": 4.0, "strength": 0.5, "speed": 2}, turn)))
    beats = load_storyboard(path)
    assert [beat.start for beat in beats] == [1.0, 4.0]
    assert beats[1].seconds == pytest.approx(beats[0].seconds / 2)
    yaw = compose(beats, None, 6.0, 25.0, mouth_width=0.8).rotation[:, 0]
    first, second = yaw[:75], yaw[75:]
    assert 25 < int(np.argmin(first)) < 25 + 25 * beats[0].seconds
    assert 75 + int(np.argmin(second)) > 100
    assert second.min() == pytest.approx(first.min() / 2, rel=0.1)
    assert np.abs(yaw[int(25 * (1 + beats[0].seconds)) + 2 : 99]).max() < 0.2


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"schema": "other", "beats": [{"motion": "nod", "start": 0}]},
        _board(),
        _board("nod"),
        _board({"motion": "nod"}),
        _board({"motion": "no-such-motion", "start": 0}),
        _board({"motion": "nod", "start": -1}),
        _board({"motion": "nod", "start": True}),
        _board({"motion": "nod", "start": 0, "speed": 0}),
        _board({"motion": "nod", "start": 0, "strength": float("nan")}),
        _board({"motion": "nod", "start": 601}),
        _board({"motion": "nod", "start": 0, "strenght": 2}),
        _board(*[{"motion": "nod", "start": 0}] * 1001),
    ],
)
def test_a_wrong_storyboard_is_refused(document: object) -> None:
    """Whatever is missing, unknown or out of bounds: MotionInvalid, never a crash later."""
    with pytest.raises(MotionInvalid):
        parse_storyboard(document)


def test_what_is_wrong_is_said_of_its_beat() -> None:
    """Of many beats the one is told that has to be mended: by its number, and an unknown motion by its name."""
    good = {"motion": "nod", "start": 0}
    for wrong, said in (
        ({"motion": "nod", "start": 601}, "in beat 2 start is no number from 0 to 600."),
        ({"motion": "nod"}, "in beat 2 start is no number from 0 to 600."),
        ({"motion": "nod", "start": 0, "strenght": 2}, "in beat 2 there is more than motion, start, strength, speed."),
        ({"start": 0}, "in beat 2 there is no name of a motion."),
        ({"motion": "noddd", "start": 0}, "There is no motion 'noddd'."),
    ):
        with pytest.raises(MotionInvalid) as caught:
            parse_storyboard(_board(good, wrong, good))
        assert said in caught.value.message


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["schema", "beats", "motion", "start"]), inner)
    ),
    max_leaves=12,
)


@given(_JSON)
def test_any_json_is_refused_or_read(document: object) -> None:
    """No JSON brings out anything but beats or MotionInvalid."""
    try:
        assert parse_storyboard(document)
    except MotionInvalid as error:
        assert error.message.endswith(".")


def test_the_refusal_shows_a_storyboard_that_works() -> None:
    """Whoever wrote a wrong one finds in the sentence what a right one looks like."""
    with pytest.raises(MotionInvalid) as refused:
        parse_storyboard({})
    shown = refused.value.message.partition("One that does is ")[2].removesuffix(".")
    (beat,) = parse_storyboard(json.loads(shown))
    assert (beat.template.name, beat.start) == ("nod", 0.5)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    """What some editors put before a text in UTF-8 is no fault."""
    path = tmp_path / "marked.json"
    path.write_text(json.dumps(_board({"motion": "nod", "start": 0.5})), encoding="utf-8-sig")
    assert [beat.start for beat in load_storyboard(path)] == [0.5]


def test_a_missing_or_broken_file_is_refused(tmp_path: Path) -> None:
    """A path without a file and a file that is not JSON are MotionInvalid too."""
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    for path in (tmp_path / "none.json", broken):
        with pytest.raises(MotionInvalid):
            load_storyboard(path)
