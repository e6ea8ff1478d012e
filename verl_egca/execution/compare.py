"""What counts as equal, for the kinds of tests that do not say it themselves.

Call-based pairs follow APPS and its heirs (verl's ``prime_code``): a tuple equals the list that JSON had to write for it,
and an expected list may wrap the one returned value. Numbers compare as Python compares them.

Standard output follows the same field's checkers: white space at the ends of lines and blank lines at the end do not
count; lines that still differ are equal if they have the same tokens, where tokens that both read as floating-point
numbers (one of them with a point or an exponent) may differ by 1e-6, relative or absolute.
"""

from __future__ import annotations

import math
from typing import Any

TOLERANCE = 1e-6


def call_result_matches(got: Any, expected: Any) -> bool:
    got, expected = _lists(got), _lists(expected)
    if got == expected:
        return True
    return isinstance(expected, list) and len(expected) == 1 and not isinstance(got, list) and bool(got == expected[0])


def _lists(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_lists(item) for item in value]
    if isinstance(value, dict):
        return {_key(key): _lists(item) for key, item in value.items()}
    return value


def _key(key: Any) -> Any:
    """JSON's object keys are strings, whatever the program's are."""
    return str(key) if isinstance(key, int) and not isinstance(key, bool) else key


def output_matches(got: str, expected: str) -> bool:
    got_lines, expected_lines = _lines(got), _lines(expected)
    return len(got_lines) == len(expected_lines) and all(map(_line_matches, got_lines, expected_lines))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.rstrip().splitlines()]


def _line_matches(got: str, expected: str) -> bool:
    if got == expected:
        return True
    got_tokens, expected_tokens = got.split(), expected.split()
    return len(got_tokens) == len(expected_tokens) and all(map(_token_matches, got_tokens, expected_tokens))


def _token_matches(got: str, expected: str) -> bool:
    if got == expected:
        return True
    if not any(mark in token for token in (got, expected) for mark in ".eE"):
        return False
    try:
        return math.isclose(float(got), float(expected), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except ValueError:
        return False
