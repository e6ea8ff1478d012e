"""The nearness of a wrong value to the right one: edits that bring it nearer point to the mistake without a full mend.

Values are compared by their shown text. The text comes from the program under test, so it is read only as literals.
"""

from __future__ import annotations

import difflib
import functools
from typing import Any

from verl_egca.statements import literal

NO_VALUE, LEAST, MOST = 0.0, 0.1, 0.9  # of a run without a value, and the bounds for wrong values
_LONGEST = 400  # characters; the rest is not read


@functools.lru_cache(1024)  # many edits give the same value
def nearness(got: str | None, expected: str | None) -> float:
    """From NO_VALUE to MOST; 1 is reserved for a passing case."""
    if got is None:
        return NO_VALUE
    if expected is None:
        return LEAST
    return LEAST + (MOST - LEAST) * _alike(_read(got), _read(expected))


def _read(text: str) -> Any:
    try:
        return literal(text[:_LONGEST])
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return text


def _alike(one: Any, two: Any) -> float:
    if isinstance(one, bool) or isinstance(two, bool) or one is None or two is None:
        return 0.5 * (type(one) is type(two))
    if isinstance(one, int | float) and isinstance(two, int | float):
        return _alike_numbers(one, two)
    if isinstance(one, str) and isinstance(two, str):
        return float(difflib.SequenceMatcher(None, one, two, autojunk=False).ratio())
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        return _alike_sequences(one, two)
    if isinstance(one, dict) and isinstance(two, dict):
        shared = sum(0.5 + 0.5 * bool(one[key] == two[key]) for key in one.keys() & two.keys())
        return 2.0 * shared / max(1, len(one) + len(two))
    if isinstance(one, set | frozenset) and isinstance(two, set | frozenset):
        return 2 * len(one & two) / max(1, len(one) + len(two))
    return 0.0


def _alike_numbers(one: float, two: float) -> float:
    try:
        return max(0.0, 1.0 - abs(one - two) / (abs(one) + abs(two) + 1e-9))
    except (OverflowError, ValueError):
        return 0.0


def _alike_sequences(one: Any, two: Any) -> float:
    """Equal elements in order count most; then similar elements in the same places."""
    first, second = [repr(item) for item in one], [repr(item) for item in two]
    if not first and not second:
        return 0.5
    equal = difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()
    near = sum(_alike(a, b) for a, b in zip(one, two, strict=False)) / max(len(first), len(second))
    return float(0.7 * equal + 0.3 * near)
