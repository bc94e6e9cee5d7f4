"""Spectacle frames, drawn across pairs: few of the people filmed wear any."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_FRAMED = 0.2  # of the eyes
_HIGH = 0.7  # of the frames, those that lie above the eye; the others lie below it
_SKIN_FROM, _SKIN_AT = 0.15, 0.4  # closure between which plain skin takes their place, see eye_patch.Moved.inputs


def framed(pictures: list[Tensor], planes: Tensor) -> list[Tensor]:
    """``pictures`` (N, 3, H, W) in 0..1: the eye warped, as the photo shows it, and as it truly is; ``planes`` (N, 4, H, W):
    the last of the network's inputs. A frame stays where it is; where plain skin has taken the eye's place it is gone.
    """
    rest, closure = planes[:, 1:2], planes[:, 3:4]
    count = len(rest)
    frame = _curve(count, *rest.shape[2:]) * (torch.rand(count, 1, 1, 1) < _FRAMED)
    colour = torch.rand(count, 1, 1, 1) ** 2 * 0.7 + torch.rand(count, 3, 1, 1) * 0.15
    plain = _grown(_grown(rest, 4, 2, 6), 4, 2, 2) * ((closure - _SKIN_FROM) / (_SKIN_AT - _SKIN_FROM)).clamp(0, 1)
    return [x + (colour - x) * seen for x, seen in zip(pictures, (frame * (1 - plain), frame, frame), strict=True)]


def _grown(x: Tensor, up: int, down: int, aside: int) -> Tensor:
    return F.max_pool2d(F.pad(x, (aside, aside, down, up)), (1 + up + down, 1 + 2 * aside), 1)


def _curve(count: int, height: int, width: int) -> Tensor:
    """(N, 1, H, W) in 0..1: curves across the patch, thin or thick, opaque or less so."""
    x = torch.arange(width).float().view(1, 1, 1, -1) - _between(count, 20, 76)
    y = torch.arange(height).float().view(1, 1, -1, 1)
    level = torch.where(torch.rand(count, 1, 1, 1) < _HIGH, _between(count, 2, 34), _between(count, 46, 64))
    lean, bend = _between(count, -0.35, 0.35), _between(count, -0.012, 0.012)
    away = (y - level - lean * x - bend * x * x).abs() / (1 + (lean + 2 * bend * x) ** 2).sqrt()
    return torch.sigmoid((_between(count, 0.6, 4) - away) * 2.5) * _between(count, 0.5, 1)


def _between(count: int, least: float, most: float) -> Tensor:
    return torch.rand(count, 1, 1, 1) * (most - least) + least
