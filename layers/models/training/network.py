"""The networks: a small U-Net that repairs a warped eye, and the critic it is trained against."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vivify.animate.eyes import eye_patch

_SLOPE = 0.1  # of the leaky rectifier
_CRISP = 1.4
_DEEP, _DEEP_FROM = 0.25, 0.6  # how much darker the lashes of shut eyes are made, and closure from which they are
_ENDS = 10.0  # pixels from the eye's corners over which that fades
_FORGOTTEN = 0.1  # of the deepest features, while training: there are few people to learn from


class _Residual(nn.Module):
    """Two convolutions beside a straight line; starts out close to doing nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        nn.init.normal_(self.second.weight, std=0.01)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.leaky_relu(self.first(F.leaky_relu(x, _SLOPE)), _SLOPE))


class Eyelids(nn.Module):
    """(N, 10, 64, 96) in 0..1 (eye_patch.inputs over 255) -> (N, 3, 64, 96) RGB in 0..1: the eye with its lids repaired.

    What it adds to the warped eye passes a gate, so that what needs no repair stays bit by bit what the warp made.
    """

    def __init__(self, widths: tuple[int, ...] = (24, 48, 96, 128), deepest: int = 2) -> None:
        super().__init__()
        self.stem = nn.Conv2d(eye_patch.CHANNELS, widths[0], 6, stride=2, padding=2)
        pairs = list(itertools.pairwise(widths))
        self.down = nn.ModuleList(nn.Conv2d(wide, deep, 4, stride=2, padding=1) for wide, deep in pairs)
        depth = [1] * (len(widths) - 2) + [deepest]
        self.encode = nn.ModuleList(
            nn.Sequential(*(_Residual(w) for _ in range(n))) for w, n in zip(widths[1:], depth, strict=True)
        )
        self.up = nn.ModuleList(nn.Conv2d(deep, wide * 4, 1) for wide, deep in pairs)
        self.join = nn.ModuleList(nn.Conv2d(2 * wide, wide, 1) for wide in widths[:-1])
        self.decode = nn.ModuleList(_Residual(wide) for wide in widths[:-1])
        self.head = nn.Conv2d(widths[0], 16, 3, padding=1)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, eye: Tensor) -> Tensor:
        x = self.stem(2 * eye - 1)
        passed = []
        for down, encode in zip(self.down, self.encode, strict=True):
            passed.append(x)
            x = encode(down(x))
        x = F.dropout2d(x, _FORGOTTEN, self.training)
        for level in reversed(range(len(passed))):
            x = F.pixel_shuffle(self.up[level](x), 2)
            x = self.decode[level](self.join[level](torch.cat([x, passed[level]], 1)))
        change = F.pixel_shuffle(self.head(F.leaky_relu(x, _SLOPE)), 2)
        return eye[:, :3] + torch.sigmoid(4 * change[:, 3:]) * change[:, :3]


class Crisp(nn.Module):
    """What is shipped: ``lids`` with more of the fine contrast that guessing costs, and deeper lashes on shut eyes: where a
    photo shows few, they are guessed too pale. What it leaves alone stays alone.
    """

    def __init__(self, lids: Eyelids) -> None:
        super().__init__()
        self.lids = lids
        x = torch.arange(eye_patch.WIDTH).float()
        inside = torch.minimum(x - eye_patch.OUTER, eye_patch.INNER - x) / _ENDS
        self.register_buffer("along", inside.clamp(0, 1).view(1, 1, 1, -1))

    def forward(self, eye: Tensor) -> Tensor:
        change = self.lids(eye) - eye[:, :3]
        crisp = eye[:, :3] + change + _CRISP * (change - _near(change))
        # Of the lids' edges the upper one is the brighter.
        line = _near(_near(F.relu(2 * eye[:, 8:9] - 1)))
        shut = F.relu(eye[:, 9:10] - _DEEP_FROM) / (1 - _DEEP_FROM)
        return crisp * (1 - _DEEP * self.along * shut * line)


def _near(x: Tensor) -> Tensor:
    """The mean of each pixel and those around it."""
    return F.avg_pool2d(F.pad(x, (1, 1, 1, 1), "replicate"), 3, 1)


class Critic(nn.Module):
    """Judges patches of an eye: (N, 6, 64, 96) (picture in -1..1 and three masks) -> logits, and its features."""

    def __init__(self, widths: tuple[int, ...] = (32, 64, 96)) -> None:
        super().__init__()
        smooth = nn.utils.parametrizations.spectral_norm
        steps = zip((6, *widths[:-1]), widths, (2, 2, 1), strict=True)
        self.layers = nn.ModuleList(
            smooth(nn.Conv2d(less, more, 4 if stride == 2 else 3, stride=stride, padding=1)) for less, more, stride in steps
        )
        self.verdict = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        return self.verdict(x), features
