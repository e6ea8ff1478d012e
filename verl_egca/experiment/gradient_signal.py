"""The mechanism itself: how much of a batch's gradient is signal, and whether it points where the policy gradient does.

The same K batches of the same prompts are sampled from one policy; each method gives its credit to the same responses, so
that nothing but the credit differs. With g_1 .. g_K the gradients of the policy loss, and m their mean:

    noise  = mean |g_k - m|^2 * K / (K - 1)            the variance of one batch's gradient
    signal = |m|^2 - noise / K                         the squared norm of the expected gradient, without bias
    ratio  = signal / noise

``alignment`` is the cosine of m with the mean gradient of uniform credit, which estimates the policy gradient itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from verl_egca.experiment.actor import Sampled
from verl_egca.experiment.plain import Trainer
from verl_egca.problem import Problem


@dataclass(frozen=True, slots=True)
class Signal:
    """Of one method's gradients over resampled batches; squared norms."""

    method: str
    batches: int
    signal: float
    noise: float
    alignment: float

    @property
    def ratio(self) -> float:
        return self.signal / self.noise


def signals(trainers: Sequence[Trainer], problems: Sequence[Problem], batches: int) -> list[Signal]:
    """``trainers`` of the same policy, the first of which gives uniform credit; a row each."""
    first = trainers[0]
    drawn = [first.rollout(problems, stream=1_000 + number) for number in range(batches)]
    means: list[Tensor] = []
    rows: list[Signal] = []
    for trainer in trainers:
        gradients = torch.stack([_gradient(trainer, batch, asked) for batch, asked in drawn]).double()
        mean = gradients.mean(0)
        noise = float((gradients - mean).square().sum() / (batches - 1))
        means.append(mean)
        rows.append(
            Signal(
                method=trainer.method.name,
                batches=batches,
                signal=float(mean.square().sum()) - noise / batches,
                noise=noise,
                alignment=float(torch.cosine_similarity(mean, means[0], dim=0)),
            )
        )
    return rows


def _gradient(trainer: Trainer, batch: Sequence[Sampled], asked: Sequence[Problem]) -> Tensor:
    records = trainer.score(asked, batch)
    return trainer.actor.gradient(batch, trainer.advantages(asked, batch, records))
