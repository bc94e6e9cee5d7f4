"""How good the repaired eyes are, on people the network has never seen. Measured inside the cover, as the study did."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from vivify.arrays import Float

from .pairs import CLOSING, Pairs

_CHUNK = 64
KINDS = {"closing": (CLOSING, 9.0), "half": (0.12, CLOSING), "other": (-9.0, 0.12)}  # by closure


@dataclass(frozen=True)
class Score:
    """``l1``: mean difference, levels. ``psnr``: dB. ``ssim``: of the luma. ``sharp``: Laplacian, 1 is the truth's."""

    l1: float
    psnr: float
    ssim: float
    sharp: float


def repaired(network: nn.Module, pairs: Pairs) -> Float:
    """(N, 3, 64, 96) float32 in 0..1: the warped eyes, and inside the cover what ``network`` makes of them."""
    out = np.empty(pairs.truth.shape, np.float32)
    with torch.no_grad():
        for start in range(0, len(pairs), _CHUNK):
            part = slice(start, start + _CHUNK)
            eye = torch.from_numpy(pairs.inputs[part]).float() / 255
            made, warp = network(eye).numpy(), eye[:, :3].numpy()
            out[part] = warp + (made - warp) * (pairs.cover[part, None] / np.float32(255))
    return np.clip(out, 0, 1)


def table(made: Float, pairs: Pairs, scale: float = 1.0) -> dict[str, tuple[int, Score]]:
    """For each kind of pair how many there are and their mean score. ``scale``: pictures are first made smaller by it."""
    rows: dict[str, tuple[int, Score]] = {}
    for kind, (least, most) in KINDS.items():
        chosen = np.flatnonzero((pairs.closure >= least) & (pairs.closure < most))
        scores = [astuple(_score(made[i], pairs.truth[i] / np.float32(255), pairs.cover[i], scale)) for i in chosen]
        if scores:
            rows[kind] = (len(chosen), Score(*(float(v) for v in np.mean(scores, axis=0))))
    return rows


def _score(made: Float, true: Float, cover: NDArray[np.uint8], scale: float) -> Score:
    a, b = (np.clip(255 * picture.transpose(1, 2, 0), 0, 255).astype(np.float32) for picture in (made, true))
    if scale != 1:
        a, b = (np.asarray(_resized(picture, scale), np.float32) for picture in (a, b))
    here = (cover if scale == 1 else _resized(cover, scale)) > 127
    difference = (a - b)[here]
    grey_a, grey_b = (np.asarray(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY), np.float32) for x in (a, b))
    edges_a, edges_b = (np.abs(cv2.Laplacian(x, cv2.CV_32F))[here].mean() for x in (grey_a, grey_b))
    return Score(
        l1=float(np.abs(difference).mean()),
        psnr=float(10 * np.log10(255**2 / max(float((difference**2).mean()), 0.5))),
        ssim=float(_ssim(grey_a, grey_b)[here].mean()),
        sharp=float(edges_a / max(float(edges_b), 0.3)),
    )


def _resized(picture: NDArray[Any], scale: float) -> NDArray[Any]:
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _ssim(a: Float, b: Float) -> Float:
    def mean(x: Float) -> Float:
        return np.asarray(cv2.GaussianBlur(x, (0, 0), 1.5), np.float32)

    ma, mb = mean(a), mean(b)
    va, vb, both = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    return np.asarray((2 * ma * mb + 6.5) * (2 * both + 58.5) / ((ma * ma + mb * mb + 6.5) * (va + vb + 58.5)), np.float32)
