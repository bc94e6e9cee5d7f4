"""A TFLite flatbuffer as plain dataclasses and numpy arrays.

Two encodings are undone here, so that the converter never meets them: weights stored as float16 behind a
DEQUANTIZE operator, and sparse weights behind DENSIFY. Both become ordinary constants (float16 stays float16:
it is what the source holds, and it halves the ONNX file).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite

_BUILTIN = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
_DTYPE: dict[int, type[np.generic]] = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT64: np.int64,
}


@dataclass(frozen=True)
class Tensor:
    name: str
    shape: tuple[int, ...]
    constant: np.ndarray | None


@dataclass(frozen=True)
class Operator:
    """``kind`` is the builtin's name or the custom code, ``options`` the parsed flatbuffer table."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any
    custom: bytes


@dataclass(frozen=True)
class Graph:
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read(data: bytes) -> Graph:
    """Parse the one subgraph of a TFLite file, with every weight resolved to a dense constant."""
    model = tflite.Model.GetRootAsModel(data, 0)
    sub = model.Subgraphs(0)
    tensors = [_tensor(model, sub.Tensors(i)) for i in range(sub.TensorsLength())]
    operators: list[Operator] = []
    for i in range(sub.OperatorsLength()):
        op = _operator(model, sub.Operators(i))
        source = tensors[op.inputs[0]]
        if op.kind in ("DEQUANTIZE", "DENSIFY") and source.constant is not None:
            target = tensors[op.outputs[0]]
            tensors[op.outputs[0]] = Tensor(target.name, target.shape, source.constant)
        else:
            operators.append(op)
    return Graph(
        tuple(tensors),
        tuple(operators),
        tuple(int(i) for i in sub.InputsAsNumpy()),
        tuple(int(i) for i in sub.OutputsAsNumpy()),
    )


def _tensor(model: Any, t: Any) -> Tensor:
    shape = tuple(int(n) for n in t.ShapeAsNumpy()) if t.ShapeLength() else ()
    buffer = model.Buffers(t.Buffer())
    constant = None
    if buffer.DataLength():
        values = np.frombuffer(buffer.DataAsNumpy().tobytes(), _DTYPE[t.Type()])
        constant = _densify(values, shape, t.Sparsity()) if t.Sparsity() else values.reshape(shape)
    return Tensor(t.Name().decode(), shape, constant)


def _operator(model: Any, op: Any) -> Operator:
    code = model.OperatorCodes(op.OpcodeIndex())
    # Old files keep the code in an int8 field; new codes (above 127) only fit the int32 one.
    builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    custom = builtin == tflite.BuiltinOperator.CUSTOM
    kind = code.CustomCode().decode() if custom else _BUILTIN[builtin]
    return Operator(
        kind,
        tuple(int(i) for i in op.InputsAsNumpy()),
        tuple(int(i) for i in op.OutputsAsNumpy()),
        None if custom else _options(op),
        bytes(op.CustomOptionsAsNumpy()) if op.CustomOptionsLength() else b"",
    )


def _options(op: Any) -> Any:
    names = {v: k for k, v in vars(tflite.BuiltinOptions).items() if isinstance(v, int)}
    name = names[op.BuiltinOptionsType()]
    if name == "NONE":
        return None
    table = op.BuiltinOptions()
    options = getattr(tflite, name)()
    options.Init(table.Bytes, table.Pos)
    return options


def _densify(values: np.ndarray, shape: tuple[int, ...], sparsity: Any) -> np.ndarray:
    """Spread a sparse tensor's stored values over zeros.

    The format is TACO's: the dimensions are visited in ``traversal order`` (blocked dimensions first come as
    whole blocks, then as offsets inside one), each level either dense (every index occurs) or compressed
    (CSR: a segment table says which entries of an index list belong to the parent entry).
    """
    order = [int(i) for i in sparsity.TraversalOrderAsNumpy()]
    blocked = [int(i) for i in sparsity.BlockMapAsNumpy()] if sparsity.BlockMapLength() else []
    levels = [sparsity.DimMetadata(i) for i in range(sparsity.DimMetadataLength())]
    rank = len(shape)
    block = {dim: levels[order.index(rank + k)].DenseSize() for k, dim in enumerate(blocked)}

    # One row of coordinates per stored entry, a column per level: (entries, levels).
    coordinates = np.zeros((1, 0), np.int64)
    for level in levels:
        if level.Format() == tflite.DimensionType.DENSE:
            size = level.DenseSize()
            column = np.tile(np.arange(size), len(coordinates))
            coordinates = np.repeat(coordinates, size, axis=0)
        else:
            segments = _index_vector(level.ArraySegmentsType(), level.ArraySegments())
            column = _index_vector(level.ArrayIndicesType(), level.ArrayIndices())
            coordinates = np.repeat(coordinates, np.diff(segments), axis=0)
        coordinates = np.column_stack([coordinates, column])

    index = [np.zeros(len(coordinates), np.int64) for _ in shape]
    for level_number, dim in enumerate(order):
        column = coordinates[:, level_number]
        if dim < rank:
            index[dim] += column * block.get(dim, 1)
        else:
            index[blocked[dim - rank]] += column
    dense = np.zeros(shape, values.dtype)
    dense[tuple(index)] = values
    return dense


def _index_vector(kind: int, table: Any) -> np.ndarray:
    name = {v: k for k, v in vars(tflite.SparseIndexVector).items() if isinstance(v, int)}[kind]
    vector = getattr(tflite, name)()
    vector.Init(table.Bytes, table.Pos)
    return np.asarray(vector.ValuesAsNumpy(), np.int64)
