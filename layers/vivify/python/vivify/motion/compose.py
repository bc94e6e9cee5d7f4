"""Makes one smooth motion out of several templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from vivify.motion.template import Motion, Template

_FASTEST, _SLOWEST = 1.5, 1.35  # a template is sped up or slowed down at most this much to fill its share
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
        part = template.motion.at_length(length).scaled(strength)
        _add(total, part if length <= room else part.cut(room).settled(both_ends=True), start)
    return total.settled(both_ends=loop)


def _repeat(total: Motion, part: Motion) -> None:
    for start in range(0, len(total), len(part)):
        _add(total, part, start)


def _add(total: Motion, part: Motion, start: int) -> None:
    """Adds ``part`` from frame ``start`` on; what reaches beyond the end is left out."""
    length = min(len(part), len(total) - start)
    for field in fields(Motion):
        getattr(total, field.name)[start : start + length] += getattr(part, field.name)[:length]
