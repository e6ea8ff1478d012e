"""verl's own scorer as a custom reward function, required where verl serves the debugger (`training.debugging`)."""

from __future__ import annotations

from typing import Any

from verl.utils.reward_score import default_compute_score


def compute_score(**arguments: Any) -> Any:
    return default_compute_score(**arguments)
