"""What a pair for training holds: needs no PyTorch."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.portrait import whole
from vivify.faces.topology import EYES

MODELS = Path(__file__).resolve().parents[2] / "layers" / "models"


def test_where_a_head_went_is_no_part_of_a_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame shifted, turned and grown whose eye corners are told a tenth of the eye too low, as they are of shut eyes:
    it is found again, the eyes' places to half a pixel, and a pair of both differs by less than 3 levels.
    """
    monkeypatch.syspath_prepend(str(MODELS))
    from training.stage import Frame, Stage

    photo, face = whole()
    there = np.array([[1.02, 0.07, -9], [-0.07, 1.02, 12]])
    points = face.landmarks.copy()
    points[:, :2] = points[:, :2] @ there[:, :2].T + there[:, 2]
    for eye in EYES:
        corners = [eye.outer, eye.inner]
        points[corners, 1] += 0.1 * np.linalg.norm(points[eye.outer] - points[eye.inner])
    other = Frame(cv2.warpAffine(photo.pixels, there, photo.pixels.shape[1::-1], flags=cv2.INTER_CUBIC), points)
    stage = Stage(Frame(photo.pixels, face.landmarks))
    meeting = stage.met(other)
    for eye, found in zip(EYES, meeting.maps, strict=True):
        seen = face.landmarks[list(eye.opening), :2]
        assert np.abs(seen @ (found - there)[:, :2].T + (found - there)[:, 2]).max() < 0.5
        inputs, truth, cover, _ = stage.pair(eye, other, found, 0.0)
        assert np.abs(inputs[:3].astype(float) - truth)[:, cover > 0].mean() < 3
