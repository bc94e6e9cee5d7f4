"""The graph that paints frames on a GPU: python -m maker.painting writes painting.onnx; --check compares, byte for byte.

It does what vivify.animate's CPU painter does with OpenCV, for a batch of frames at once. All frames share one photo, so the
batch is laid out as one tall picture: GridSample would want a copy of the photo for each. Whatever depends on sizes comes
in as an input: operators that compute shapes would run on the CPU.
"""

from __future__ import annotations

import sys
from pathlib import Path

from onnx import ModelProto, TensorProto, checker

from .onnx_writer import Writer

STORED = Path(__file__).resolve().parent.parent / "painting.onnx"
FRACTIONS = 96.0  # of a pixel: where OpenCV looks pixels up, in 32nds of a third of one
PLAIN = 128.0  # the gain of 1, as OpenCV's bytes hold it
WHITE = 255.0

INPUTS = {
    "person": (1, 4, "fine_height", "fine_width"),
    "plate": (3, 1, "height", "width"),
    "rest": (1, "height", "width", 2),
    "least": (2,),
    "most": (2,),
    "to_grid": (2,),
    "from_corner": (2,),
    "shift": ("batch", 2, "rows", "columns"),
    "gains": (3, "batch", "rows", "columns"),
    "keep": (1, "batch", "patch_height", "patch_width"),
    "over": (3, "batch", "patch_height", "patch_width"),
    "scales": (4,),
    "begin": (2,),
    "end": (2,),
    "tall": (4,),
    "stacked": (4,),
    "pads": (8,),
}
WHOLE_NUMBERS = ("begin", "end", "tall", "stacked", "pads")


def build() -> ModelProto:
    w = Writer()
    white, rows_and_columns = w.floats(WHITE), w.ints(2, 3)

    def enlarged(coarse: str) -> str:
        large = w.node(
            "Resize", coarse, "", "scales", mode="linear", coordinate_transformation_mode="half_pixel", nearest_mode="floor"
        )
        return w.node("Slice", large, "begin", "end", rows_and_columns)

    def byte(value: str) -> str:
        return w.node("Clip", value, w.scalar(0.0), w.scalar(WHITE))

    def rounded_to(value: str, parts: float) -> str:
        return w.node("Round", w.node("Mul", value, w.floats(parts)))

    shift = w.node("Transpose", enlarged("shift"), perm=[0, 2, 3, 1])
    steps = w.node("Div", rounded_to(shift, FRACTIONS), w.floats(FRACTIONS))
    places = w.node("Min", w.node("Max", w.node("Add", steps, "rest"), "least"), "most")
    grid = w.node("Add", w.node("Mul", places, "to_grid"), "from_corner")
    # ONNX Runtime's own twin of the standard operator: the only one of the two that has a CUDA kernel for NCHW.
    tall = w.node("Reshape", grid, "tall")
    moved = w.node("GridSample", "person", tall, domain="com.microsoft", mode="bilinear", padding_mode="zeros")
    moved = w.node("Reshape", byte(w.node("Round", moved)), "stacked")
    colour = w.node("Slice", moved, w.ints(0), w.ints(3), w.ints(0))
    alpha = w.node("Slice", moved, w.ints(3), w.ints(4), w.ints(0))

    behind = w.node("Round", w.node("Div", w.node("Mul", "plate", w.node("Sub", white, alpha)), white))
    picture = byte(w.node("Add", colour, behind))
    gain = rounded_to(enlarged("gains"), PLAIN)
    picture = byte(w.node("Round", w.node("Div", w.node("Mul", picture, gain), w.floats(PLAIN))))

    keep = w.node("Pad", "keep", "pads", w.scalar(1.0))
    over = w.node("Pad", "over", "pads", w.scalar(0.0))
    picture = byte(w.node("Round", w.node("Add", w.node("Mul", picture, keep), over)))
    w.node("Transpose", w.node("Cast", picture, to=TensorProto.UINT8), output="frames", perm=[1, 2, 3, 0])
    kinds = dict.fromkeys(WHOLE_NUMBERS, TensorProto.INT64) | {"frames": TensorProto.UINT8}
    return w.model(INPUTS, {"frames": ("batch", "height", "width", 3)}, "Vivify's painter of frames (Apache-2.0)", kinds)


def main() -> int:
    model = build()
    checker.check_model(model, full_check=True)
    data = model.SerializeToString(deterministic=True)
    if "--check" in sys.argv[1:]:
        same = STORED.read_bytes() == data
        print("painting.onnx is reproduced" if same else "differs: painting.onnx")
        return 0 if same else 1
    STORED.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
