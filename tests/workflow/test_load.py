"""Load, in small: twenty uploads, five at a time. ``make load`` does hundreds and prints what they cost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_twenty_clips() -> None:
    """Twenty clips, every one ready and told of once, and not one call of a function or of Batch more than they need."""
    command = [sys.executable, "-m", "tests.workflow.load", "--one", "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    figures = json.loads(done.stdout)
    assert (figures["records"], figures["ready"], figures["duplicates"]) == (20, 20, 0)
    steps = ("ServeApi", "DetectFace", "PublishClip", "Notify", "DeliverWebhook")
    assert figures["lambda_calls"] == {f"{name}Function": 20 for name in sorted(steps)}
    assert figures["requests"]["SNS"] == 20
