"""MediaPipe's four custom TFLite operators in standard ONNX.

The attention mesh looks again, closer, at the lips and at each eye. From the coarse mesh it computes where
to look (Landmarks2TransformMatrix), cuts that window out of an early feature map (TransformTensorBilinear),
and carries the fine landmarks found in the window back to the whole crop (TransformLandmarks). Segmentation
ends in a transposed convolution that carries its own bias (Convolution2DTransposeBias).

Throughout, a transform is a (N, 4, 4) matrix that takes window pixels to pixels of the feature map; x and y
alone are used, so columns 0, 1 and 3 of rows 0 and 1.
"""

from __future__ import annotations

import struct

import numpy as np
from flatbuffers import flexbuffers

from .converter import Converter, Emit
from .tflite_reader import Operator


def _landmarks_to_transform(c: Converter, op: Operator) -> str:
    """Landmarks (N, K, 3) -> the window around a subset of them, upright, as a (N, 4, 4) transform.

    Rotate the subset so that the line between two landmarks is level, take its bounding box, widen it by a
    scale, and map the window's pixels onto it:
    shift(centre) . rotate(back) . scale(box / window) . shift(-window / 2).
    """
    w, options = c.w, flexbuffers.Loads(op.custom)
    if options.get("target_rotation_radians"):
        raise NotImplementedError("a window that is not upright")
    xy = w.node("Slice", c.value(op.inputs[0]), w.ints(0), w.ints(2), w.ints(2))  # (N, K, 2)

    # cos and sin of the angle are the level line's own direction: no atan2 (which ONNX lacks) is needed.
    ends = w.node("Gather", xy, w.ints(options["left_rotation_idx"], options["right_rotation_idx"]), axis=1)
    first, second = (w.node("Slice", ends, w.ints(k), w.ints(k + 1), w.ints(1)) for k in (0, 1))
    along = w.node("Sub", second, first)  # (N, 1, 2)
    unit = w.node("Div", along, w.node("ReduceL2", along, axes=[2], keepdims=1))
    cos, sin = (w.node("Slice", unit, w.ints(k), w.ints(k + 1), w.ints(2)) for k in (0, 1))  # (N, 1, 1) each
    minus_sin = w.node("Neg", sin)
    back = w.node(  # rows of the rotation from the level frame back to the crop: [[cos, -sin], [sin, cos]]
        "Concat",
        w.node("Concat", cos, minus_sin, axis=2),
        w.node("Concat", sin, cos, axis=2),
        axis=1,
    )  # (N, 2, 2)

    subset = w.node("Gather", xy, w.ints(*np.ravel(options["subset_idxs"]).tolist()), axis=1)
    level = w.node("MatMul", subset, back)  # a row times R is R transposed times the point: levelled
    high = w.node("ReduceMax", level, axes=[1], keepdims=1)
    low = w.node("ReduceMin", level, axes=[1], keepdims=1)  # (N, 1, 2)
    middle = w.node("Mul", w.node("Add", high, low), w.floats(0.5))
    centre = w.node("MatMul", back, w.node("Transpose", middle, perm=[0, 2, 1]))  # (N, 2, 1)

    window = np.array([options["output_width"], options["output_height"]], np.float64)
    grow = np.array([options["scale_x"], options["scale_y"]], np.float64) / window
    scale = w.node("Mul", w.node("Sub", high, low), w.constant(grow.astype(np.float32)))  # (N, 1, 2)
    linear = w.node("Mul", back, scale)  # columns scaled: rotate . scale
    half = w.constant((window / 2).astype(np.float32).reshape(2, 1))
    shift = w.node("Sub", centre, w.node("MatMul", linear, half))  # (N, 2, 1)
    zero = w.node("Mul", shift, w.floats(0.0))
    rows = w.node("Concat", linear, zero, shift, axis=2)  # (N, 2, 4)
    # Nothing reads rows 2 and 3; they are there because the source multiplies by a (4, 4) constant.
    return w.node("Pad", rows, w.ints(0, 0, 0, 0, 2, 0))


def _transform_tensor(c: Converter, op: Operator) -> str:
    """Sample a window of (N, C, H, W) through a transform, bilinearly; a sample outside the map is zero."""
    w = c.w
    _, height, width, _ = c.shape(op.inputs[0])
    _, rows, columns, _ = c.shape(op.outputs[0])
    # Pixel centres: window pixel i sits at i + 0.5, and the answer is an index again: half a pixel off.
    y, x = np.mgrid[0:rows, 0:columns].reshape(2, -1) + 0.5
    pixels = np.stack([x, y, np.zeros_like(x), np.ones_like(x)]).astype(np.float32)  # (4, rows * columns)
    matrix = w.node("Slice", c.value(op.inputs[1]), w.ints(0), w.ints(2), w.ints(1))
    at = w.node("Sub", w.node("MatMul", matrix, w.constant(pixels)), w.floats(0.5))
    at = w.node("Transpose", at, perm=[0, 2, 1])  # (N, rows * columns, 2): x, y in feature-map pixels

    last = np.array([width - 1, height - 1], np.float32)
    grid = w.node("Sub", w.node("Mul", at, w.constant((2 / last).astype(np.float32))), w.floats(1.0))
    grid = w.node("Reshape", grid, w.ints(-1, rows, columns, 2))
    sampled = w.node("GridSample", c.value(op.inputs[0]), grid, mode="bilinear", padding_mode="zeros", align_corners=1)
    # GridSample fades to zero across the border pixel; MediaPipe cuts off at it.
    beyond = w.node("Sub", at, w.node("Clip", at, w.floats(0.0)))
    over = w.node("Max", w.node("Sub", at, w.constant(last)), w.floats(0.0))
    outside = w.node("ReduceMax", w.node("Sub", over, beyond), axes=[2], keepdims=1)
    inside = w.node("LessOrEqual", outside, w.floats(0.0))
    mask = w.node("Reshape", w.node("Cast", inside, to=1), w.ints(-1, 1, rows, columns))
    return w.node("Mul", sampled, mask)


def _transform_landmarks(c: Converter, op: Operator) -> str:
    """Carry (N, K, 2) window points through a transform."""
    if c.shape(op.inputs[0])[2] != 2:
        raise NotImplementedError("TransformLandmarks in 3-D")
    w, matrix = c.w, c.value(op.inputs[1])
    linear = w.node("Slice", matrix, w.ints(0, 0), w.ints(2, 2), w.ints(1, 2))
    shift = w.node("Slice", matrix, w.ints(0, 3), w.ints(2, 4), w.ints(1, 2))
    turned = w.node("MatMul", c.value(op.inputs[0]), w.node("Transpose", linear, perm=[0, 2, 1]))
    return w.node("Add", turned, w.node("Transpose", shift, perm=[0, 2, 1]))


def _transpose_convolution(c: Converter, op: Operator) -> str:
    """A transposed convolution with bias; the options are C's {padding, stride width, stride height}."""
    padding, stride_width, stride_height = struct.unpack("<3i", op.custom)
    weight = c.constant(op.inputs[1])  # (O, H, W, I)
    kernel, stride = weight.shape[1:3], (stride_height, stride_width)
    # kTfLitePaddingSame is 1. A kernel as large as its stride tiles the output exactly: then no padding is
    # due.
    if padding != 1 or kernel != stride:
        raise NotImplementedError("transposed convolution that overlaps")
    return c.w.node(
        "ConvTranspose",
        c.value(op.inputs[0]),
        c.w.constant(weight.transpose(3, 0, 1, 2), "w"),
        c.w.constant(c.constant(op.inputs[2]), "b"),
        kernel_shape=list(kernel),
        strides=list(stride),
    )


CUSTOM: dict[str, Emit] = {
    "Landmarks2TransformMatrix": _landmarks_to_transform,
    "TransformTensorBilinear": _transform_tensor,
    "TransformLandmarks": _transform_landmarks,
    "Convolution2DTransposeBias": _transpose_convolution,
}
