"""What may be chosen, by name: the same words in YAML, on the command line and in the code."""

from __future__ import annotations

from typing import Literal

Granularity = Literal["expression", "statement", "token"]
Several = Literal["likeliest", "first", "all"]
FailingCase = Literal["shortest", "first"]
Unconfirmed = Literal["span", "uniform"]
RuntimeErrors = Literal["cause", "reported"]
SpanWeight = Literal["grpo", "full"]  # what a blamed token gets: what GRPO gives it, or a share of the whole advantage
Twins = Literal["off", "failed_groups"]  # proven repairs that are trained on
Comparability = Literal["paper", "unproven", "off"]
GenerationEngine = Literal["hf", "vllm", "sglang"]
PromptFormat = Literal["auto", "own", "deepseek-coder"]
Split = Literal["test", "validation", "train", "all"]

BUDGET_MS = 500.0  # of one search for a proof, a trial being reckoned at one
COMPARABILITY: Comparability = "unproven"
SHARE = 0.5  # of a failing program that a repair may rewrite, to be comparable with the reference
