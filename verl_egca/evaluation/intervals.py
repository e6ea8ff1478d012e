"""95 % intervals of pass@k over problems: for other problems of the same kind, not for other samples.

Where each problem's estimate is 0 or 1, as with one sample for each, it is a proportion of problems: Wilson's score
interval (Wilson 1927, "Probable inference, the law of succession, and statistical inference", JASA 22), also valid for
few problems, and if none or all pass. Else the percentile bootstrap over problems (Efron and Tibshirani 1993, "An
Introduction to the Bootstrap", chapter 13): 10,000 resamples by a fixed seed. Both are SciPy's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

LEVEL = 0.95
RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float
    method: Literal["Wilson", "bootstrap"]


def interval(estimates: Sequence[float]) -> Interval | None:
    """The interval of the mean of the estimates; None for a single estimate between 0 and 1."""
    from scipy import stats

    if set(estimates) <= {0.0, 1.0}:
        found = stats.binomtest(round(sum(estimates)), len(estimates)).proportion_ci(LEVEL, method="wilson")
        return Interval(float(found.low), float(found.high), "Wilson")
    if len(estimates) < 2:
        return None
    import numpy as np

    found = stats.bootstrap(
        (np.asarray(estimates),),
        np.mean,
        n_resamples=RESAMPLES,
        batch=500,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Interval(float(found.low), float(found.high), "bootstrap")
