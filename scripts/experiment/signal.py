"""The signal in a batch's gradient, and its alignment with the policy gradient.

K batches are sampled from one policy, with different prompts; all rules assign credit to the same responses. With g_1
.. g_K the gradients of the policy loss, and m their mean:

    noise  = mean |g_k - m|^2 * K / (K - 1)            the variance of one batch's gradient
    signal = |m|^2 - noise / K                         the squared norm of the expected gradient, without bias
    ratio  = signal / noise

``alignment`` is the cosine between the expected gradient and that of uniform credit, which is the policy gradient. The
inner product of two expected gradients is estimated from pairs of different batches, to exclude the noise that rules
share in a batch. ``times`` is the ratio over that of uniform credit on the same batches. Standard errors are the
jackknife's (Tukey, 1958), which leaves out one batch at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Signal:
    """One rule's figures over resampled batches; signal and noise are squared norms. ``_error``: standard error."""

    batches: int
    signal: float
    noise: float
    alignment: float
    ratio: float
    ratio_error: float
    times: float
    times_error: float


def signal_of(gradients_KN: Tensor, uniform_KN: Tensor) -> Signal:
    """The signal of gradients over K batches, given those of uniform credit over the same batches."""
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
    """The mean inner product between gradients of different batches."""
    count = len(products_KK)
    return float((products_KK.sum() - products_KK.trace()) / (count * (count - 1)))


def _noise(products_KK: Tensor) -> float:
    count = len(products_KK)
    return float((products_KK.trace() - products_KK.sum() / count) / (count - 1))


def _ratio(products_KK: Tensor) -> float:
    """Signal over noise; nan if all gradients are zero."""
    noise = _noise(products_KK)
    return _signal(products_KK) / noise if noise else math.nan


def _jackknife(of: Callable[[Tensor], float], count: int) -> float:
    """The standard error of ``of``, a function of batch numbers; nan for fewer than three batches."""
    if count < 3:
        return math.nan
    everyone = torch.arange(count)
    without = torch.tensor([of(everyone[everyone != one]) for one in everyone])
    return math.sqrt((count - 1) * float(without.var(correction=0)))
