"""What the tests of the command line start from."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

import vivify
from tests.unit.command_line import StandIn


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The stand-in, in the real engine's place."""
    stand_in = StandIn()
    monkeypatch.setitem(sys.modules, "vivify.engine", stand_in.module)
    monkeypatch.setattr(vivify, "engine", stand_in.module, raising=False)
    return stand_in


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A readable photo of nothing."""
    path = tmp_path / "photo.png"
    Image.new("RGB", (64, 64), (90, 120, 150)).save(path)
    return path
