"""The format of motion templates: what is saved comes back, and what does not follow the schema is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivify.errors import MotionInvalid
from vivify.motion import Motion, Template
from vivify.motion.template import SCHEMA

Document = dict[str, Any]


def _document(frames: int = 4, components: int = 1) -> Document:
    """A small valid template."""
    return {
        "schema": SCHEMA,
        "name": "wink",
        "shows": "One eye shuts.",
        "source": "drawn by hand",
        "licence": "CC0-1.0",
        "fps": 25,
        "mouth_width": 0.8,
        "rotation": [[0.0, 0.5, 1]] * frames,
        "translation": [[0.0, 0.0, 0.0]] * frames,
        "lids": [[0.0, 1.0]] * frames,
        "gaze": [[0.0, 0.0]] * frames,
        "weights": [[0.5] * components] * frames,
        "basis": [[0.01] * 1404] * components,
    }


def _made(frames: int = 30, rank: int = 5, seed: int = 1) -> Template:
    """A random motion whose face moves in ``rank`` smooth ways."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, np.pi, frames)
    ways = np.stack([np.sin(time * (k + 1)) / (k + 1) for k in range(rank)], axis=1)
    shapes = rng.normal(0, 0.05, (rank, 468 * 3))
    curves = [np.sin(time)[:, None] * rng.uniform(-1, 1, n) * size for n, size in ((3, 15), (3, 0.1), (2, 1), (2, 0.2))]
    arrays = [c.astype(np.float32) for c in (*curves, (ways @ shapes).reshape(frames, 468, 3), np.zeros((frames, 2)))]
    return Template("made", "What it does.", "nobody", "CC0-1.0", 29.97, 0.81, Motion(*arrays))


@given(frames=st.integers(2, 40), rank=st.integers(1, 5), seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_what_is_saved_comes_back(tmp_path_factory: pytest.TempPathFactory, frames: int, rank: int, seed: int) -> None:
    """Curves return within half of their fourth decimal, the face within 0.1% of its energy (4% rms), texts exactly."""
    made = _made(frames, rank, seed)
    path = tmp_path_factory.mktemp("round") / "made.json"
    made.save(path)
    back = Template.load(path)
    assert replace(back, mouth_width=0.81, motion=made.motion) == made
    assert back.mouth_width == pytest.approx(0.81, abs=5e-5)
    for name in ("rotation", "translation", "lids", "gaze"):
        assert np.abs(getattr(back.motion, name) - getattr(made.motion, name)).max() <= 6e-5, name
    away = back.motion.displacement - made.motion.displacement
    assert np.sqrt((away**2).mean()) <= 0.04 * np.sqrt((made.motion.displacement**2).mean()) + 1e-4


def test_motion_without_a_face_comes_back(tmp_path: Path) -> None:
    """A template in which only the head moves keeps a face at rest, exactly."""
    made = _made(rank=1)
    made.motion.displacement[:] = 0
    made.save(tmp_path / "head.json")
    back = Template.load(tmp_path / "head.json")
    assert not back.motion.displacement.any()
    assert len(back.motion) == len(made.motion)


def test_the_documented_schema_is_enough() -> None:
    """A document written by hand from the documentation is a template; weights @ basis is the face's displacement."""
    made = Template.parse(_document())
    assert made.motion.displacement.shape == (4, 468, 3)
    assert np.allclose(made.motion.displacement, 0.005)
    assert made.motion.rotation.dtype == np.float32
    assert made.seconds == pytest.approx(4 / 25)


def _with(**changes: Any) -> Callable[[Document], object]:
    return lambda document: document | changes


def _without(name: str) -> Callable[[Document], object]:
    return lambda document: {key: value for key, value in document.items() if key != name}


_REQUIRED = ("schema", "name", "shows", "source", "licence", "fps", "mouth_width", "rotation", "translation", "lids")
_BROKEN: dict[str, Callable[[Document], object]] = {
    **{f"no {name}": _without(name) for name in (*_REQUIRED, "gaze", "weights", "basis")},
    "another schema": _with(schema="vivify.motion/2"),
    "schema a list": _with(schema=[SCHEMA]),
    "a list": lambda document: [document],
    "a text": lambda document: "motion",
    "nothing": lambda document: None,
    "NaN": _with(rotation=[[0.0, float("nan"), 0.0]] * 4),
    "infinite": _with(gaze=[[float("inf"), 0.0]] * 4),
    "null": _with(lids=[[None, 0.0]] * 4),
    "beyond float32": _with(lids=[[1e39, 0.0]] * 4),
    "beyond any float": _with(lids=[[10**400, 0.0]] * 4),
    "implausibly far": _with(rotation=[[5000.0, 0.0, 0.0]] * 4),
    "ragged": _with(rotation=[[0.0, 0.0, 0.0], [0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
    "too narrow": _with(rotation=[[0.0, 0.0]] * 4),
    "too wide": _with(lids=[[0.0, 0.0, 0.0]] * 4),
    "one dimension": _with(lids=[0.0, 0.0, 0.0, 0.0]),
    "three dimensions": _with(lids=[[[0.0], [0.0]]] * 4),
    "a number": _with(lids=3),
    "texts for numbers": _with(lids=[["0.5", "0.5"]] * 4),
    "booleans for numbers": _with(lids=[[True, False]] * 4),
    "a boolean among numbers": _with(lids=[[0.5, True]] * 4),
    "lengths differ": _with(lids=[[0.0, 0.0]] * 5),
    "weights shorter": _with(weights=[[0.5]] * 3),
    "weights without basis": _with(basis=[]),
    "basis too narrow": _with(basis=[[0.01] * 1403]),
    "face torn apart": _with(weights=[[900.0]] * 4, basis=[[900.0] * 1404]),
    "no frames": _with(rotation=[], translation=[], lids=[], gaze=[], weights=[]),
    "one frame": lambda document: document | {k: v[:1] for k, v in document.items() if isinstance(v, list) and k != "basis"},
    "fps a boolean": _with(fps=True),
    "fps a text": _with(fps="25"),
    "fps zero": _with(fps=0),
    "fps negative": _with(fps=-25),
    "fps NaN": _with(fps=float("nan")),
    "fps infinite": _with(fps=float("inf")),
    "fps beyond any float": _with(fps=10**400),
    "mouth without width": _with(mouth_width=0),
    "mouth a boolean": _with(mouth_width=True),
    "name a number": _with(name=7),
    "name empty": _with(name=""),
    "licence null": _with(licence=None),
}


@pytest.mark.parametrize("how", _BROKEN)
def test_a_document_off_the_schema_is_refused(how: str, tmp_path: Path) -> None:
    """Each way of not following the schema raises MotionInvalid with a sentence that says what to do; from a file too."""
    broken = _BROKEN[how](_document())
    with pytest.raises(MotionInvalid) as caught:
        Template.parse(broken)
    assert "vivify motion extract" in caught.value.message
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(broken), encoding="utf-8")
    with pytest.raises(MotionInvalid):
        Template.load(path)


def test_a_motion_of_minutes_is_refused() -> None:
    """A template that says it lasts longer than two minutes is MotionInvalid: its frames alone would fill the memory."""
    document = _document()
    frames = len(document["rotation"])
    assert Template.parse(document | {"fps": frames / 119}).seconds == pytest.approx(119)
    with pytest.raises(MotionInvalid, match="lasts longer"):
        Template.parse(document | {"fps": frames / 121})


_NOT_JSON = {
    "nothing": b"",
    "not JSON": b"once upon a time",
    "half": b'{"schema": "vivify.motion/1", "rotation": [[0.0',
    "a pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00}\x94",
    "not UTF-8": b'{"schema": "\xff\xfe"}',
    "nested deep": b"[" * 200_000,
    "objects nested deep": b'{"a":' * 200_000,
    "too many digits": b'{"schema": "vivify.motion/1", "fps": ' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize("what", _NOT_JSON)
def test_a_file_that_is_not_json_is_refused(what: str, tmp_path: Path) -> None:
    """Whatever the bytes are, loading them raises MotionInvalid."""
    path = tmp_path / "strange.json"
    path.write_bytes(_NOT_JSON[what])
    with pytest.raises(MotionInvalid):
        Template.load(path)


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    """A file beyond the limit is refused by its size (here: sparse, over 64 MB), as are a folder and a missing file."""
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(64_000_001)
    for bad in (path, tmp_path, tmp_path / "absent.json"):
        with pytest.raises(MotionInvalid):
            Template.load(bad)


_leaf = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
_json = st.recursive(
    _leaf, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


@given(changes=st.dictionaries(st.sampled_from(sorted(_document())), _json, max_size=4))
@settings(max_examples=200, deadline=None)
def test_any_json_is_a_template_or_refused(changes: Document) -> None:
    """Whatever JSON stands in whatever field, it is a finite template or MotionInvalid, and nothing else comes of it."""
    try:
        made = Template.parse(_document() | changes)
    except MotionInvalid:
        return
    assert np.isfinite(made.motion.displacement).all()
    assert len({len(curve) for curve in (made.motion.rotation, made.motion.lids, made.motion.displacement)}) == 1


@given(document=_json)
@settings(max_examples=100, deadline=None)
def test_json_without_a_schema_is_refused(document: object) -> None:
    """JSON that does not name the schema is never a template."""
    with pytest.raises(MotionInvalid):
        Template.parse(document)
