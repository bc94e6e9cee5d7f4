"""A fault at every stage: the clip ends once, for good, somebody is told once, and nothing of it is left lying around."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .fault_rows import ROWS, SUITE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def matrix() -> dict[str, Any]:
    """What is wrong with each row's clip and with the logs; a stack that can be broken lives in a process of its own."""
    command = [sys.executable, "-m", "tests.workflow.faults", "--suite"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=580, check=False)
    assert done.stdout, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("row", [row.name for row in ROWS if row.name in SUITE])
def test_a_fault(matrix: dict[str, Any], row: str) -> None:
    """The fault was met, and the clip's record, executions, notifications, webhook and objects are as they must be."""
    assert matrix["wrong"][row] == []


def test_nothing_private_in_the_logs(matrix: dict[str, Any]) -> None:
    """AWS's own words for what it refuses name the object; none of them, nor anything else private, is in any log."""
    assert matrix["private"] == []


def test_every_row_is_known() -> None:
    """No row of the suite is a name that no row has."""
    assert {row.name for row in ROWS} >= SUITE
