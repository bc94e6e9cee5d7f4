"""Makes one smooth motion out of several templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from vivify.motion.template import Motion, Template

_FASTEST, _SLOWEST = 1.5, 1.35  # a template is sped up or slowed down at most this much to fill its share
_EASE = 6.0  # frames
_LEAD_IN = 0.2  # seconds of rest before the first motion: the clip begins as the photo


def compose(
    templates: Sequence[Template], idle: Template | None, seconds: float, fps: float, strength: float, *, loop: bool = False
) -> Motion:
    """``round(seconds * fps)`` frames: the templates one after another over the idle motion of a living person.

    Each template gets an equal share of the time and is sped up or slowed down, within bounds, to fill it; what is still
    too long is cut short. ``strength`` scales every motion but the idle one. The first frame is at rest; with ``loop`` so is
    the one after the last.
    """
    count = max(2, round(seconds * fps))
    total = Motion.still(count)
    if idle is not None:
        _repeat(total, idle.motion.at_length(max(2, round(idle.seconds * fps))))
    lead = min(round(_LEAD_IN * fps), count // 8)
    share = (count - lead) / max(1, len(templates))
    for number, template in enumerate(templates):
        room = max(2, round(share))
        wanted = max(2, round(template.seconds * fps))
        length = int(np.clip(room, round(wanted / _FASTEST), round(wanted * _SLOWEST)))
        start = lead + round(number * share) + max(0, (room - length) // 2)
        _add(total, template.motion.at_length(length).scaled(strength), start)
    return _settled(total, both_ends=loop)


def _repeat(total: Motion, part: Motion) -> None:
    for start in range(0, len(total), len(part)):
        _add(total, part, start)


def _add(total: Motion, part: Motion, start: int) -> None:
    """Adds ``part`` from frame ``start`` on; what reaches beyond the end is left out."""
    length = min(len(part), len(total) - start)
    for field in fields(Motion):
        getattr(total, field.name)[start : start + length] += getattr(part, field.name)[:length]


def _settled(motion: Motion, *, both_ends: bool = False) -> Motion:
    """Frame 0 is the photo: whatever the first frames hold is eased in; with ``both_ends`` the last ones are eased out."""
    frames = np.arange(len(motion), dtype=np.float32)
    part = frames / _EASE
    if both_ends:
        part = np.minimum(part, (len(motion) - frames) / _EASE)
    ease = np.clip(part, 0, 1)
    ease = ease * ease * (3 - 2 * ease)
    parts = []
    for field in fields(Motion):
        curve = getattr(motion, field.name)
        parts.append((curve * ease.reshape(-1, *([1] * (curve.ndim - 1)))).astype(np.float32))
    return Motion(*parts)
