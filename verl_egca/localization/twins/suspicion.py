"""The suspicion of each statement, by the statements that ran in failing and passing cases: Ochiai's coefficient.

Abreu, Zoeteweij, van Gemund: "An evaluation of similarity coefficients for software fault localization", PRDC 2006.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from verl_egca.source import SourceRange


def ochiai(
    failing: Sequence[Iterable[SourceRange]], passing: Sequence[Iterable[SourceRange]]
) -> dict[SourceRange, float]:
    """For each statement that ran in a failing case, a number from 0 to 1."""
    failed = Counter(place for run in failing for place in set(run))
    passed = Counter(place for run in passing for place in set(run))
    return {
        place: count / math.sqrt(len(failing) * (count + passed[place]))
        for place, count in failed.items()
        if len(failing)
    }
