"""Training: who is held out, that a run can be stopped and go on, and that what is exported is what was trained.

PyTorch is installed for training alone (the dependency group "training"): without it these tests skip.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

MODELS = Path(__file__).resolve().parents[2] / "layers" / "models"
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's exporter warns of itself


@pytest.fixture(scope="module", autouse=True)
def _importable() -> None:
    sys.path.insert(0, str(MODELS))
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def fit() -> ModuleType:
    from training import fit

    return fit


def _pairs(count: int) -> object:
    from training.pairs import Pairs

    random = np.random.default_rng(3)
    return Pairs(
        inputs=random.integers(0, 256, (count, 10, 64, 96), np.uint8),
        truth=random.integers(0, 256, (count, 3, 64, 96), np.uint8),
        cover=random.integers(0, 256, (count, 64, 96), np.uint8),
        closure=random.random(count, np.float32),
        clip=np.arange(count, dtype=np.int32) % 3,
    )


def test_a_stopped_run_goes_on_as_if_it_had_not_been(fit: ModuleType, tmp_path: Path) -> None:
    """Two steps, a checkpoint and the rest give the very weights of a whole run, its last, sharpening step included."""
    recipe = fit.Recipe(steps=20, batch=2, critic_from=0.95)
    whole = fit.Trainer(_pairs(6), recipe)
    whole.run(tmp_path / "whole.pt")
    first = fit.Trainer(_pairs(6), recipe)
    for _ in range(18):
        first._advance()
    torch.save(first.state(), tmp_path / "parts.pt")
    torch.manual_seed(99)  # whatever happens in between
    second = fit.Trainer(_pairs(6), recipe)
    second.run(tmp_path / "parts.pt")
    assert second.step == recipe.in_all == 21
    for name, value in whole.averaged.state_dict().items():
        assert torch.equal(value, second.averaged.state_dict()[name]), name


def test_an_eyeball_changes_colour_everywhere_at_once() -> None:
    """An eye that is open in the photo, the warp and the truth looks the same in all three, whatever colours it is given and
    whatever frame is drawn across it.
    """
    from training.augment import augmented

    torch.manual_seed(3)
    picture = torch.rand(16, 3, 64, 96)
    opened = torch.ones(16, 1, 64, 96)
    eye = torch.cat([picture, picture, opened, opened, opened, torch.zeros_like(opened)], 1)
    eye, truth, _ = augmented(eye, picture, opened)
    assert torch.equal(eye[:, :3], truth)
    assert torch.equal(eye[:, 3:6], truth)


def test_a_frame_goes_where_plain_skin_is_put() -> None:
    """Frames drawn across a shut eye are in the photo and the truth alike; in what is warped they end where plain skin has
    taken the eye's place, and only there.
    """
    from training.spectacles import framed

    torch.manual_seed(4)
    skin, planes = torch.full((32, 3, 64, 96), 0.5), torch.zeros(32, 4, 64, 96)
    planes[:, 1, 32:46, 24:72], planes[:, 3] = 1, 1
    now, still, true = framed([skin, skin, skin], planes)
    assert torch.equal(still, true)
    assert (still != now)[:, :, 22:50].any()
    assert torch.equal(now[..., :14], still[..., :14])
    assert (still[:, :, 36, 40] != 0.5).any()
    assert (now[:, :, 36, 40] == 0.5).all()


def test_what_is_exported_is_what_was_trained() -> None:
    """ONNX Runtime and PyTorch agree within 1e-4 on a network with random weights, for one eye and for three."""
    from training.export import to_onnx
    from training.network import Eyelids

    torch.manual_seed(5)
    network = Eyelids().eval()
    for value in network.parameters():
        value.data = (value + 0.02 * torch.randn_like(value)).half().float()
    session = ort.InferenceSession(to_onnx(network), providers=["CPUExecutionProvider"])
    for count in (1, 3):
        eye = torch.rand(count, 10, 64, 96)
        with torch.no_grad():
            expected = network(eye).numpy()
        assert np.abs(session.run(None, {"eye": eye.numpy()})[0] - expected).max() < 1e-4


def test_nobody_is_on_both_sides(gallery: Path) -> None:
    """The held-out people are there, a fifth or less of all, and no clip of theirs is trained on."""
    from training import clips

    listed = clips.listed(gallery.parent)
    held, known = ({clip.identity for clip in listed if clip.held_out is side} for side in (True, False))
    assert held == clips.HELD_OUT
    assert not held & known
    assert len(held) <= (len(held) + len(known)) / 5
    names = {clip.name: clip.held_out for clip in listed}
    assert names["id_LivePortrait_01"]
    assert names["d0"]
