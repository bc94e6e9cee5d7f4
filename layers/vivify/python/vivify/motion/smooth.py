"""Zero-phase smoothing of curves: noise goes, nothing arrives late."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivify.arrays import Float

_NEARBY = 2.0  # times sigma: over which it is judged what smoothing would take away


def smooth(curve: NDArray[np.floating], sigma: float) -> Float:
    """Gaussian smoothing along the first axis, mirrored at both ends; ``sigma`` in frames. Same shape, float32.

    The kernel is symmetric, so a peak stays at its frame (LivePortrait's templates are not smoothed at all; a causal
    filter would delay them).
    """
    values = np.asarray(curve, np.float32)
    if sigma <= 0 or len(values) < 3:
        return values
    # Reflected once at most: of a curve shorter than the kernel a second reflection would no longer go on straight.
    reach = min(reach_of(sigma), len(values) - 1)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= kernel.sum()
    # Point reflection keeps both end values and slopes, so that a curve which starts at 0 still does.
    last = len(values) - 1
    index = np.arange(-reach, len(values) + reach)
    inside = last - np.abs(last - np.abs(index))
    padded = values[inside]
    before, after = index < 0, index > last
    padded[before] = 2 * values[0] - padded[before]
    padded[after] = 2 * values[last] - padded[after]
    flat = padded.reshape(len(padded), -1)
    out = np.empty((len(values), flat.shape[1]), np.float32)
    for column in range(flat.shape[1]):
        out[:, column] = np.convolve(flat[:, column], kernel, mode="valid")
    return out.reshape(values.shape)


def reach_of(sigma: float) -> int:
    """How many frames to either side ``smooth`` looks."""
    return int(np.ceil(3 * sigma))


def calmed(curve: NDArray[np.floating], sigma: float, noise: float) -> Float:
    """``curve`` smoothed by ``sigma`` frames where that takes away no more than ``noise``, its deviation when nothing moves.

    Where it would take more, that is motion, and stays: what moves fast is not rounded off (Wiener's filter).
    """
    calm = smooth(curve, sigma)
    rest = np.asarray(curve, np.float32) - calm
    power = np.maximum(smooth(rest**2, _NEARBY * sigma), np.float32(noise**2))
    return np.asarray(calm + rest * (1 - np.float32(noise**2) / power), np.float32)


def fill_gaps(curve: NDArray[np.floating], known: NDArray[np.bool_]) -> Float:
    """Bridges frames where ``known`` (T,) is False by straight lines between known ones; ends are held."""
    frames = np.arange(len(curve))
    flat = np.asarray(curve, np.float32).reshape(len(curve), -1).copy()
    for column in range(flat.shape[1]):
        flat[:, column] = np.interp(frames, frames[known], flat[known, column])
    return flat.reshape(np.shape(curve)).astype(np.float32)


def resample(curve: NDArray[np.floating], count: int, frames: range | None = None) -> Float:
    """``count`` frames of the same curve, first and last kept; of these ``frames``, or all. (T, ...) -> (len(frames), ...)
    float32.

    Smooth between (films at half their rate are a tenth to a fifth nearer to the whole than by straight lines, which jolt
    where they meet), and never beyond the values around (Fritsch and Butland's slopes).
    """
    values = np.asarray(curve, np.float32)
    frames = frames or range(count)
    if len(values) == count:
        return values[frames.start : frames.stop]
    at = np.linspace(0, len(values) - 1, count)[frames.start : frames.stop]
    low = np.floor(at).astype(int).clip(0, max(0, len(values) - 2))
    first = max(0, int(low[0]) - 1)
    around = values[first : low[-1] + 3]  # a stretch of a long curve alone is looked at
    slopes = _slopes(around)
    part = (at - low).astype(np.float32).reshape(-1, *([1] * (values.ndim - 1)))
    this, rest = low - first, 1 - part
    other = np.minimum(this + 1, len(around) - 1)
    step = around[other] - around[this]
    bends = rest * (slopes[this] - step) - part * (slopes[other] - step)
    return np.asarray(around[this] + part * step + part * rest * bends, np.float32)


def _slopes(values: Float) -> Float:
    """For each of ``values`` (T, ...) the harmonic mean of the steps to it and from it, none where it is a peak."""
    steps = np.diff(values, axis=0)
    if not len(steps):
        return np.zeros_like(values)
    before, after = steps[:-1], steps[1:]
    both = before * after
    within = np.where(both > 0, 2 * both / np.where(both > 0, before + after, 1), 0)
    return np.concatenate([steps[:1], within, steps[-1:]])
