"""Means over seeds with their uncertainty, and tests of paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import permutation_test

_RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over ``count`` seeds and the bounds of its 95 % percentile bootstrap interval (Efron, 1979)."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference and the two-sided p of a sign-flip test (Fisher, 1935), exact for up to 13 pairs.

    The least p of n pairs is 2 / 2^n: 0.0625 with five.
    """

    estimate: Estimate
    p: float


def estimate(values: Sequence[float]) -> Estimate:
    """Raises ValueError without a value."""
    if not values:
        raise ValueError("an estimate of no values")
    data = np.asarray(values, dtype=float)
    drawn = np.random.default_rng(0).choice(data, (_RESAMPLES, len(data)))
    low, high = np.percentile(drawn.mean(axis=1), [2.5, 97.5])
    return Estimate(float(data.mean()), float(low), float(high), len(data))


def difference(one: Sequence[float], other: Sequence[float]) -> Difference:
    """The difference ``one`` minus ``other``, seed by seed.

    Raises:
        ValueError: the numbers of seeds differ.
    """
    if len(one) != len(other):
        raise ValueError(f"{len(one)} values beside {len(other)}: pairs are wanted")
    gaps = np.asarray(one, dtype=float) - np.asarray(other, dtype=float)
    if len(gaps) == 1 or not gaps.any():
        return Difference(estimate(gaps.tolist()), 1.0)
    flipped = permutation_test((gaps,), np.mean, permutation_type="samples", n_resamples=_RESAMPLES, rng=0)
    return Difference(estimate(gaps.tolist()), float(flipped.pvalue))
