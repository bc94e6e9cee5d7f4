"""Fixtures every test folder shares."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# A job in the background is born deaf to Ctrl-C, and so would be the programs that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def astronaut() -> Path:
    """NASA's public-domain portrait, the repository's own photo."""
    return ROOT / "tests" / "fixtures" / "astronaut.png"


@pytest.fixture(scope="session")
def gallery() -> Path:
    """The gallery of real photos beside the repository; tests that need it skip where it is absent."""
    folder = ROOT.parent / "shared" / "gallery"
    if not folder.is_dir():
        pytest.skip("the gallery of real photos (../shared/gallery) is not on this machine")
    return folder
