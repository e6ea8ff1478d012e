"""The mechanism itself: how much of a batch's gradient is signal, and whether it points where the policy gradient does.

K batches are sampled from one policy, each of prompts of its own; each rule gives its credit to the same responses, so that
nothing but the credit differs. With g_1 .. g_K the gradients of the policy loss, and m their mean:

    noise  = mean |g_k - m|^2 * K / (K - 1)            the variance of one batch's gradient
    signal = |m|^2 - noise / K                         the squared norm of the expected gradient, without bias
    ratio  = signal / noise

``alignment`` is the cosine between the expected gradient and that of uniform credit, which is the policy gradient itself. The
inner product of two expected gradients is estimated from pairs of different batches, so that what the rules have in
common of one batch's noise is not taken for agreement. ``times`` is the ratio over that of uniform credit on the same batches.
Standard errors are the jackknife's (Tukey, 1958), which leaves out a batch at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Signal:
    """Of one rule's gradients over resampled batches; signal and noise are squared norms. ``_error`` is a standard error."""

    batches: int
    signal: float
    noise: float
    alignment: float
    ratio: float
    ratio_error: float
    times: float
    times_error: float


def signal_of(gradients_KN: Tensor, uniform_KN: Tensor) -> Signal:
    """Of gradients over K batches, beside those of uniform credit over the same ones."""
    count = len(gradients_KN)
    own_KK, uniform_KK = gradients_KN @ gradients_KN.T, uniform_KN @ uniform_KN.T
    across = _signal(gradients_KN @ uniform_KN.T)
    together = math.sqrt(max(0.0, _signal(own_KK)) * max(0.0, _signal(uniform_KK)))

    def times(kept: Tensor) -> float:
        uniform = _ratio(uniform_KK[kept][:, kept])
        return _ratio(own_KK[kept][:, kept]) / uniform if uniform else math.nan

    return Signal(
        batches=count,
        signal=_signal(own_KK),
        noise=_noise(own_KK),
        alignment=across / together if together else math.nan,
        ratio=_ratio(own_KK),
        ratio_error=_jackknife(lambda kept: _ratio(own_KK[kept][:, kept]), count),
        times=times(torch.arange(count)),
        times_error=_jackknife(times, count),
    )


def _signal(products_KK: Tensor) -> float:
    """Of the gradients' inner products, the mean of those between different batches."""
    count = len(products_KK)
    return float((products_KK.sum() - products_KK.trace()) / (count * (count - 1)))


def _noise(products_KK: Tensor) -> float:
    count = len(products_KK)
    return float((products_KK.trace() - products_KK.sum() / count) / (count - 1))


def _ratio(products_KK: Tensor) -> float:
    """nan where no batch teaches anything."""
    noise = _noise(products_KK)
    return _signal(products_KK) / noise if noise else math.nan


def _jackknife(of: Callable[[Tensor], float], count: int) -> float:
    """The standard error of ``of``, which takes the batches' numbers; nan with fewer than three."""
    if count < 3:
        return math.nan
    everyone = torch.arange(count)
    without = torch.tensor([of(everyone[everyone != one]) for one in everyone])
    return math.sqrt((count - 1) * float(without.var(correction=0)))
