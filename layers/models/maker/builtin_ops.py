"""TFLite's built-in operators in standard ONNX: those that the six networks use."""

from __future__ import annotations

import math

import tflite

from .converter import Converter, Emit
from .tflite_reader import Operator


def pads(scheme: int, size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]) -> list[int]:
    """ONNX pads [top, left, bottom, right]. TFLite's SAME puts the odd pixel at the bottom and right."""
    if scheme == tflite.Padding.VALID:
        return [0, 0, 0, 0]
    total = [max((math.ceil(n / s) - 1) * s + k - n, 0) for n, k, s in zip(size, kernel, stride, strict=True)]
    return [total[0] // 2, total[1] // 2, total[0] - total[0] // 2, total[1] - total[1] // 2]


def _conv(c: Converter, op: Operator) -> str:
    options, depthwise = op.options, op.kind == "DEPTHWISE_CONV_2D"
    _, height, width, channels = c.shape(op.inputs[0])
    # OHWI -> OIHW; depthwise weights are (1, H, W, channels) -> (channels, 1, H, W).
    weight = c.constant(op.inputs[1]).transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
    kernel, stride = weight.shape[2:], (options.StrideH(), options.StrideW())
    if (options.DilationHFactor(), options.DilationWFactor()) != (1, 1):
        raise NotImplementedError("dilated convolution")
    bias = [c.w.constant(c.constant(i), "b") for i in op.inputs[2:3] if i >= 0]
    out = c.w.node(
        "Conv",
        c.value(op.inputs[0]),
        c.w.constant(weight, "w"),
        *bias,
        kernel_shape=list(kernel),
        strides=list(stride),
        pads=pads(options.Padding(), (height, width), kernel, stride),
        group=channels if depthwise else 1,
    )
    return c.activate(out, options.FusedActivationFunction())


def _pool(c: Converter, op: Operator) -> str:
    options = op.options
    kernel, stride = (options.FilterHeight(), options.FilterWidth()), (options.StrideH(), options.StrideW())
    _, height, width, _ = c.shape(op.inputs[0])
    size = (height, width)
    if op.kind == "AVERAGE_POOL_2D" and kernel == size:
        return c.w.node("GlobalAveragePool", c.value(op.inputs[0]))
    kind = "MaxPool" if op.kind == "MAX_POOL_2D" else "AveragePool"
    around = pads(options.Padding(), size, kernel, stride)
    return c.w.node(kind, c.value(op.inputs[0]), kernel_shape=list(kernel), strides=list(stride), pads=around)


def _binary(c: Converter, op: Operator) -> str:
    left, right = (c.value(i) for i in op.inputs)
    out = c.w.node({"ADD": "Add", "MUL": "Mul"}[op.kind], left, right)
    return c.activate(out, op.options.FusedActivationFunction())


def _pad(c: Converter, op: Operator) -> str:
    widths = c.constant(op.inputs[1])[[0, 3, 1, 2]]  # (4, 2): before and after, reordered to N, C, H, W
    return c.w.node("Pad", c.value(op.inputs[0]), c.w.ints(*widths.T.ravel().tolist()))


def _prelu(c: Converter, op: Operator) -> str:
    slope = c.constant(op.inputs[1]).transpose(2, 0, 1)  # (1, 1, C) -> (C, 1, 1)
    return c.w.node("PRelu", c.value(op.inputs[0]), c.w.constant(slope))


def _resize(c: Converter, op: Operator) -> str:
    height, width = c.shape(op.outputs[0])[1:3]
    from_height, from_width = c.shape(op.inputs[0])[1:3]
    mode = "align_corners" if op.options.AlignCorners() else "half_pixel" if op.options.HalfPixelCenters() else "asymmetric"
    # Scales, not sizes: sizes would have to name the batch.
    scales = c.w.floats(1, 1, height / from_height, width / from_width)
    return c.w.node("Resize", c.value(op.inputs[0]), "", scales, mode="linear", coordinate_transformation_mode=mode)


def _depth_to_space(c: Converter, op: Operator) -> str:
    return c.w.node("DepthToSpace", c.value(op.inputs[0]), blocksize=op.options.BlockSize(), mode="DCR")


def _reshape(c: Converter, op: Operator) -> str:
    shape = c.shape(op.outputs[0])
    out = c.w.node("Reshape", c.rows(op.inputs[0]), c.w.ints(-1, *shape[1:]))
    return c.w.node("Transpose", out, perm=[0, 3, 1, 2]) if len(shape) == 4 else out


def _concatenate(c: Converter, op: Operator) -> str:
    axis = op.options.Axis() % len(c.shape(op.outputs[0]))
    if len(c.shape(op.outputs[0])) == 4:
        axis = (0, 2, 3, 1)[axis]
    return c.w.node("Concat", *(c.value(i) for i in op.inputs), axis=axis)


def _strided_slice(c: Converter, op: Operator) -> str:
    """The attention mesh ends in a slice that takes everything; any other is refused."""
    if c.shape(op.inputs[0]) != c.shape(op.outputs[0]):
        raise NotImplementedError("STRIDED_SLICE that drops values")
    return c.value(op.inputs[0])


def _fully_connected(c: Converter, op: Operator) -> str:
    # TFLite flattens an image by itself, in its own order of values; weights are (out, in).
    weight, bias = (c.constant(i) for i in op.inputs[1:])
    flat = c.w.node("Reshape", c.rows(op.inputs[0]), c.w.ints(-1, weight.shape[1]))
    out = c.w.node("Gemm", flat, c.w.constant(weight, "w"), c.w.constant(bias, "b"), transB=1)
    return c.activate(out, op.options.FusedActivationFunction())


def _mean(c: Converter, op: Operator) -> str:
    """Over the whole image, which is dropped; any other is refused."""
    if c.constant(op.inputs[1]).tolist() != [1, 2] or op.options.KeepDims():
        raise NotImplementedError("MEAN over other axes than an image's")
    return c.w.node("ReduceMean", c.value(op.inputs[0]), axes=[2, 3], keepdims=0)


def _unary(onnx_op: str) -> Emit:
    return lambda c, op: c.w.node(onnx_op, c.value(op.inputs[0]))


BUILTIN: dict[str, Emit] = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _conv,
    "MAX_POOL_2D": _pool,
    "AVERAGE_POOL_2D": _pool,
    "ADD": _binary,
    "MUL": _binary,
    "PAD": _pad,
    "PRELU": _prelu,
    "RESIZE_BILINEAR": _resize,
    "DEPTH_TO_SPACE": _depth_to_space,
    "RESHAPE": _reshape,
    "CONCATENATION": _concatenate,
    "STRIDED_SLICE": _strided_slice,
    "FULLY_CONNECTED": _fully_connected,
    "MEAN": _mean,
    "RELU": _unary("Relu"),
    "LOGISTIC": _unary("Sigmoid"),
    "HARD_SWISH": _unary("HardSwish"),
}
