"""The unbiased estimate of pass@k (Chen et al. 2021, "Evaluating Large Language Models Trained on Code", equation 1)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def pass_at_k(samples: int, passed: int, k: int) -> float:
    """1 - C(n-c, k) / C(n, k): the chance that one of k samples drawn from n, of which c pass, passes.

    Raises:
        ValueError: k is not between 1 and n, or c not between 0 and n.
    """
    if not 1 <= k <= samples:
        raise ValueError(f"k is {k}; with {samples} samples it must be between 1 and {samples}")
    if not 0 <= passed <= samples:
        raise ValueError(f"{passed} passed of {samples} samples")
    return 1.0 - math.comb(samples - passed, k) / math.comb(samples, k)


def pass_at_k_of_tasks(outcomes: Mapping[str, Sequence[bool]], k: int) -> list[float] | None:
    """Each task's pass@k; None if a task has fewer than k samples, or there are no tasks."""
    if not outcomes or any(len(one) < k for one in outcomes.values()):
        return None
    return [pass_at_k(len(one), sum(one), k) for one in outcomes.values()]
