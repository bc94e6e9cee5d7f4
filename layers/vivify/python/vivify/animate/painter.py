"""From sketches to pixels on the CPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from vivify.animate.layers import Layers
from vivify.animate.patch import Window
from vivify.animate.person.folds import shade
from vivify.animate.sketch import Sketch
from vivify.arrays import Pixels


class Painter(Protocol):
    """Makes the pixels of one region. All painters agree within 2 levels."""

    def paint(self, sketches: Iterable[Sketch]) -> Iterator[Pixels]:
        """The region, (H, W, 3) uint8 RGB, as each of ``sketches`` says, in their order; may look a few ahead."""
        ...


class CvPainter:
    """OpenCV on the CPU, one frame at a time."""

    def __init__(self, layers: Layers) -> None:
        self._layers = layers

    def paint(self, sketches: Iterable[Sketch]) -> Iterator[Pixels]:
        return (painted(self._layers, sketch) for sketch in sketches)


def painted(layers: Layers, sketch: Sketch, window: Window | None = None) -> Pixels:
    """The region, or its ``window`` alone, as ``sketch`` says: (H, W, 3) uint8 RGB."""
    picture = layers.compose(sketch.deformation, window)
    if sketch.shading is not None:
        picture = shade(picture, sketch.shading.gains(window))
    for patch in sketch.patches:
        patch.lay_over(picture, window)
    return picture
