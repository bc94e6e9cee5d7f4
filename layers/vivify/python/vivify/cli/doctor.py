"""``vivify doctor``: what is installed, which provider runs, what is missing."""

from __future__ import annotations

import argparse
import importlib
import platform
import re
import subprocess
from importlib import metadata
from typing import TYPE_CHECKING, Any, get_args

import vivify
from vivify.cli import output
from vivify.cli.commands import command
from vivify.errors import VivifyError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

# Distribution to module: what the engine cannot do without.
_ENGINE = {
    "numpy": "numpy",
    "opencv-python-headless": "cv2",
    "onnxruntime": "onnxruntime",
    "pillow": "PIL",
    "pi-heif": "pi_heif",
    "imageio-ffmpeg": "imageio_ffmpeg",
}
_LOCAL_STACK = ("boto3", "aws-lambda-powertools", "moto", "awslambdaric", "aws-sam-translator")


def add(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to ``commands``."""
    parser = command(commands, "doctor", "check this installation")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 if the engine can run here, else 1."""
    found = examine()
    if args.json:
        output.print_json(found)
    else:
        _print(found)
    return 0 if found["ready"] else 1


def examine() -> dict[str, Any]:
    """All findings. ``problems``: what keeps the engine from running, a sentence each; ``ready``: there is none."""
    problems: list[str] = []
    found: dict[str, Any] = {
        "vivify": vivify.__version__,
        "python": platform.python_version(),
        "packages": {name: _package(name, module, problems) for name, module in _ENGINE.items()},
        "ffmpeg": _ffmpeg(problems),
        "providers": _providers(),
        "models": _models(problems),
        "local_stack": {name: _version(name) for name in _LOCAL_STACK},
    }
    return {**found, "problems": problems, "ready": not problems}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _package(distribution: str, module: str, problems: list[str]) -> str | None:
    """Its version; the import counts, not the listing: a wheel for another machine is listed too."""
    try:
        loaded = importlib.import_module(module)
    except ImportError:
        problems.append(f"The package {distribution} is missing or broken. Install Vivify again.")
        return None
    # onnxruntime-gpu and full OpenCV are the same modules under other names.
    return _version(distribution) or str(getattr(loaded, "__version__", "unknown"))


def _ffmpeg(problems: list[str]) -> str | None:
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped, unused-ignore]

        said = subprocess.run([get_ffmpeg_exe(), "-version"], capture_output=True, text=True, check=True, timeout=20)
    except (ImportError, RuntimeError, OSError, subprocess.SubprocessError):
        problems.append("ffmpeg does not run. Install imageio-ffmpeg again.")
        return None
    version = re.match(r"ffmpeg version (\S+)", said.stdout)
    return version[1] if version else "unknown"


def _providers() -> list[str]:
    """What really runs: a CUDA build says that it has CUDA on a machine without a GPU, too."""
    try:
        from vivify import models
    except ImportError:
        return []  # a missing package, named already

    def runs(provider: models.Provider) -> bool:
        try:
            models.require(provider)
        except VivifyError:
            return False
        return True

    return [provider for provider in get_args(models.Provider) if runs(provider)]


def _models(problems: list[str]) -> dict[str, str]:
    """Each model's state: "ok" (hash verified and opened) or the code of what is wrong."""
    try:
        from vivify import models

        entries = models.catalogue(models.directory())
    except ImportError:
        return {}  # a missing package, named already
    except VivifyError as error:
        problems.append(error.message)
        return {}
    states: dict[str, str] = {}
    for name, entry in entries.items():
        try:
            if str(entry.get("file", "")).endswith(".onnx"):
                models.load(name)
            else:
                models.face_model()
            states[name] = "ok"
        except VivifyError as error:
            problems.append(error.message)
            states[name] = error.code
    return states


def _print(found: dict[str, Any]) -> None:
    print(f"vivify {found['vivify']}, Python {found['python']}, ffmpeg {found['ffmpeg'] or 'missing'}")
    for title in ("packages", "models", "local_stack"):
        print(f"{title.replace('_', ' ')}:")
        for name, state in found[title].items():
            print(f"  {name:24} {state or 'not installed'}")
    print(f"providers: {', '.join(found['providers']) or 'none'}")
    for problem in found["problems"]:
        print(f"problem: {problem}")
    print("The engine can run." if found["ready"] else "The engine cannot run.")
