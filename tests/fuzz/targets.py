"""The doors that hostile input comes in by. Each takes one case and gives an answer, or raises an error of ours."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.fuzz import documents, photos, requests


@dataclass(frozen=True)
class Target:
    """``share``: of all cases, in parts of a hundred."""

    name: str
    share: int
    cases: st.SearchStrategy[Any]
    take: Callable[[Any], object]


def _decode(data: bytes) -> object:
    from vivify.photos import decode

    return decode(data)


def _object_metadata(metadata: dict[str, str]) -> object:
    from vivify.service.clip_options import DroppedOptions

    return DroppedOptions.of(metadata)


def _motion(document: object) -> object:
    from vivify.motion.template import Template

    return Template.parse(document)


def _storyboard(document: object) -> object:
    from vivify.motion.storyboard import parse_storyboard

    return parse_storyboard(document)


def _motion_file(data: bytes) -> object:
    from vivify.motion.template import Template

    return _from_file(Template.load, data)


def _storyboard_file(data: bytes) -> object:
    from vivify.motion.storyboard import load_storyboard

    return _from_file(load_storyboard, data)


def _from_file(load: Callable[[Path], object], data: bytes) -> object:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(data)
        file.flush()
        return load(Path(file.name))


def _bytes_of(document: Any) -> bytes:
    return json.dumps(document).encode()


TARGETS = (
    Target("photos", 35, st.one_of(photos.damaged(), photos.anything()), _decode),
    Target("photo metadata", 20, photos.with_metadata(), _decode),
    Target("motions", 10, st.one_of(documents.nearly(documents.motion()), documents.ANY_JSON), _motion),
    Target(
        "motion files",
        5,
        st.one_of(documents.nearly(documents.motion()).map(_bytes_of), st.binary(max_size=200)),
        _motion_file,
    ),
    Target("storyboards", 10, st.one_of(documents.nearly(documents.STORYBOARD), documents.ANY_JSON), _storyboard),
    Target(
        "storyboard files",
        5,
        st.one_of(documents.nearly(documents.STORYBOARD).map(_bytes_of), st.binary(max_size=200)),
        _storyboard_file,
    ),
    Target("API requests", 10, requests.events(), requests.ask),
    Target("object metadata", 5, requests.metadata(), _object_metadata),
)
