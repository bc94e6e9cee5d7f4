"""From sketches to pixels on the CPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from vivify.animate.layers import Layers
from vivify.animate.patch import Window
from vivify.animate.person.folds import shade
from vivify.animate.sketch import Sketch
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
        picture = shade(picture, sketch.shading.gains(window))
    for patch in sketch.patches:
        patch.lay_over(picture, window)
    return picture
