"""Who may import whom: the walls between the engine, the cloud, the use cases, the functions and the local stack."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers" / "vivify" / "python" / "vivify"
PURE = ("animate", "depth", "motion", "faces", "photos", "video")
ENGINE = tuple(f"vivify.{room}" for room in (*PURE, "arrays", "easing", "engine", "models", "progress", "score"))
SERVICE_LINES = ("vivify.service", "vivify.api", "vivify.cloud.settings", "vivify.errors")


def _imports(path: Path) -> set[str]:
    """Every module that ``path`` may import, wherever in the file: of "from a import b" both a and a.b."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.rglob("*.py"))
    assert files, f"nothing to look at in {folder}"
    return files


def _reaches(path: Path, *modules: str) -> set[str]:
    """The imports of ``path`` that are one of ``modules`` or lie inside one."""
    return {name for name in _imports(path) if any(name == m or name.startswith(f"{m}.") for m in modules)}


def _breaches(files: list[Path], *forbidden: str) -> dict[str, set[str]]:
    return {str(path.relative_to(ROOT)): hit for path in files if (hit := _reaches(path, *forbidden))}


@pytest.mark.parametrize("room", PURE)
def test_engine_rooms_know_no_cloud(room: str) -> None:
    """No engine room imports the cloud, the use cases or AWS's own library."""
    assert not _breaches(_files(PACKAGE / room), "vivify.cloud", "vivify.service", "boto3", "botocore")


def test_engine_knows_no_cloud() -> None:
    """The engine's own use cases and the model loader stand on the engine's side of the wall."""
    files = [PACKAGE / "engine.py", PACKAGE / "models.py", PACKAGE / "score.py"]
    assert not _breaches(files, "vivify.cloud", "vivify.service", "boto3", "botocore")


def test_cloud_knows_no_engine() -> None:
    """The cloud room imports no network runtime, no OpenCV, no numpy and no engine room."""
    assert not _breaches(_files(PACKAGE / "cloud"), "onnxruntime", "cv2", "numpy", "vivify.service", *ENGINE)


def test_service_joins_cloud_and_engine_only() -> None:
    """Of this package a use case imports the cloud, engine rooms, errors and other use cases; never the command line."""
    allowed = ("vivify.__version__", "vivify.cloud", "vivify.service", "vivify.errors", *ENGINE)
    for path in _files(PACKAGE / "service"):
        for name in _reaches(path, "vivify") - {"vivify"}:
            assert name.startswith(allowed), f"{path.name} imports {name}"
        assert not _reaches(path, "cv2", "onnxruntime", "boto3", "botocore"), path.name


def test_only_cloud_speaks_to_aws() -> None:
    """Within the package boto3 and botocore are imported by vivify/cloud alone."""
    others = [path for path in _files(PACKAGE) if PACKAGE / "cloud" not in path.parents]
    assert not _breaches(others, "boto3", "botocore")
    assert _breaches(_files(PACKAGE / "cloud"), "boto3")


def test_handlers_import_use_cases_only() -> None:
    """A function imports use cases, settings and errors of this package; never another function, an engine room or AWS."""
    handlers = [*sorted((ROOT / "functions").glob("*/handler.py")), ROOT / "functions" / "animate" / "main.py"]
    assert len(handlers) >= 5
    names = {path.parent.name for path in handlers}
    for path in handlers:
        used = _reaches(path, "vivify") - {"vivify", "vivify.cloud"}
        assert used, f"{path.parent.name} calls nothing"
        for name in used:
            assert name.startswith(SERVICE_LINES), f"{path.parent.name} imports {name}"
        roots = {name.split(".")[0] for name in _imports(path)}
        assert not roots & {*names, "functions", "handler"}, path.parent.name
        assert not roots & {"boto3", "botocore", "cv2", "numpy", "onnxruntime", "PIL"}, path.parent.name


def test_handlers_are_thin() -> None:
    """A handler has at most 60 lines: it parses, calls one use case and answers."""
    for path in sorted((ROOT / "functions").glob("*/handler.py")):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 60, path.parent.name


def test_local_stack_knows_nothing_of_the_package() -> None:
    """infra/local imports nothing of vivify: it runs what the template names, as AWS would."""
    assert not _breaches(_files(ROOT / "infra" / "local"), "vivify", "functions")


def test_package_never_imports_the_local_stack() -> None:
    """Nothing of the package imports infra: ``vivify local`` starts it as a program."""
    assert not _breaches(_files(PACKAGE), "infra")


@pytest.mark.parametrize(
    "module", ["vivify.video", "vivify.api.app", "vivify.cloud", "vivify.cloud.records", "vivify.service.publish_clip"]
)
def test_light_rooms_import_without_heavy_wheels(module: str) -> None:
    """Functions with the small layer can import this although numpy, OpenCV, Pillow and ONNX Runtime are not there."""
    heavy = ("numpy", "cv2", "onnxruntime", "PIL")
    program = f"import sys; sys.modules.update(dict.fromkeys({heavy!r})); import {module}; print('imported')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.strip() == "imported", done.stderr[-500:]
