"""The unbiased estimator of pass@k (Chen et al. 2021, "Evaluating Large Language Models Trained on Code", equation 1)."""

from __future__ import annotations

from collections.abc import Iterable
from math import comb


def pass_at_k(samples: int, passed: int, k: int) -> float:
    """The chance that at least one of ``k`` samples, drawn from these without return, passes: 1 - C(n-c, k) / C(n, k).

    Raises:
        ValueError: k is below 1 or above the number of samples, or more samples pass than there are.
    """
    if not 0 <= passed <= samples:
        raise ValueError(f"{passed} of {samples} samples can't have passed")
    if not 1 <= k <= samples:
        raise ValueError(f"k is {k}; with {samples} samples of a task it must be from 1 to {samples}")
    return 1 - comb(samples - passed, k) / comb(samples, k)


def mean_pass_at_k(counts: Iterable[tuple[int, int]], k: int) -> float | None:
    """The mean over tasks of (samples, passed); None if there is no task, or one with fewer than ``k`` samples."""
    counts = list(counts)
    if not counts or any(samples < k for samples, _ in counts):
        return None
    return sum(pass_at_k(samples, passed, k) for samples, passed in counts) / len(counts)
