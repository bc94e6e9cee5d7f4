"""Other light, other cameras, other paint: what a batch of pairs could also have looked like."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from .spectacles import framed

_GREY = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
_MONOCHROME, _TINTED = 0.15, 0.07  # of the eyes
_BLURRED = 0.25  # of the batches
_TURN, _ZOOM, _SHIFT = 8.0, 0.1, 0.08  # degrees, part, part of half the patch
_TALL, _LEAN = 0.15, 0.1  # part that eyes become taller or flatter by; shear
_MIXED, _SWAPPED = 0.12, 0.1  # how far channels leak into one another; of the eyes, those whose channels change places
_OTHER_EYE, _EYE_TINT, _EYE_GAIN = 0.5, 0.25, 0.4  # of the eyes; part of the range; logarithm
_LIT = 0.5  # logarithm of the gain from one end of the patch to the other


def augmented(eye: Tensor, truth: Tensor, cover: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """``eye`` (N, 10, H, W), ``truth`` (N, 3, H, W) and ``cover`` (N, 1, H, W), all in 0..1, changed in step."""
    eye, truth, cover = _moved(torch.cat([eye, truth, cover], 1)).split([eye.shape[1], 3, 1], 1)
    now, rest, truth = _photographed(framed([eye[:, :3], eye[:, 3:6], truth], eye[:, 6:]))
    now, rest, truth = _other_eyeball([(now, eye[:, 6:7]), (rest, eye[:, 7:8]), (truth, eye[:, 6:7])])
    if torch.rand(1) < _BLURRED:
        sigma = float(torch.rand(1)) * 1.2 + 0.4
        now, rest, truth = (_blurred(x, sigma) for x in (now, rest, truth))
    return torch.cat([now, rest, eye[:, 6:]], 1), truth, cover


def _between(count: int, least: float, most: float, channels: int = 1) -> Tensor:
    return torch.rand(count, channels, 1, 1) * (most - least) + least


def _moved(x: Tensor) -> Tensor:
    """Turned, scaled and shifted a little, each in its own way."""
    count, _, height, width = x.shape
    turn = (torch.rand(count) * 2 - 1) * math.radians(_TURN)
    zoom, tall = (1 + (torch.rand(count) * 2 - 1) * part for part in (_ZOOM, _TALL))
    lean = (torch.rand(count) * 2 - 1) * _LEAN
    cos, sin, ratio = zoom * turn.cos(), zoom * turn.sin(), height / width
    place = torch.zeros(count, 2, 3)
    place[:, 0, 0], place[:, 0, 1] = cos, (lean * cos - sin) * ratio * tall
    place[:, 1, 0], place[:, 1, 1] = sin / ratio, (lean * sin + cos) * tall
    place[:, :, 2] = (torch.rand(count, 2) * 2 - 1) * _SHIFT
    grid = F.affine_grid(place, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


def _photographed(pictures: list[Tensor]) -> list[Tensor]:
    """The same change of gamma, gain, contrast, saturation and tint for every picture of an eye."""
    count = len(pictures[0])
    gamma, contrast = _between(count, -0.45, 0.45).exp(), _between(count, -0.25, 0.25).exp()
    gain = _between(count, -0.18, 0.18, 3).exp() * _between(count, -0.2, 0.2).exp()
    lift = _between(count, -0.06, 0.08)
    lot = torch.rand(count, 1, 1, 1)
    saturation = torch.where(lot < _MONOCHROME, torch.zeros_like(lot), _between(count, 0.4, 1.35))
    tint = torch.where((lot > _MONOCHROME / 2) & (lot < _MONOCHROME / 2 + _TINTED), _between(count, -0.12, 0.12, 3), 0.0)
    light, mixture = _slanting_light(count, pictures[0]), _mixture(count)
    changed = []
    for picture in pictures:
        x = torch.einsum("nij,njhw->nihw", mixture, picture.clamp(0, 1)).clamp(0, 1) ** gamma * gain * light
        grey = (x * _GREY).sum(1, keepdim=True)
        x = grey + (x - grey) * saturation + tint
        changed.append(((x - 0.45) * contrast + 0.45 + lift).clamp(0, 1))
    return changed


def _other_eyeball(pictures: list[tuple[Tensor, Tensor]]) -> list[Tensor]:
    """Some get an eyeball of another colour, in every picture of an eye where that is open (N, 1, H, W): lids are skin,
    whatever the iris is.
    """
    count = len(pictures[0][0])
    lot = (torch.rand(count, 1, 1, 1) < _OTHER_EYE).float()
    tint, gain = torch.randn(count, 3, 1, 1) * _EYE_TINT, (torch.randn(count, 1, 1, 1) * _EYE_GAIN).exp()
    return [x + lot * opening * ((x * gain + tint).clamp(0, 1) - x) for x, opening in pictures]


def _slanting_light(count: int, like: Tensor) -> Tensor:
    """(N, 1, H, W): brighter on one side than on the other."""
    across = torch.linspace(-0.5, 0.5, like.shape[3]).view(1, 1, 1, -1) * _between(count, -_LIT, _LIT)
    along = torch.linspace(-0.5, 0.5, like.shape[2]).view(1, 1, -1, 1) * _between(count, -_LIT, _LIT)
    return (across + along).exp()


def _mixture(count: int) -> Tensor:
    """(N, 3, 3): channels leak into one another, and some change places: skins, irises and paints of other colours."""
    order = torch.stack([torch.randperm(3) if lot < _SWAPPED else torch.arange(3) for lot in torch.rand(count)])
    mixture = F.one_hot(order, 3).float() + torch.randn(count, 3, 3) * _MIXED
    return mixture / mixture.sum(2, keepdim=True)


def _blurred(x: Tensor, sigma: float) -> Tensor:
    reach = torch.arange(-4, 5).float()
    kernel = torch.exp(-(reach**2) / (2 * sigma * sigma))
    kernel = (kernel / kernel.sum()).expand(x.shape[1], 1, 1, 9)
    x = F.conv2d(F.pad(x, (4, 4, 0, 0), "replicate"), kernel.contiguous(), groups=x.shape[1])
    return F.conv2d(F.pad(x, (0, 0, 4, 4), "replicate"), kernel.transpose(2, 3).contiguous(), groups=x.shape[1])
