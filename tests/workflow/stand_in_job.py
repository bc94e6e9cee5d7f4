"""The container's own entry point with a stand-in for the engine: frames made before, and the end that STAND_IN tells."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from vivify import engine
from vivify.cloud import storage
from vivify.errors import GpuUnavailable, MotionInvalid

DEED = os.environ["STAND_IN"]
MAIN = Path(__file__).parents[2] / "functions" / "animate" / "main.py"


def die(code: int) -> NoReturn:
    """As after a fault in native code: nothing is tidied up."""
    os._exit(code)


def animate(_photo: Any, _faces: Any, out: Path, *_: Any) -> Any:
    """The engine's signature; the job is stopped, killed or wrong here."""
    match DEED:
        case "crash":
            die(1)
        case "SIGTERM":
            os.kill(os.getpid(), signal.SIGTERM)
        case "out of memory":
            os.kill(os.getpid(), signal.SIGKILL)
        case "no GPU":
            raise GpuUnavailable("There is no GPU on this host.")
        case "bad input":
            raise MotionInvalid("There is no such motion.")
        case "hang":
            time.sleep(5)  # longer than it takes to stop the execution; then the job goes on, as if nobody had
    shutil.copy(os.environ["STAND_IN_FRAMES"], out)
    (out.parent / "depth.png").write_bytes(b"depth")
    return SimpleNamespace(as_dict=lambda: {"clip": "here", "faces": []})


def upload(path: Path, *rest: Any) -> None:
    """Hands over what comes before the crash."""
    real_upload(path, *rest)
    if (DEED, path.name) in {("crash at output", "frames.mkv"), ("crash after output", "manifest.json")}:
        die(1)
    if (DEED, path.name) == ("SIGTERM at output", "frames.mkv"):
        os.kill(os.getpid(), signal.SIGTERM)


real_upload = storage.upload
engine.animate = animate
storage.upload = upload
sys.argv = [str(MAIN)]
runpy.run_path(str(MAIN), run_name="__main__")
