"""Smoothing takes noise out and moves nothing in time; gaps are bridged; curves keep their ends."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vivify.motion.smooth import calmed, fill_gaps, resample, smooth

_length = st.integers(3, 60)
_sigma = st.floats(0.2, 25)
_number = st.floats(-100, 100, width=32)


@given(length=_length, sigma=_sigma, start=_number, step=st.floats(-5, 5, width=32))
@settings(max_examples=100, deadline=None)
def test_straight_lines_stay(length: int, sigma: float, start: float, step: float) -> None:
    """Constant and linear curves come out as they were, ends included, however short they are for the kernel."""
    line = (start + step * np.arange(length)).astype(np.float32)
    assert np.abs(smooth(line, sigma) - line).max() < 1e-3 * max(1.0, float(np.abs(line).max()))


@given(values=st.lists(_number, min_size=3, max_size=50), sigma=_sigma)
@settings(max_examples=100, deadline=None)
def test_ends_are_kept(values: list[float], sigma: float) -> None:
    """The first and the last value of any curve stay: what starts at rest still does."""
    curve = np.array(values, np.float32)
    out = smooth(curve, sigma)
    assert out.shape == curve.shape
    assert abs(out[0] - curve[0]) < 1e-2
    assert abs(out[-1] - curve[-1]) < 1e-2


@given(centre=st.integers(25, 55), width=st.floats(1.0, 4.0), sigma=st.floats(0.5, 5))
@settings(max_examples=60, deadline=None)
def test_a_peak_stays_at_its_frame(centre: int, width: float, sigma: float) -> None:
    """Zero phase: a bump is lowered and stays exactly where it was, and the curve stays symmetric about it."""
    frames = np.arange(81)
    out = smooth(np.exp(-0.5 * ((frames - centre) / width) ** 2), sigma)
    assert int(np.argmax(out)) == centre
    assert out[centre] < 1
    assert np.abs(out[centre - 8 : centre] - out[centre + 8 : centre : -1]).max() < 1e-4


def test_time_reversal_commutes() -> None:
    """Smoothing backwards is the same as smoothing forwards: nothing arrives late, nothing early."""
    curve = np.random.default_rng(4).normal(size=(40, 2, 3)).astype(np.float32)
    assert np.abs(smooth(curve[::-1], 3.0) - smooth(curve, 3.0)[::-1]).max() < 1e-5


def test_noise_goes() -> None:
    """White noise loses at least two thirds of its size at a sigma of three frames."""
    noise = np.random.default_rng(5).normal(size=600).astype(np.float32)
    assert smooth(noise, 3.0).std() < noise.std() / 3


def test_what_moves_is_not_rounded_off() -> None:
    """A shake five frames long keeps more than 95% of its way, of which smoothing would leave two thirds; noise as small as
    expected goes as if it were smoothed.
    """
    noise = np.random.default_rng(6).normal(scale=0.1, size=400).astype(np.float32)
    shake = 10 * np.sin(2 * np.pi * np.arange(400) / 5).astype(np.float32)
    kept, rounded = (curve[50:350].std() / shake.std() for curve in (calmed(shake, 0.75, 0.1), smooth(shake, 0.75)))
    assert kept > 0.95
    assert rounded < 0.7
    assert calmed(noise, 0.75, 0.15).std() < 1.1 * smooth(noise, 0.75).std()


def test_nothing_to_smooth() -> None:
    """A sigma of zero, and a curve of fewer than three frames, change nothing."""
    curve = np.array([3.0, -1.0], np.float32)
    assert np.array_equal(smooth(curve, 5.0), curve)
    assert np.array_equal(smooth(np.arange(9.0), 0.0), np.arange(9.0))


@given(values=st.lists(_number, min_size=2, max_size=40), count=st.integers(2, 90))
@settings(max_examples=60, deadline=None)
def test_resampling_keeps_the_ends_and_the_range(values: list[float], count: int) -> None:
    """Any number of frames begins and ends with the same values and never leaves the curve's range."""
    curve = np.array(values, np.float32)
    out = resample(curve, count)
    assert len(out) == count
    assert out[0] == curve[0]
    assert abs(out[-1] - curve[-1]) < 1e-4
    assert out.min() >= curve.min() - 1e-4
    assert out.max() <= curve.max() + 1e-4


@given(length=st.integers(2, 40), count=st.integers(2, 90), step=st.floats(-5, 5, width=32))
@settings(max_examples=60, deadline=None)
def test_resampling_is_linear(length: int, count: int, step: float) -> None:
    """A straight line resampled is the straight line between the same ends, for curves of any shape."""
    line = np.repeat((step * np.arange(length, dtype=np.float32))[:, None, None], 2, axis=2)
    wanted = np.linspace(0, step * (length - 1), count)
    assert np.abs(resample(line, count)[:, 0, 1] - wanted).max() < 1e-2


def test_resampling_does_not_jolt() -> None:
    """A swing drawn out to two and a half times its frames changes its speed at most 1.75 times as hard as it did, at its
    peaks; straight lines between its frames 2.4 times. A stretch of it is the same as in the whole.
    """
    swing = np.sin(np.linspace(0, 4 * np.pi, 51)).astype(np.float32)
    drawn_out = resample(swing, 126)
    assert np.abs(np.diff(drawn_out, 2)).max() * 2.5**2 < 1.75 * np.abs(np.diff(swing, 2)).max()
    lines = np.interp(np.linspace(0, 50, 126), np.arange(51), swing)
    assert np.abs(np.diff(lines, 2)).max() * 2.5**2 > 2.4 * np.abs(np.diff(swing, 2)).max()
    assert np.array_equal(resample(swing, 126, range(40, 90)), drawn_out[40:90])


@given(known=st.lists(st.booleans(), min_size=3, max_size=40).filter(any))
@settings(max_examples=60, deadline=None)
def test_gaps_are_bridged_by_straight_lines(known: list[bool]) -> None:
    """Known frames stay, unknown ones between lie on the line, those outside hold the nearest; no rubbish gets through."""
    mask = np.array(known)
    line = np.stack([np.arange(len(mask)) * 2.0, np.full(len(mask), 7.0)], axis=1).astype(np.float32)
    broken = np.where(mask[:, None], line, np.float32(1e6))
    out = fill_gaps(broken, mask)
    first, last = int(np.argmax(mask)), len(mask) - 1 - int(np.argmax(mask[::-1]))
    held = np.clip(np.arange(len(mask)), first, last) * 2.0
    assert np.abs(out[:, 0] - held).max() < 1e-3
    assert np.abs(out[:, 1] - 7.0).max() < 1e-5
