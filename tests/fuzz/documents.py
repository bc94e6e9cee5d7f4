"""JSON as an attacker sends it: documents that are nearly right, and documents that are anything."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from hypothesis import strategies as st

_NUMBERS = st.one_of(
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.sampled_from((0, 1, -1, 1e308, -1e308, float("nan"), float("inf"), 10**400)),
)
_LEAVES = st.one_of(st.none(), st.booleans(), _NUMBERS, st.text(max_size=12))
ANY_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)


def nearly(document: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """``document`` with one to three of its places, at any depth, given another value, lost, or given a neighbour."""
    return st.builds(
        _bent, st.just(document), st.lists(st.tuples(st.randoms(use_true_random=False), ANY_JSON), min_size=1, max_size=3)
    )


def _bent(document: dict[str, Any], changes: list[tuple[Any, Any]]) -> dict[str, Any]:
    bent: dict[str, Any] = json.loads(json.dumps(document))
    for chance, value in changes:
        place: Any = bent
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = chance.choice(keys)
            inner = place[key]
            if isinstance(inner, dict | list) and inner and chance.random() < 0.7:
                place = inner
                continue
            if chance.random() < 0.2:
                del place[key]
            elif isinstance(place, dict) and chance.random() < 0.2:
                place[f"{key}x"] = value
            else:
                place[key] = value
            break
    return bent


@cache
def motion() -> dict[str, Any]:
    """A motion template of the library, cut to eight frames so that a hundred thousand of them take minutes."""
    whole: dict[str, Any] = json.loads((resources.files("vivify") / "motion/templates/blink.json").read_text())
    for name in ("rotation", "translation", "lids", "gaze", "weights"):
        whole[name] = whole[name][:8]
    return whole


STORYBOARD = {
    "schema": "vivify.storyboard/1",
    "beats": [{"motion": "nod", "start": 0.5, "strength": 1, "speed": 1}, {"motion": "blink", "start": 2}],
}
