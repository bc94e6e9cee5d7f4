"""Trained networks: found, verified, and opened as ONNX Runtime sessions.

``models.toml`` lists every file with its SHA-256. Nothing is used that does not match it: the bytes that
were hashed are the bytes that are loaded.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import os
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from vivify.errors import GpuUnavailable, ModelCorrupt, ModelMissing

Provider = Literal["cpu", "cuda"]

ON_PROVIDER = ("painting", "eyelids", "selfie_segmentation")  # what a clip's provider runs; faces are found on the CPU

_PROVIDERS: dict[Provider, str] = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_OPTIONS: dict[Provider, dict[str, str]] = {
    "cpu": {},
    # Left alone, cuDNN times every algorithm for each batch that differs in size from those before, and lids move as they
    # please; and its products of 10 bits (TF32) would not be the CPU's.
    "cuda": {"cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"},
}


@dataclass(frozen=True, eq=False)
class FaceModel:
    """The mean face. x runs to the picture's right, y up, z towards the camera; landmark k is vertex k.

    ``vertices``: (468, 3) float32, centimetres, origin inside the head, symmetric about x = 0.
    ``triangles``: (898, 3) int16, vertex numbers, counter-clockwise seen from the camera.
    """

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int16]


def load(name: str, provider: Provider = "cpu", threads: int | None = None) -> ort.InferenceSession:
    """The network called ``name`` in models.toml, which also states its inputs and outputs.

    ``threads``: how many cores one run may use; None lets ONNX Runtime use all. Asking again gives the same
    session, which may be run from several threads at once. Raises ModelMissing, ModelCorrupt or
    GpuUnavailable: a GPU that was asked for is never replaced by the CPU in silence.
    """
    return _session(directory(), name, provider, threads)


def require(provider: Provider) -> None:
    """Opens all that is to run on ``provider``. Raises GpuUnavailable where it cannot run there whole, ModelMissing,
    ModelCorrupt.
    """
    for name in ON_PROVIDER:
        load(name, provider)


def face_model() -> FaceModel:
    """The mean face, read once; its arrays are read-only."""
    return _face_model(directory())


def directory() -> Path:
    """Where the weights are: $VIVIFY_MODELS, else beside the installed package, else in the repository."""
    if chosen := os.environ.get("VIVIFY_MODELS"):
        return Path(chosen)
    installed = Path(__file__).resolve().parent / "weights"
    if installed.is_dir():
        return installed
    return Path(__file__).resolve().parents[3] / "models"


@functools.cache
def catalogue(folder: Path) -> dict[str, dict[str, Any]]:
    """models.toml as a dict, one table a model."""
    try:
        return tomllib.loads((folder / "models.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _missing("models.toml") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise ModelCorrupt("models.toml cannot be read. Reinstall Vivify.", file="models.toml") from None


def _read(folder: Path, name: str) -> bytes:
    """The verified bytes of a model's file."""
    entry = catalogue(folder).get(name)
    if entry is None:
        raise _missing(name)
    file, expected = str(entry["file"]), entry["sha256"]
    try:
        data: bytes = (folder / file).read_bytes()
    except FileNotFoundError:
        raise _missing(file) from None
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise ModelCorrupt(
            f"The model file {file} is not the one Vivify was released with. Reinstall Vivify.",
            file=file,
            expected_sha256=expected,
            found_sha256=found,
        )
    return data


@functools.cache
def _session(folder: Path, name: str, provider: Provider, threads: int | None) -> ort.InferenceSession:
    wanted = _PROVIDERS[provider]
    if wanted not in ort.get_available_providers():
        raise _no_gpu()
    options = ort.SessionOptions()
    options.log_severity_level = 3  # errors only: what matters is raised
    # Threads that wait sleep: spinning, they take a core from OpenCV and the encoder (6 times the CPU time, with 2 cores).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if provider == "cuda":
        with contextlib.redirect_stdout(sys.stderr):  # where it says what it misses
            ort.preload_dlls()  # CUDA and cuDNN are wheels: the system's loader does not know where they lie
        # One node left to the CPU would move every frame to it and back.
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    if threads is not None:
        options.intra_op_num_threads = threads
    data = _read(folder, name)
    try:
        session = ort.InferenceSession(data, options, providers=[(wanted, _OPTIONS[provider])], enable_fallback=False)
    except Exception as error:  # ONNX Runtime's own errors share no base
        if provider == "cpu":
            raise
        raise _no_gpu() from error
    # Unless told not to, ONNX Runtime goes on with the CPU, and only logs it.
    if session.get_providers()[0] != wanted:
        raise _no_gpu()
    return session


@functools.cache
def _face_model(folder: Path) -> FaceModel:
    with np.load(io.BytesIO(_read(folder, "face_model"))) as stored:
        vertices, triangles = stored["vertices"], stored["triangles"]
    vertices.flags.writeable = triangles.flags.writeable = False
    return FaceModel(vertices, triangles)


def _missing(file: str) -> ModelMissing:
    return ModelMissing(
        f"The model {file} is not installed. Reinstall Vivify, or set VIVIFY_MODELS to its folder.",
        file=file,
    )


def _no_gpu() -> GpuUnavailable:
    return GpuUnavailable("A GPU was asked for, but ONNX Runtime cannot use one here. Use the CPU, or another host.")
