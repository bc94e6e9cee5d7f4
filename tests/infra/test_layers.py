"""What the functions would carry on Lambda: the layers built as ``sam build`` builds them, and weighed.

Built into build/layers (not kept in git) and built anew only when a layer's own files have changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from vivify.cloud import settings

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 262_144_000  # bytes, unzipped: a function and all its layers together
RUNTIME = {"boto3", "botocore", "dateutil", "s3transfer", "six", "urllib3"}  # Lambda's python3.12 has these
AARCH64 = 183  # e_machine in an ELF file's header

TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in TEMPLATE["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
}
LAYERS = {
    name: ROOT / resource["Properties"]["ContentUri"]
    for name, resource in TEMPLATE["Resources"].items()
    if resource["Type"] == "AWS::Serverless::LayerVersion"
}


def inputs(folder: Path) -> str:
    """A digest of every file a layer is made from."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@cache
def built(name: str) -> Path:
    """The layer's files, as they would lie under /opt."""
    target, stamp = ROOT / "build/layers" / name, ROOT / "build/layers" / f"{name}.sha256"
    wanted = inputs(LAYERS[name])
    if stamp.exists() and stamp.read_text() == wanted:
        return target
    stamp.unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    # MAKEFLAGS of a make that runs these tests would reach this one: jobs, variables, options that are not its own.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    command = ["make", f"build-{name}", f"ARTIFACTS_DIR={target}", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=LAYERS[name], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    stamp.write_text(wanted)
    return target


def weight(folder: Path) -> int:
    """Bytes of all files in ``folder``."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def carried(function: str) -> list[str]:
    """The layers of a function: those that all have, and its own."""
    everywhere = TEMPLATE["Globals"]["Function"]["Layers"]
    return [layer["Ref"] for layer in everywhere + FUNCTIONS[function].get("Layers", [])]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_and_its_layers_fit(function: str) -> None:
    """Unzipped, the function with all its layers stays under Lambda's limit, with a tenth of it to spare."""
    sizes = {layer: weight(built(layer)) for layer in carried(function)}
    sizes[function] = weight(ROOT / FUNCTIONS[function]["CodeUri"])
    assert sum(sizes.values()) < LIMIT * 0.9, sizes


@pytest.mark.parametrize("layer", LAYERS)
def test_native_code_is_for_the_templates_architecture(layer: str) -> None:
    """Every library and program in a layer is AArch64, the architecture that the template gives its functions."""
    assert TEMPLATE["Globals"]["Function"]["Architectures"] == ["arm64"]
    for path in built(layer).rglob("*"):
        header = path.read_bytes()[:20] if path.is_file() else b""
        if header.startswith(b"\x7fELF"):
            assert int.from_bytes(header[18:20], "little") == AARCH64, path.name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_all_that_a_function_imports_is_there(function: str) -> None:
    """The handler loads with nothing but its layers and what the runtime itself brings: Python and boto3.

    It is loaded in a process that can import only what those layers have a name for (with this machine's own builds).
    """
    names = {path.name.split(".")[0] for layer in carried(function) for path in (built(layer) / "python").iterdir()}
    program = f"""
import sys
allowed = set(sys.stdlib_module_names) | {names | RUNTIME | {"handler"}!r}
class Only:
    def find_spec(self, name, path=None, target=None):
        # The last is Python's own too, under a name that differs from machine to machine.
        if name.split(".")[0] not in allowed and not name.startswith("_sysconfigdata_"):
            raise ModuleNotFoundError(f"not in the function's layers: {{name}}", name=name)
sys.meta_path.insert(0, Only())
import handler
"""
    folder = ROOT / FUNCTIONS[function]["CodeUri"]
    path = os.pathsep.join([str(folder), str(ROOT / "layers/vivify/python")])
    kinds = [kind for kind in vars(settings).values() if isinstance(kind, type) and is_dataclass(kind)]
    needed = {field.name.upper() for kind in kinds for field in fields(kind) if field.default is MISSING}
    environment = {**os.environ, "PYTHONPATH": path, **dict.fromkeys(needed, "1")}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_weights_lie_where_the_package_looks() -> None:
    """Layers are laid over one another: the models' folder is inside the package, with the list that verifies them."""
    weights = built("ModelsLayer") / "python" / "vivify" / "weights"
    assert (weights / "models.toml").exists()
    assert {path.name for path in weights.glob("*.onnx")} == {path.name for path in (ROOT / "layers/models").glob("*.onnx")}
