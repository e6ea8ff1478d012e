"""The kernel's limits of a process, lowered for good."""

from __future__ import annotations

import resource


def lower(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)  # whoever started the trainer may have set less
    resource.setrlimit(which, (value, value))
