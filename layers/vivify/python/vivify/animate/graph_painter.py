"""From sketches to pixels as one ONNX graph, for a GPU.

The photo's layers are sent to the device once. Of each frame only its sketch goes there, and only its bytes come back, a
batch at a time. The graph (layers/models/maker/painting.py) does what ``CvPainter`` does, rounding included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from vivify import models
from vivify.animate.layers import FINE, Layers
from vivify.animate.patch import Window
from vivify.animate.sketch import Grid, Sketch
from vivify.arrays import Pixels

T = TypeVar("T")

_MARGIN = 6  # fine pixels that the person layer is continued by on every side
_BATCH_PIXELS = 8e6  # a batch holds about this many; the graph needs some 105 bytes for each, and each face its own batch
_MOST_FRAMES = 32


class GraphPainter:
    """Paints with ONNX Runtime on the device of ``provider``. Raises GpuUnavailable, ModelMissing, ModelCorrupt."""

    def __init__(self, layers: Layers, grid: Grid, provider: models.Provider) -> None:
        width, height = grid.size
        self._grid = grid
        self._session = models.load("painting", provider)
        self.batch = int(np.clip(_BATCH_PIXELS / (width * height), 1, _MOST_FRAMES))
        self._held = {
            name: ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(value, np.float32), provider, 0)
            for name, value in _photo(layers, width, height).items()
        }
        step = grid.step
        self._sizes = {
            "scales": np.array([1, 1, step, step], np.float32),
            "begin": np.array([step, step]),
            "end": np.array([step + height, step + width]),
            "tall": np.array([1, -1, width, 2]),
            "stacked": np.array([4, -1, height, width]),
        }

    def paint(self, batches: Iterable[Sequence[Sketch]]) -> Iterator[Pixels]:
        """While the device paints one batch, the next one is sketched and the batch before handed on."""
        for pictures in _ahead(map(self._painted, _ahead(batches))):
            yield from pictures

    def _painted(self, batch: Sequence[Sketch]) -> Pixels:
        """(N, H, W, 3) uint8."""
        binding = self._session.io_binding()
        for name, held in self._held.items():
            binding.bind_ortvalue_input(name, held)
        # The binding borrows what it is given: these arrays must live until the graph has run.
        inputs = {name: np.ascontiguousarray(value) for name, value in self._inputs(batch).items()}
        for name, value in inputs.items():
            binding.bind_cpu_input(name, value)
        binding.bind_output("frames")
        self._session.run_with_iobinding(binding)
        return np.asarray(binding.copy_outputs_to_cpu()[0], np.uint8)

    def _inputs(self, batch: Sequence[Sketch]) -> dict[str, NDArray[np.generic]]:
        """What the graph needs of these frames."""
        columns, rows = self._grid.cells
        plain = np.ones((rows, columns, 3), np.float32)
        shift = np.stack([sketch.deformation.coarse for sketch in batch])
        gains = np.stack([plain if sketch.shading is None else sketch.shading.coarse for sketch in batch])
        return {
            "shift": shift.transpose(0, 3, 1, 2),
            "gains": gains.transpose(3, 0, 1, 2),
            **self._sizes,
            **self._overlay(batch),
        }

    def _overlay(self, batch: Sequence[Sketch]) -> dict[str, NDArray[np.generic]]:
        """All patches of each frame as one: what to keep of the picture beneath and what to add, in one box for all."""
        windows = [patch.window for sketch in batch for patch in sketch.patches]
        box = Window.over(windows) if windows else Window(0, 0, 1, 1)
        width, height = box.size
        keep = np.ones((1, len(batch), height, width), np.float32)
        over = np.zeros((3, len(batch), height, width), np.float32)
        for number, sketch in enumerate(batch):
            for patch in sketch.patches:
                y, x = patch.window.y0 - box.y0, patch.window.x0 - box.x0
                place = (slice(None), number, slice(y, y + patch.window.size[1]), slice(x, x + patch.window.size[0]))
                keep[place] *= 1 - patch.alpha
                over[place] += (patch.colour.transpose(2, 0, 1) - over[place]) * patch.alpha
        right, below = self._grid.size[0] - box.x1, self._grid.size[1] - box.y1
        return {"keep": keep, "over": over, "pads": np.array([0, 0, box.y0, box.x0, 0, 0, below, right])}


def _ahead(items: Iterable[T]) -> Iterator[T]:
    """``items``, none of them None, each made in a thread of its own while the one before is being used."""
    source = iter(items)
    with ThreadPoolExecutor(1) as thread:
        making = thread.submit(next, source, None)
        while (item := making.result()) is not None:
            making = thread.submit(next, source, None)
            yield item


def _photo(layers: Layers, width: int, height: int) -> dict[str, NDArray[np.generic]]:
    """What the graph needs of a photo, whatever the frame; places are pixels of the person layer without its margin."""
    padded = FINE * (np.array([width, height]) - 1) + 1 + 2 * _MARGIN
    person = cv2.copyMakeBorder(layers.fine, _MARGIN, _MARGIN, _MARGIN, _MARGIN, cv2.BORDER_REPLICATE)
    row, column = np.mgrid[:height, :width]
    return {
        "person": person.transpose(2, 0, 1)[None],
        "plate": layers.plate.transpose(2, 0, 1)[:, None],
        "rest": np.stack([column, row], axis=-1)[None],
        "least": np.array([-2, -2]),
        "most": np.array([width + 1, height + 1]),
        # GridSample's own coordinates: -1 and 1 are the outer edges of the outermost pixels.
        "to_grid": 2 * FINE / padded,
        "from_corner": (2 * _MARGIN + 1) / padded - 1,
    }
