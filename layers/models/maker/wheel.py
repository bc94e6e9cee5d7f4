"""What MediaPipe's wheel says about its own models: the weight files, and the graphs' options.

The graphs are compiled into the wheel's library; loading one and reading back its expanded configuration
gives its options (how landmark groups merge) as MediaPipe itself uses them: no table is typed in by hand.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import mediapipe
from google.protobuf import text_format
from mediapipe.calculators.tensor import tensors_to_landmarks_calculator_pb2 as landmarks_pb2
from mediapipe.calculators.util import landmarks_refinement_calculator_pb2 as refinement_pb2
from mediapipe.framework import calculator_pb2
from mediapipe.python._framework_bindings import calculator_graph, resource_util
from mediapipe.python.solutions import face_detection, face_mesh, hands  # noqa: F401  (registers options)

VERSION = "0.10.21"
PACKAGE = Path(mediapipe.__file__).parent


def weights(path: str) -> bytes:
    """The bytes of a weight file, by its path under ``mediapipe/modules``."""
    if mediapipe.__version__ != VERSION:
        raise SystemExit(f"this tool reads mediapipe {VERSION}, found {mediapipe.__version__}")
    return (PACKAGE / "modules" / path).read_bytes()


@functools.cache
def graph(path: str) -> calculator_pb2.CalculatorGraphConfig:
    """A compiled graph, every subgraph expanded."""
    resource_util.set_resource_dir(str(PACKAGE.parent))
    loaded = calculator_graph.CalculatorGraph(binary_graph_path=str(PACKAGE / "modules" / path))
    return text_format.Parse(loaded.text_config, calculator_pb2.CalculatorGraphConfig())


def refinements() -> list[Any]:
    """How the mesh, lips, left and right eye, left and right iris (in this order) merge into 478 points."""
    for node in graph("face_landmark/face_landmark_front_cpu.binarypb").node:
        if node.calculator == "LandmarksRefinementCalculator":
            options = node.options.Extensions[refinement_pb2.LandmarksRefinementCalculatorOptions.ext]
            return list(options.refinement)
    raise LookupError("the wheel's face mesh graph has no LandmarksRefinementCalculator")


def hand_depth() -> float:
    """What a hand's z, as its network tells it, is multiplied by for the unit of x."""
    for node in graph("hand_landmark/hand_landmark_tracking_cpu.binarypb").node:
        options = node.options.Extensions[landmarks_pb2.TensorsToLandmarksCalculatorOptions.ext]
        if options.num_landmarks == 21 and options.HasField("normalize_z"):
            return float(1 / options.normalize_z)
    raise LookupError("the wheel's hand graph does not say how deep hands are")
