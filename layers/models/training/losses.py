"""How far a repaired eye is from the true one. Pictures are (N, 3, H, W) in 0..1, weights (N, 1, H, W)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_GRADIENT, _STRUCTURE = 0.7, 0.12  # against the plain difference
_C1, _C2 = 0.0001, 0.0009  # the constants of SSIM for a range of 1


def weights(cover: Tensor) -> Tensor:
    """The lids count most; around them the network shall leave things alone."""
    near = F.avg_pool2d(cover, 5, 1, 2)
    return 0.3 + 2.2 * near


def reconstruction(made: Tensor, true: Tensor, weight: Tensor) -> Tensor:
    """Difference, difference of gradients at three scales, and structure (SSIM at half the size)."""
    a, b, w = made, true, weight
    total = ((a - b).abs() * w).mean()
    for _ in range(3):
        across = ((a - b)[..., :, 1:] - (a - b)[..., :, :-1]).abs() * w[..., :, 1:]
        along = ((a - b)[..., 1:, :] - (a - b)[..., :-1, :]).abs() * w[..., 1:, :]
        total = total + _GRADIENT * (across.mean() + along.mean())
        a, b, w = (F.avg_pool2d(x, 2) for x in (a, b, w))
    return total + _STRUCTURE * _structure(F.avg_pool2d(made, 2), F.avg_pool2d(true, 2), F.avg_pool2d(weight, 2))


def _structure(a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 5, 1)

    ma, mb = mean(a), mean(b)
    va, vb, both = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    alike = (2 * ma * mb + _C1) * (2 * both + _C2) / ((ma * ma + mb * mb + _C1) * (va + vb + _C2))
    return ((1 - alike) * weight[..., 2:-2, 2:-2]).mean()


def weighted(values: Tensor, weight: Tensor) -> Tensor:
    """The mean of ``values`` (N, 1, h, w), each place as heavy as ``weight`` there."""
    heavy = F.interpolate(weight, size=values.shape[2:], mode="area")
    return (values * heavy).mean() / heavy.mean()


def alike(mine: list[Tensor], theirs: list[Tensor]) -> Tensor:
    """The mean difference of two lists of features."""
    return torch.stack([(a.float() - b.float()).abs().mean() for a, b in zip(mine, theirs, strict=True)]).mean()
