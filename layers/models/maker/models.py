"""The six networks: which file each comes from, and how its outputs are named and joined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto

from . import tflite_reader, wheel
from .builtin_ops import BUILTIN
from .converter import Converter
from .custom_ops import CUSTOM
from .onnx_writer import Writer


@dataclass(frozen=True)
class Recipe:
    name: str
    source: str  # path under mediapipe/modules in the wheel
    side: int  # pixels; inputs are square
    range: tuple[float, float]  # what 0..255 is mapped to
    shows: str
    outputs: dict[str, tuple[str | int, ...]]
    units: dict[str, str]  # of each output
    finish: Callable[[Converter, list[str]], None]

    @property
    def input(self) -> tuple[str | int, ...]:
        return ("batch", self.side, self.side, 3)

    def build(self) -> ModelProto:
        graph = tflite_reader.read(wheel.weights(self.source))
        writer = Writer()
        converter = Converter(graph, writer, "image", BUILTIN | CUSTOM)
        self.finish(converter, [converter.names[i] for i in graph.outputs])
        origin = f"mediapipe {wheel.VERSION} {self.source} (Apache-2.0), as standard ONNX"
        return writer.model({"image": self.input}, self.outputs, origin)


def _detection(c: Converter, outputs: list[str]) -> None:
    for value, name in zip(outputs, ("boxes", "logits"), strict=True):
        c.w.node("Identity", value, output=name)


def _segmentation(c: Converter, outputs: list[str]) -> None:
    c.w.node("Squeeze", outputs[0], c.w.ints(1), output="mask")


def _landmarks(c: Converter, outputs: list[str]) -> None:
    """Join the groups as MediaPipe's graph does: later groups move x and y; z stays the mesh's; an iris takes
    as its z the mean of its eye's contour.
    """
    w, refinements = c.w, wheel.refinements()
    *groups, presence = outputs
    flat = []
    for k, (group, refinement) in enumerate(zip(groups, refinements, strict=True)):
        count, size = len(refinement.indexes_mapping), 3 if k == 0 else 2
        flat.append(w.node("Reshape", group, w.ints(-1, count, size)))
    mesh_xy = w.node("Slice", flat[0], w.ints(0), w.ints(2), w.ints(2))
    mesh_z = w.node("Slice", flat[0], w.ints(2), w.ints(3), w.ints(2))
    depths = [mesh_z]
    # For each of the 478 points: which row of all groups' points laid end to end, and which of the depths.
    row: dict[int, int] = {}
    depth: dict[int, int] = {}
    start, mesh_count = 0, len(refinements[0].indexes_mapping)
    for refinement in refinements:
        indexes = list(refinement.indexes_mapping)
        row.update({point: start + i for i, point in enumerate(indexes)})
        start += len(indexes)
        rule = refinement.z_refinement.WhichOneof("z_refinement_options")
        if rule == "copy":
            depth.update({point: i for i, point in enumerate(indexes)})
        elif rule == "assign_average":
            contour = list(refinement.z_refinement.assign_average.indexes_for_average)
            rim = w.node("Gather", mesh_z, w.ints(*contour), axis=1)
            depths.append(w.node("ReduceMean", rim, axes=[1], keepdims=1))
            depth.update({point: mesh_count + len(depths) - 2 for point in indexes})
    order = sorted(row)
    if order != list(range(478)):
        raise ValueError(f"the groups make {len(order)} landmarks, not 478")
    xy = w.node("Concat", mesh_xy, *flat[1:], axis=1)
    xy = w.node("Gather", xy, w.constant(np.array([row[p] for p in order], np.int64)), axis=1)
    z = w.node("Concat", *depths, axis=1)
    z = w.node("Gather", z, w.constant(np.array([depth[p] for p in order], np.int64)), axis=1)
    w.node("Concat", xy, z, axis=2, output="landmarks")
    w.node("Sigmoid", w.node("Reshape", presence, w.ints(-1)), output="presence")


def _hand(c: Converter, outputs: list[str]) -> None:
    """Landmarks, z made as large as MediaPipe's graph makes it, and presence; which hand it is, and the landmarks in metres,
    are left out.
    """
    w = c.w
    landmarks, presence, *_ = outputs
    points = w.node("Reshape", landmarks, w.ints(-1, 21, 3))
    w.node("Mul", points, w.floats(1.0, 1.0, wheel.hand_depth()), output="landmarks")
    w.node("Reshape", presence, w.ints(-1), output="presence")


RECIPES = (
    Recipe(
        "face_landmarks",
        "face_landmark/face_landmark_with_attention.tflite",
        192,
        (0.0, 1.0),
        "478 landmarks with refined lips, eyes and irises, and whether the crop holds a face",
        {"landmarks": ("batch", 478, 3), "presence": ("batch",)},
        {
            "landmarks": "x, y, z in pixels of the 192 x 192 crop; smaller z is nearer",
            "presence": "probability",
        },
        _landmarks,
    ),
    Recipe(
        "face_detection_short",
        "face_detection/face_detection_short_range.tflite",
        128,
        (-1.0, 1.0),
        "faces within about two metres",
        {"boxes": ("batch", 896, 16), "logits": ("batch", 896, 1)},
        {
            "boxes": "pixels from the anchor: centre x, y, width, height, then x, y of six keypoints",
            "logits": "log-odds that the anchor holds a face",
        },
        _detection,
    ),
    Recipe(
        "face_detection_full",
        "face_detection/face_detection_full_range_sparse.tflite",
        192,
        (-1.0, 1.0),
        "faces within about five metres",
        {"boxes": ("batch", 2304, 16), "logits": ("batch", 2304, 1)},
        {
            "boxes": "pixels from the anchor: centre x, y, width, height, then x, y of six keypoints",
            "logits": "log-odds that the anchor holds a face",
        },
        _detection,
    ),
    Recipe(
        "selfie_segmentation",
        "selfie_segmentation/selfie_segmentation.tflite",
        256,
        (0.0, 1.0),
        "where the person is",
        {"mask": ("batch", 256, 256)},
        {"mask": "probability that the pixel shows the person"},
        _segmentation,
    ),
    Recipe(
        "palm_detection",
        "palm_detection/palm_detection_full.tflite",
        192,
        (0.0, 1.0),
        "palms of hands",
        {"boxes": ("batch", 2016, 18), "logits": ("batch", 2016, 1)},
        {
            "boxes": "pixels from the anchor: centre x, y, width, height, then x, y of seven keypoints",
            "logits": "log-odds that the anchor holds a palm",
        },
        _detection,
    ),
    Recipe(
        "hand_landmarks",
        "hand_landmark/hand_landmark_full.tflite",
        224,
        (0.0, 1.0),
        "21 landmarks of a hand, and whether the crop holds one",
        {"landmarks": ("batch", 21, 3), "presence": ("batch",)},
        {
            "landmarks": "x, y, z in pixels of the 224 x 224 crop; smaller z is nearer",
            "presence": "probability",
        },
        _hand,
    ),
)
