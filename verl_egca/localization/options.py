"""The options of localizers, from ``egca:`` in YAML and from the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Granularity = Literal["expression", "statement", "token"]
Several = Literal["likeliest", "first", "all"]
FailingCase = Literal["shortest", "first"]
Unconfirmed = Literal["span", "uniform"]
RuntimeErrors = Literal["cause", "reported"]

BUDGET_MS = 500.0  # of one search for a proof; a trial counts as one


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of the same names under ``egca:``."""

    budget_ms: float = BUDGET_MS
    granularity: Granularity = "expression"
    several: Several = "likeliest"
    failing_case: FailingCase = "shortest"
    unconfirmed: Unconfirmed = "span"
    runtime_errors: RuntimeErrors = "cause"
