"""The mechanism itself: how much of a batch's gradient is signal, and whether it points where the policy gradient does.

The same K batches of the same prompts are sampled from one policy; each method gives its credit to the same responses, so
that nothing but the credit differs. With g_1 .. g_K the gradients of the policy loss, and m their mean:

    noise  = mean |g_k - m|^2 * K / (K - 1)            the variance of one batch's gradient
    signal = |m|^2 - noise / K                         the squared norm of the expected gradient, without bias
    ratio  = signal / noise

``alignment`` is the cosine between the expected gradient and that of uniform credit, which is the policy gradient itself. The
inner product of two expected gradients is estimated from pairs of different batches, so that what the methods have in
common of one batch's noise is not taken for agreement.
"""

from __future__ import annotations

import math
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
    rows: list[Signal] = []
    uniform, uniform_signal = None, 0.0
    for trainer in trainers:
        gradients = torch.stack([_gradient(trainer, batch, asked) for batch, asked in drawn]).double()
        noise = float((gradients - gradients.mean(0)).square().sum() / (batches - 1))
        signal = _inner(gradients, gradients)
        if uniform is None:
            uniform, uniform_signal = gradients, signal
        together = math.sqrt(max(0.0, signal) * max(0.0, uniform_signal))
        rows.append(
            Signal(
                method=trainer.method.name,
                batches=batches,
                signal=signal,
                noise=noise,
                alignment=_inner(gradients, uniform) / together if together else math.nan,
            )
        )
    return rows


def _inner(one_KN: Tensor, other_KN: Tensor) -> float:
    """Of two expected gradients, without bias; of one with itself, its squared norm."""
    count = len(one_KN)
    same = (one_KN * other_KN).sum()
    return float((one_KN.sum(0) @ other_KN.sum(0) - same) / (count * (count - 1)))


def _gradient(trainer: Trainer, batch: Sequence[Sampled], asked: Sequence[Problem]) -> Tensor:
    records = trainer.score(asked, batch)
    return trainer.actor.gradient(batch, trainer.advantages(asked, batch, records))
