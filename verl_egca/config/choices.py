"""What may be chosen, by name: the same words in YAML, on the command line and in the code."""

from __future__ import annotations

from typing import Literal

SpanWeight = Literal["grpo", "full"]  # what a blamed token gets: what GRPO gives it, or a share of the whole advantage
Twins = Literal["off", "failed_groups"]  # proven repairs that are trained on
GenerationEngine = Literal["hf", "vllm", "sglang"]
PromptFormat = Literal["auto", "own", "deepseek-coder"]
Split = Literal["test", "validation", "train", "all"]
