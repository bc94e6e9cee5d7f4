"""TFLite operators in standard ONNX.

TFLite keeps images as (N, H, W, C), ONNX as (N, C, H, W): every 4-D activation is held transposed, and only
a RESHAPE (which reads the values in TFLite's order) transposes back. Weights are transposed once, here. The
batch size, 1 in the source, becomes free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import tflite

from .onnx_writer import Writer
from .tflite_reader import Graph, Operator

_RELU, _RELU6 = tflite.ActivationFunctionType.RELU, tflite.ActivationFunctionType.RELU6


class Converter:
    """Emits one TFLite graph into a Writer. ``names[i]`` is the ONNX value of TFLite tensor ``i``.

    ``image``: the ONNX name of its input. ``operators``: by TFLite's name, what emits one and gives its output's name.
    """

    def __init__(self, graph: Graph, writer: Writer, image: str, operators: Mapping[str, Emit]) -> None:
        self.graph, self.w = graph, writer
        self.names: dict[int, str] = {graph.inputs[0]: writer.node("Transpose", image, perm=[0, 3, 1, 2])}
        for op in graph.operators:
            if op.kind not in operators:
                raise NotImplementedError(f"TFLite operator {op.kind}")
            self.names[op.outputs[0]] = operators[op.kind](self, op)

    def shape(self, index: int) -> tuple[int, ...]:
        return self.graph.tensors[index].shape

    def constant(self, index: int) -> np.ndarray:
        value = self.graph.tensors[index].constant
        if value is None:
            raise ValueError(f"tensor {index} is not a constant")
        return value

    def value(self, index: int) -> str:
        """The ONNX value of an activation, or of a constant laid out to broadcast against one."""
        if index not in self.names:
            value = self.constant(index)
            self.names[index] = self.w.constant(value.transpose(0, 3, 1, 2) if value.ndim == 4 else value)
        return self.names[index]

    def rows(self, index: int) -> str:
        """An activation in TFLite's own order of values, whatever its rank."""
        name = self.value(index)
        return self.w.node("Transpose", name, perm=[0, 2, 3, 1]) if len(self.shape(index)) == 4 else name

    def activate(self, name: str, function: int) -> str:
        if function == _RELU:
            return self.w.node("Relu", name)
        if function == _RELU6:
            return self.w.node("Clip", name, self.w.floats(0.0), self.w.floats(6.0))
        if function != tflite.ActivationFunctionType.NONE:
            raise NotImplementedError(f"activation {function}")
        return name


Emit = Callable[[Converter, Operator], str]
