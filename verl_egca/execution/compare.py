"""What counts as equal, for the kinds of tests that do not say it themselves.

Results of calls, at any depth:

- numbers are compared by value and exactly, whatever their size and type (``True == 1``, ``Fraction(1, 2) == 0.5``), but
  where one side is a float they may differ by 1e-6, relative or absolute, unless the other is an integer past 2**53, from
  where on floats leave integers out; NaN equals NaN;
- a tuple equals the list that JSON had to write for it; sets, ranges and other containers equal only their like;
- keys of dicts are compared as JSON writes them: ``{1: 2}`` equals ``{"1": 2}``;
- an expected list of one value equals that value, too (APPS and its heirs wrap an output; so verl's ``prime_code``).

Standard output follows the same field's checkers: white space at the ends of lines and blank lines do not count; lines that still differ are equal if they have the same tokens, where tokens that both read as floating-point
numbers (one of them with a point or an exponent) may differ by 1e-6, relative or absolute, unless one is an integer past
2**53.
"""

from __future__ import annotations

import cmath
import math
from decimal import Decimal
from numbers import Number
from typing import Any

TOLERANCE = 1e-6
_ALL_INTEGERS = 2**53  # up to which a float is an integer's exact value


def call_result_matches(got: Any, expected: Any) -> bool:
    """``got`` and ``expected`` are plain data, nested to any depth that JSON can have."""
    if _same(got, expected):
        return True
    return isinstance(expected, list | tuple) and len(expected) == 1 and _same(got, expected[0])


def _same(got: Any, expected: Any) -> bool:
    """Pair by pair and without recursion: values may be nested more deeply than Python may recurse."""
    todo = [(got, expected)]
    while todo:
        ours, theirs = todo.pop()
        if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
            if len(ours) != len(theirs):
                return False
            todo.extend(zip(ours, theirs, strict=True))
        elif isinstance(ours, dict) and isinstance(theirs, dict):
            pairs = _pairs(ours, theirs)
            if pairs is None:
                return False
            todo.extend(pairs)
        elif isinstance(ours, Number) and isinstance(theirs, Number):
            if not _same_number(ours, theirs):
                return False
        elif not bool(ours == theirs):
            return False
    return True


def _pairs(ours: dict[Any, Any], theirs: dict[Any, Any]) -> list[tuple[Any, Any]] | None:
    """The values of equal keys; None if the keys are not the same."""
    if ours.keys() != theirs.keys():
        ours, theirs = _with_json_keys(ours), _with_json_keys(theirs)
        if ours.keys() != theirs.keys():
            return None
    return [(value, theirs[key]) for key, value in ours.items()]


def _with_json_keys(value: dict[Any, Any]) -> dict[Any, Any]:
    """The dict with its keys as JSON has them; as it is if two of them would be one."""
    keyed = {_json_key(key): item for key, item in value.items()}
    return keyed if len(keyed) == len(value) else value


def _json_key(key: Any) -> Any:
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int):
        return str(key) if key.bit_length() < 10_000 else key
    return repr(key) if isinstance(key, float) else key


def _same_number(ours: Any, theirs: Any) -> bool:
    try:
        if bool(ours == theirs):
            return True
        if isinstance(ours, complex) or isinstance(theirs, complex):
            return cmath.isclose(complex(ours), complex(theirs), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        if not (isinstance(ours, float) or isinstance(theirs, float)):
            return _is_nan(ours) and _is_nan(theirs)
        if any(isinstance(number, int) and abs(number) > _ALL_INTEGERS for number in (ours, theirs)):
            return False
        ours, theirs = float(ours), float(theirs)
        return math.isclose(ours, theirs, rel_tol=TOLERANCE, abs_tol=TOLERANCE) or (ours != ours and theirs != theirs)
    except (ArithmeticError, ValueError, TypeError):  # larger than a float, signalling NaN
        return False


def _is_nan(value: Any) -> bool:
    return isinstance(value, Decimal) and value.is_nan()


def output_matches(got: str, expected: str) -> bool:
    got_lines, expected_lines = _lines(got), _lines(expected)
    return len(got_lines) == len(expected_lines) and all(map(_line_matches, got_lines, expected_lines))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line and not line.isspace()]


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
        if any(_is_large_integer(token) for token in (got, expected)):
            return Decimal(got) == Decimal(expected)
        return math.isclose(float(got), float(expected), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except (ValueError, ArithmeticError):
        return False


def _is_large_integer(token: str) -> bool:
    return token.lstrip("+-").isdecimal() and abs(float(token)) > _ALL_INTEGERS
