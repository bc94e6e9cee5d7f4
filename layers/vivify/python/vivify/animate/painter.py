"""From sketches to pixels on the CPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from vivify.animate.layers import Layers
from vivify.animate.patch import Window
from vivify.animate.person.folds import shade
from vivify.animate.sketch import Shading, Sketch
from vivify.arrays import Pixels


class Painter(Protocol):
    """Makes the pixels of one region. All painters agree within 2 levels. ``batch``: as many frames as are best sketched at
    once for it.
    """

    batch: int

    def paint(self, batches: Iterable[Sequence[Sketch]]) -> Iterator[Pixels]:
        """The region, (H, W, 3) uint8 RGB, as each sketch of ``batches`` says, in order; may look two batches ahead."""
        ...


class CvPainter:
    """OpenCV on the CPU, one frame at a time."""

    batch = 1  # more is no faster: the lids' network takes as long for each eye, however many it is given

    def __init__(self, layers: Layers) -> None:
        self._layers = layers

    def paint(self, batches: Iterable[Sequence[Sketch]]) -> Iterator[Pixels]:
        return (painted(self._layers, sketch) for batch in batches for sketch in batch)


def painted(layers: Layers, sketch: Sketch, window: Window | None = None) -> Pixels:
    """The region, or its ``window`` alone, as ``sketch`` says: (H, W, 3) uint8 RGB."""
    picture = layers.compose(sketch.deformation, window)
    if sketch.shading is not None:
        _shade(picture, sketch.shading, window or Window(0, 0, picture.shape[1], picture.shape[0]))
    for patch in sketch.patches:
        patch.lay_over(picture, window)
    return picture


def _shade(picture: Pixels, shading: Shading, window: Window) -> None:
    """Shades ``picture``, which is the region's ``window``, in place."""
    reached = shading.window()
    part = None if reached is None else reached.overlap(window)
    if part is not None:
        skin = part.seen_from(window).of(picture)
        skin[...] = shade(skin, shading.gains(part))
