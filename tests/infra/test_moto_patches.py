"""The contract of every patch on moto: what breaks without it, that it cures it, and whether moto still needs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.local.patches import PATCHES

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

# What AWS does, and so what the patched moto must do.
RIGHT: dict[str, Any] = {
    "lambda_invoke": {"sum": 3},
    "batch_run": {"status": "SUCCEEDED", "ran": True},
    "batch_exit_code": 3,
    "sfn_executes": {"said": "hello"},
    "sfn_casing": "SUCCEEDED",
    "sfn_status_events": [["FAILED", "{}", "Why", "Because"]],
    "sfn_stop": True,
    "s3_event": {"key": "photos/a+b%2B%C3%A9.jpg", "version": True, "sequencer": True, "uploader": True},
    "s3_multipart": ["ObjectCreated:CompleteMultipartUpload"],
}


@pytest.fixture(scope="module")
def seen() -> dict[str, dict[str, Any]]:
    """What every scene showed without and with its patch."""
    program = subprocess.run(
        [sys.executable, str(HERE / "moto_probes.py")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert program.returncode == 0, program.stderr
    found: dict[str, dict[str, Any]] = json.loads(program.stdout)
    return found


def test_every_patch_has_a_contract() -> None:
    """No patch is applied to moto without a scene that shows why."""
    assert [patch.name for patch in PATCHES] == list(RIGHT)


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)
def test_with_the_patch_moto_does_what_aws_does(patch: Any, seen: dict[str, dict[str, Any]]) -> None:
    """The patch still fits the inside of the moto that is installed, and cures what it is there for."""
    assert seen[patch.name]["with"] == RIGHT[patch.name]


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)
def test_without_the_patch_moto_still_gets_it_wrong(patch: Any, seen: dict[str, dict[str, Any]]) -> None:
    """A patch that moto no longer needs must go: this fails on the first moto that does it right by itself."""
    assert seen[patch.name]["without"] != RIGHT[patch.name], (
        f"moto no longer needs the patch {patch.name} ({patch.without}): remove it from infra/local/patches.py"
    )
