"""The real template on this machine, once for all tests of this folder: real handlers, real job, real photos."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local import daemon
from infra.local.client import Inbox
from infra.local.settings import Paths

from .journey import Journey


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """One stack for the whole session."""
    paths = Paths(tmp_path_factory.mktemp("stack"))
    client = daemon.start(paths).client()
    try:
        with Inbox(client) as inbox:
            yield Journey(client, inbox, paths)
    finally:
        assert daemon.down(paths) == 0
