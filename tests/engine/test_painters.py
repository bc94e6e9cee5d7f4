"""Whoever paints a sketch, the pixels are the same: the graph that runs on a GPU, here on the CPU, against OpenCV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier

import cv2
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from vivify import engine, models
from vivify.animate import Performer
from vivify.animate.eyes.lids import Eyelids
from vivify.animate.graph_painter import GraphPainter
from vivify.animate.patch import Window
from vivify.animate.sketch import Grid
from vivify.errors import GpuUnavailable
from vivify.faces import resized
from vivify.faces.topology import INNER_LIPS
from vivify.motion import Motion
from vivify.photos import decode

CUDA = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
TOLERANCE = 2  # levels of 255
GALLERY = ("SadTalker__source_image_art_20.png", "LivePortrait__source_s9.jpg", "hallo3__images_0001.jpg")


def _performer(path: Path, side: int) -> Performer:
    photo = decode(path.read_bytes())
    faces = engine.analyse(photo)
    pixels, placed = resized(photo.pixels, faces, side)
    return Performer(pixels, placed[0])


def _motion() -> Motion:
    """At rest; turned, eyes half shut; turned away; eyes shut; speaking and looking aside; farther than any face goes."""
    motion = Motion.still(6)
    motion.rotation[:] = [(0, 0, 0), (15, -8, 4), (-20, 5, -3), (0, 0, 0), (0, 0, 0), (60, 40, -60)]
    motion.lids[:] = np.array([0, 0.6, 0, 1, 0.3, 0.8])[:, None]
    motion.gaze[4] = (0.1, 0.1)
    motion.displacement[4, list(INNER_LIPS[11:]), 1] = 0.3
    motion.displacement[5] = np.random.default_rng(0).normal(0, 0.02, motion.displacement[5].shape)
    return motion


def _differences(performer: Performer, provider: models.Provider = "cpu") -> NDArray[np.float64]:
    """Each frame's largest difference between what the CPU makes frame by frame and what ``provider`` makes of batches of
    them, lids included, in levels.
    """
    track = performer.track(_motion(), 0.8)
    plain = list(performer.perform([track]))
    performer._lids = Eyelids(performer._layers, performer._pixels, performer._landmarks, provider)
    performer._painter = graph = GraphPainter(performer._layers, performer._warp.grid, provider)
    graph.batch = 4  # so that the last batch is a smaller one
    return np.array([cv2.absdiff(*pair).max() for pair in zip(plain, performer.perform([track]), strict=True)])


@pytest.mark.parametrize("side", [256, 512, 900])
def test_the_graph_paints_what_opencv_paints(astronaut: Path, side: int) -> None:
    """Turned, blinking, speaking, shaded: no pixel differs by more than 2 of 255 levels; at rest none does at all."""
    differences = _differences(_performer(astronaut, side))
    assert differences[0] == 0
    assert differences.max() <= TOLERANCE


@pytest.mark.skipif(not CUDA, reason="this host has no CUDA")
def test_a_gpu_paints_what_opencv_paints(astronaut: Path) -> None:
    """The same on a GPU, where there is one."""
    differences = _differences(_performer(astronaut, 900), "cuda")
    assert differences[0] == 0
    assert differences.max() <= TOLERANCE


@pytest.mark.parametrize("name", GALLERY)
def test_the_graph_paints_the_gallery(gallery: Path, name: str) -> None:
    """The same on other photos: a painting, a portrait, one with strong edges."""
    assert _differences(_performer(gallery / "photos" / "portrait" / name, 640)).max() <= TOLERANCE


def test_a_batch_is_sketched_painted_and_used_at_the_same_time(astronaut: Path) -> None:
    """While the first batch is being used the second is painted and the third sketched (or they would wait for each other
    here, and fail), and never more: a long clip takes no more memory than a short one.
    """
    performer = _performer(astronaut, 256)
    graph = GraphPainter(performer._layers, performer._warp.grid, "cpu")
    together, sketched = Barrier(3, timeout=20), []

    def batches() -> Iterator[list[int]]:
        for number in range(6):
            if number == 2:
                together.wait()
            sketched.append(number)
            yield [number]

    def painted(batch: list[int]) -> list[int]:
        if batch == [1]:
            together.wait()
        return batch

    graph._painted = painted  # type: ignore[method-assign, assignment]
    used = []
    for number in graph.paint(batches()):  # type: ignore[arg-type]
        if number == 0:
            together.wait()
        used.append(number)
        assert len(sketched) <= len(used) + 2
    assert used == list(range(6))


def test_a_part_of_the_grid_enlarges_as_the_whole_does() -> None:
    """Any window of an enlarged grid is the whole's, bit for bit, at every step: patches and frame see one deformation."""
    for size in ((200, 150), (500, 610), (1201, 800), (2100, 2399), (4096, 300)):
        grid = Grid(size)
        columns, rows = grid.cells
        coarse = np.round(np.random.default_rng(1).normal(0, 40, (rows, columns, 2)) * 64) / 64
        whole = grid.enlarged(coarse.astype(np.float32))
        assert whole.shape == (size[1], size[0], 2)
        for window in (Window(0, 0, 31, 17), Window(size[0] - 33, size[1] - 5, *size), Window(61, 43, 122, 101)):
            assert np.array_equal(grid.enlarged(coarse.astype(np.float32), window), window.of(whole))


def test_enlarging_is_exact() -> None:
    """The enlarged grid holds the very numbers that double precision gives: no machine can round them otherwise."""
    grid = Grid((4096, 200))
    columns, rows = grid.cells
    coarse = (np.random.default_rng(2).integers(-256 * 64, 256 * 64, (rows, columns, 2)) / 64).astype(np.float32)
    size = (columns * grid.step, rows * grid.step)
    exact = cv2.resize(coarse.astype(np.float64), size, interpolation=cv2.INTER_LINEAR)
    step = grid.step
    assert np.array_equal(grid.enlarged(coarse), exact[step : step + 200, step : step + 4096])


def test_every_operator_has_a_cuda_kernel() -> None:
    """What runs on the provider holds nothing that ONNX Runtime would leave to the CPU: no arithmetic on shapes, and of the
    two GridSamples its own, since the standard one has a CUDA kernel for another layout only. (The three graphs were opened
    once by onnxruntime-gpu 1.26 with a stand-in for CUDA's library: every node was the CUDA provider's.)
    """
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    found = set()
    for name in models.ON_PROVIDER:
        session = onnxruntime.InferenceSession((models.directory() / f"{name}.onnx").read_bytes(), options)
        parts = session.get_provider_graph_assignment_info()
        found |= {(node.domain, node.op_type) for part in parts for node in part.get_nodes()}
    painting = "Add Cast Clip Div Max Min Mul Pad Reshape Resize Round Slice Sub Transpose"
    convolutions = "AveragePool Concat Conv ConvTranspose DepthToSpace GlobalAveragePool Squeeze"
    plain = f"{painting} {convolutions} HardSigmoid LeakyRelu Relu Sigmoid".split()
    assert found == {("", name) for name in plain} | {("com.microsoft", "GridSample")}


@pytest.mark.skipif(CUDA, reason="this host has CUDA")
def test_a_gpu_that_was_asked_for_is_not_replaced(astronaut: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A performer for CUDA fails where there is none, also when the runtime says it has it and then runs on the CPU."""
    photo = decode(astronaut.read_bytes())
    face = engine.analyse(photo)[0]
    with pytest.raises(GpuUnavailable):
        Performer(photo.pixels, face, provider="cuda")
    monkeypatch.setattr(models.ort, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    with pytest.raises(GpuUnavailable):
        models.load("painting", "cuda")
