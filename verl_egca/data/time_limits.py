"""The time that a row gives a program for a case. It is shown beside the sandbox's limit, and does not change it."""

from __future__ import annotations

import math
import re
from typing import Any

from verl_egca.data.rows import Row

_TEXT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|secs?|seconds?)?\s*", re.IGNORECASE)


def time_limit_of_row(row: Row) -> float | None:
    """Seconds, as in CodeContests (``seconds`` and ``nanos``), TACO ("2.0 seconds") and others; else None."""
    extra = row.get("extra_info")
    for mapping in (row, extra if isinstance(extra, dict) else {}):
        if (found := _seconds(mapping.get("time_limit"))) is not None:
            return found
    return None


def _seconds(value: Any) -> float | None:
    if isinstance(value, dict):
        seconds, nanos = value.get("seconds"), value.get("nanos")
        parts = [part for part in (_seconds(seconds), (_seconds(nanos) or 0.0) / 1e9) if part]
        return sum(parts) if parts else None
    if isinstance(value, str) and (match := _TEXT.fullmatch(value)):
        return float(match[1]) / (1000 if (match[2] or "").lower().startswith("m") else 1)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or not 0 < value < 1e12
    ):
        return None
    return float(value)
