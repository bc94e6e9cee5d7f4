"""A command that is told to end leaves nothing half made, however it is told."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vivify.cli import stopping


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_is_stopped_leaves_nothing_behind(photo: Path, number: signal.Signals) -> None:
    """Ctrl-C, ``timeout`` and a closed terminal while frames are written: one line, exit 1, no clip and no half of one."""
    program = """
import signal, sys, types
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # what starts the tests may ignore it
import numpy as np
from vivify import cli
from vivify.video import ClipWriter
def animate(photo, faces, out, options, progress):
    with ClipWriter(out, (64, 64)) as writer:
        while True:
            writer.write(np.zeros((64, 64, 3), np.uint8))
            if list(out.parent.glob(".clip.*")):
                print("half a clip", flush=True)
engine = sys.modules["vivify.engine"] = sys.modules["vivify"].engine = types.ModuleType("vivify.engine")
engine.Options, engine.animate = dict, animate
sys.exit(cli.main(["animate", sys.argv[1], "-o", sys.argv[2]]))
"""
    command = [sys.executable, "-c", program, str(photo), str(photo.parent / "clip.mp4")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half a clip\n"
        process.send_signal(number)
        try:
            said = process.communicate(timeout=30)[1]
        finally:
            process.kill()  # one that did not hear must not keep the tests waiting
    assert (said, process.returncode) == ("interrupted: Stopped; nothing was written.\n", 1)
    assert list(photo.parent.iterdir()) == [photo]


def test_what_is_ignored_stays_ignored() -> None:
    """Under ``nohup`` a closed terminal ends nothing."""
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        stopping.listen()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
