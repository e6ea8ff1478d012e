"""What may be chosen, by name: the same words in YAML, on the command line and in the code."""

from __future__ import annotations

from typing import Literal

LocalizerName = Literal["egca", "counterfactual", "suspicious", "trace", "executed", "random", "late", "uniform"]
Granularity = Literal["expression", "statement", "token"]
FailingCase = Literal["shortest", "first"]
Unconfirmed = Literal["span", "uniform"]
RuntimeErrors = Literal["cause", "reported"]

BUDGET_MS = 500.0  # of one search for a proof, a trial being reckoned at one
