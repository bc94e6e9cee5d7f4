"""A thin builder of ONNX graphs: names, constants and nodes, in an order that never changes between runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

# 17 runs on every ONNX Runtime since 1.12; 16 brought GridSample, the newest operator used.
OPSET = 17


class Writer:
    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._initializers: list[TensorProto] = []
        self._domains = {"": OPSET}
        self._count = 0

    def fresh(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"

    def node(self, op: str, *inputs: str, output: str | None = None, domain: str | None = None, **attributes: Any) -> str:
        """Append one node with one output; returns the output's name."""
        name = output or self.fresh(op.lower())
        self._domains.setdefault(domain or "", 1)
        self._nodes.append(helper.make_node(op, list(inputs), [name], name=f"{op}:{name}", domain=domain, **attributes))
        return name

    def constant(self, value: np.ndarray, stem: str = "c") -> str:
        """Add a constant. float16 is stored as such and cast: ONNX Runtime folds the cast once, at load."""
        name = self._initializer(np.ascontiguousarray(value), stem)
        if value.dtype == np.float16:
            return self.node("Cast", name, to=TensorProto.FLOAT)
        return name

    def floats(self, *values: float) -> str:
        return self.constant(np.array(values, np.float32))

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        """A float32 constant without dimensions, which Clip and Pad want."""
        return self._initializer(np.array(value, np.float32), "c")

    def _initializer(self, value: np.ndarray, stem: str) -> str:
        name = self.fresh(stem)
        self._initializers.append(numpy_helper.from_array(value, name))
        return name

    def model(
        self,
        inputs: dict[str, tuple[Any, ...]],
        outputs: dict[str, tuple[Any, ...]],
        origin: str,
        kinds: Mapping[str, int] | None = None,
    ) -> ModelProto:
        """The whole graph. ``kinds``: the element types of inputs and outputs that are not float32."""

        def info(shapes: dict[str, tuple[Any, ...]]) -> list[Any]:
            return [helper.make_tensor_value_info(n, (kinds or {}).get(n, TensorProto.FLOAT), s) for n, s in shapes.items()]

        graph = helper.make_graph(self._nodes, "vivify", info(inputs), info(outputs), self._initializers)
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(domain, version) for domain, version in self._domains.items()],
            ir_version=8,
            producer_name="vivify layers/models/maker",
            doc_string=origin,
        )
