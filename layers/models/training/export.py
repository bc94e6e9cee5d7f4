"""From a trained network to the ONNX file that Vivify ships, its entry in models.toml and its test's reference."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from torch import nn

from vivify.animate.eyes import eye_patch

from .network import Crisp, Eyelids

HERE = Path(__file__).resolve().parent.parent
WEIGHTS, TOML = HERE / "eyelids.onnx", HERE / "models.toml"
REFERENCE = HERE.parents[1] / "tests" / "engine" / "references" / "eyelids.npz"
STUDY_SCALE = 36 / 56  # an earlier study drew eyes 36 pixels wide, this patch draws them 56 wide
BEGIN = "# >>> trained by Vivify: written by layers/models/training, not by hand\n"
END = "# <<< trained by Vivify\n"


def export(weights: dict[str, Any]) -> Crisp:
    """Writes the network with ``weights`` as ONNX, weights stored in half precision, its entry in models.toml, and what
    PyTorch answers to ``waves`` (the reference that tests hold the file against); returns it as it will run.
    """
    lids = Eyelids()
    lids.load_state_dict({name: value.half().float() for name, value in weights.items()})
    network = Crisp(lids).eval()
    data = to_onnx(network)
    WEIGHTS.write_bytes(data)
    eye = waves()
    with torch.no_grad():
        lids = network(torch.from_numpy(eye) / 255).numpy()
    np.savez_compressed(REFERENCE, eye=eye, lids=lids.astype(np.float16))
    _list(hashlib.sha256(data).hexdigest())
    return network


def waves() -> NDArray[np.uint8]:
    """(2, 10, 64, 96): an input that shows nobody."""
    eye, plane, y, x = np.ogrid[:2, : eye_patch.CHANNELS, : eye_patch.HEIGHT, : eye_patch.WIDTH]
    wave = np.sin(x / (5 + plane) + eye) * np.cos(y / (9 - plane / 2) + 2 * eye)
    return np.round(127.5 + 127.5 * wave).astype(np.uint8)


def to_onnx(network: nn.Module) -> bytes:
    """The ONNX file of ``network``, any number of eyes at a time."""
    example = torch.zeros(2, eye_patch.CHANNELS, eye_patch.HEIGHT, eye_patch.WIDTH)
    stream = io.BytesIO()
    torch.onnx.export(
        network,
        (example,),
        stream,
        input_names=["eye"],
        output_names=["lids"],
        dynamic_axes={"eye": {0: "batch"}, "lids": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load_from_string(stream.getvalue())
    _halve(model)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _halve(model: onnx.ModelProto) -> None:
    """Stores weights in half precision, each cast back where it is used: half the file, the same arithmetic."""
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 64:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)


def _list(sha256: str) -> None:
    height, width = eye_patch.HEIGHT, eye_patch.WIDTH
    entry = (
        "[eyelids]\n"
        'file = "eyelids.onnx"\n'
        'shows = "an eye whose lids have moved, as it would look"\n'
        'source = "trained by layers/models/training; see its model card"\n'
        'version = "1"\n'
        'licence = "Apache-2.0"\n'
        f'sha256 = "{sha256}"\n'
        f'inputs.eye = {{ shape = ["batch", {eye_patch.CHANNELS}, {height}, {width}], '
        'layout = "NCHW, see vivify.animate.eyes.eye_patch.inputs", range = [0.0, 1.0] }\n'
        f'outputs.lids = {{ shape = ["batch", 3, {height}, {width}], unit = "RGB, 0 to 1, may overshoot a little" }}\n'
    )
    text = TOML.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    TOML.write_text(f"{before.rstrip()}\n\n{BEGIN}\n{entry}\n{END}{after}", encoding="utf-8")
