"""The training loop of the eyelid network: seeded, resumable, on as many cores as it is given."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import losses
from .augment import augmented
from .network import Critic, Eyelids
from .pairs import Pairs

_REPORT, _KEEP = 100, 250  # steps between two lines of report, between two checkpoints
_SLOW = 0.999  # of the averaged weights, which are those that ship, a step leaves this much


@dataclass(frozen=True)
class Recipe:
    """How long and how hard. ``critic_from``: the part of the steps after which the critic has a say. A twentieth as many
    follow in which it has more (``sharpening`` instead of ``adversarial``): lashes get back what averaging weights blurred.
    """

    steps: int = 4_500
    batch: int = 24
    rate: float = 1e-3
    decay: float = 0.02
    critic_rate: float = 3e-4
    critic_from: float = 0.7
    adversarial: float = 0.04
    sharpening: float = 0.1
    sharpening_rate: float = 1e-4
    feature: float = 0.25
    seed: int = 0

    @property
    def in_all(self) -> int:
        return self.steps + self.steps // 20


class Trainer:
    """One run, from random weights. Everything that decides how it goes on is in its checkpoint: weights, optimisers, step,
    random numbers. ``averaged``: the network with the moving average of the weights.
    """

    def __init__(self, pairs: Pairs, recipe: Recipe) -> None:
        torch.manual_seed(recipe.seed)
        self._pairs, self._recipe, self.step = pairs, recipe, 0
        self._network = Eyelids().to(memory_format=torch.channels_last)
        self._critic = Critic().to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self._network).requires_grad_(False)
        self._mend = torch.optim.AdamW(self._network.parameters(), recipe.rate, betas=(0.9, 0.98), weight_decay=recipe.decay)
        self._judge = torch.optim.Adam(self._critic.parameters(), recipe.critic_rate, betas=(0.5, 0.98))
        self._random = np.random.default_rng(recipe.seed)
        # Every eye as often as every other, closing ones as often as all the rest.
        self._odds = _balanced(pairs)

    def run(self, checkpoint: Path) -> None:
        """Trains to the last step, from ``checkpoint`` on if there is one."""
        if checkpoint.exists():
            self.restore(torch.load(checkpoint, weights_only=False))
        begun, first, seen = time.monotonic(), self.step, []
        while self.step < self._recipe.in_all:
            seen.append(self._advance())
            if self.step % _REPORT == 0:
                rate = (self.step - first) * self._recipe.batch / (time.monotonic() - begun)
                print(f"step {self.step}: loss {np.mean(seen):.4f}, {rate:.0f} eyes/s", flush=True)
                seen.clear()
            if self.step % _KEEP == 0 or self.step == self._recipe.in_all:
                fresh = checkpoint.with_suffix(".new")
                torch.save(self.state(), fresh)
                fresh.replace(checkpoint)  # whole or not at all

    def state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "network": self._network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "critic": self._critic.state_dict(),
            "mend": self._mend.state_dict(),
            "judge": self._judge.state_dict(),
            "torch": torch.get_rng_state(),
            "numpy": self._random.bit_generator.state,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        for part, name in ((self._network, "network"), (self.averaged, "averaged"), (self._critic, "critic")):
            part.load_state_dict(state[name])
        self._mend.load_state_dict(state["mend"])
        self._judge.load_state_dict(state["judge"])
        torch.set_rng_state(state["torch"])
        self._random.bit_generator.state = state["numpy"]

    def _advance(self) -> float:
        """One step; the reconstruction's loss."""
        recipe, done = self._recipe, self.step / self._recipe.steps
        rate = recipe.rate * min(1.0, (self.step + 1) / 60) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * done)))
        if done >= 1:
            rate = recipe.sharpening_rate
        for group in self._mend.param_groups:
            group["lr"] = rate
        eye, truth, cover = augmented(*self._batch())
        weight = losses.weights(cover)
        with torch.autocast("cpu", torch.bfloat16):
            made = self._network(eye.contiguous(memory_format=torch.channels_last))
        made = made.float().contiguous()
        repair = loss = losses.reconstruction(made, truth, weight)
        judging = done >= recipe.critic_from
        if judging:
            share = min(1.0, (done - recipe.critic_from) / 0.08)
            loss = loss + share * self._persuasion(made, truth, eye[:, 6:9], weight)
        self._mend.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._mend.step()
        if judging:
            self._teach_critic(made.detach(), truth, eye[:, 6:9], weight)
        self._average()
        self.step += 1
        return float(repair.detach())

    def _batch(self) -> tuple[Tensor, Tensor, Tensor]:
        chosen = self._random.choice(len(self._pairs), self._recipe.batch, p=self._odds)
        arrays = self._pairs.inputs[chosen], self._pairs.truth[chosen], self._pairs.cover[chosen][:, None]
        eye, truth, cover = (torch.from_numpy(array).float() / 255 for array in arrays)
        eye[:, 9] = torch.from_numpy(self._pairs.closure[chosen]).clamp(0, 1)[:, None, None]
        return eye, truth, cover

    def _persuasion(self, made: Tensor, truth: Tensor, masks: Tensor, weight: Tensor) -> Tensor:
        self._critic.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16):
            verdict, mine = self._critic(torch.cat([2 * made - 1, masks], 1))
            with torch.no_grad():
                _, theirs = self._critic(torch.cat([2 * truth - 1, masks], 1))
        self._critic.requires_grad_(True)
        persuaded = -losses.weighted(verdict.float(), weight)
        heavy = self._recipe.adversarial if self.step < self._recipe.steps else self._recipe.sharpening
        return heavy * persuaded + self._recipe.feature * losses.alike(mine, theirs)

    def _teach_critic(self, made: Tensor, truth: Tensor, masks: Tensor, weight: Tensor) -> None:
        pictures = torch.cat([2 * torch.cat([made, truth]) - 1, torch.cat([masks, masks])], 1)
        with torch.autocast("cpu", torch.bfloat16):
            verdict, _ = self._critic(pictures)
        false, true = verdict.float().chunk(2)
        loss = losses.weighted(F.relu(1 + false), weight) + losses.weighted(F.relu(1 - true), weight)
        self._judge.zero_grad()
        loss.backward()
        self._judge.step()

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(_SLOW, (1 + self.step) / (10 + self.step))
        for slow, fast in zip(self.averaged.parameters(), self._network.parameters(), strict=True):
            slow.lerp_(fast, 1 - keep)


def _balanced(pairs: Pairs) -> np.ndarray[Any, np.dtype[np.float64]]:
    """How likely each pair is drawn: people with more pairs count more, but not in proportion."""
    counts = np.bincount(pairs.clip)
    odds = 1 / np.sqrt(counts[pairs.clip])
    closing = pairs.closure >= 0.5
    odds[closing] *= 1.6 * odds[~closing].sum() / odds[closing].sum()
    return np.asarray(odds / odds.sum(), np.float64)
