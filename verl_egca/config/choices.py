"""Named choices, the same in YAML, on the command line and in the code."""

from __future__ import annotations

from typing import Literal

SpanWeight = Literal["grpo", "full"]  # a blamed token's advantage: GRPO's, or its share of the response's
Twins = Literal["off", "failed_groups"]  # proven repairs that are trained on
GenerationEngine = Literal["hf", "vllm", "sglang"]
PromptFormat = Literal["auto", "own", "deepseek-coder"]
Split = Literal["test", "validation", "train", "all"]
