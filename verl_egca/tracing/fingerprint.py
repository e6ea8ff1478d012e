"""A value as a short key: equal exactly when a test's ``==`` would call the values equal.

1, 1.0 and True have one key; sets and dicts have no order; lists and tuples differ; NaN equals NaN, since two runs that
both compute it did the same. Objects count by type name and fields, generators and functions by kind alone: nothing of
the program is called and nothing is consumed. Depth and size are bounded; past them values count as equal.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_DEPTH = 6
MAX_ITEMS = 2_000
_SHOWN = 80

_SEQUENCES: dict[type, str] = {list: "l", tuple: "t", deque: "q"}
_SHOWABLE = (int, float, complex, bool, str, bytes, type(None), list, tuple, dict, set, frozenset)


def fingerprint(value: Any) -> str:
    """A key of at most 32 characters; small numbers and strings are their own."""
    text = _canonical(value, MAX_DEPTH, [MAX_ITEMS])
    return text if len(text) <= 32 else hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()


def shown(value: Any) -> str:
    """A short text of a plain value; other values by their type. Never calls a method of the program."""
    return _shown(value, 3)[:_SHOWN]


def _canonical(value: Any, depth: int, left: list[int]) -> str:
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        return "..."
    kind = type(value)
    if value is None:
        return "None"
    if kind is str:
        return f"s{value!r}"
    if kind is bool or kind is int or kind is float or kind is complex or kind is Decimal or kind is Fraction:
        return _number(value)
    if kind is bytes or kind is bytearray:
        return f"b{bytes(value)!r}"
    if kind in _SEQUENCES:
        return f"{_SEQUENCES[kind]}[{','.join(_items(value, depth, left))}]"
    if kind is set or kind is frozenset:
        return f"{{{','.join(sorted(_items(value, depth, left)))}}}"
    if kind is dict:
        pairs = [
            f"{_canonical(k, depth - 1, left)}:{_canonical(v, depth - 1, left)}" for k, v in _first(value.items(), left)
        ]
        return f"d{{{','.join(sorted(pairs))}}}"
    if kind is range:
        return f"r{(value.start, value.stop, value.step)}"
    for base in (*_SEQUENCES, int, float, str, dict, set, frozenset):
        if issubclass(kind, base):  # Counter, defaultdict, IntEnum, namedtuple: equal to the plain value
            return _canonical(_plain(base, value), depth, left)
    fields = _fields(value)
    if fields:
        return f"o{kind.__name__}{_canonical(fields, depth - 1, left)}"
    return f"<{kind.__name__}>"


def _number(value: Any) -> str:
    try:
        if value != value:
            return "nan"
        if isinstance(value, complex):
            return _number(value.real) if value.imag == 0 else f"c{value.real!r},{value.imag!r}"
        if isinstance(value, float):
            if math.isinf(value):
                return "inf" if value > 0 else "-inf"
            return str(int(value)) if value.is_integer() else repr(value)
        if isinstance(value, bool | int):
            return str(int(value)) if -(1 << 4096) < value < 1 << 4096 else hex(value)
        exact = Fraction(value)
        return (
            str(exact.numerator)
            if exact.denominator == 1
            else repr(float(exact))
            if Fraction(float(exact)) == exact
            else str(exact)
        )
    except (ValueError, OverflowError, ArithmeticError):
        return f"<{type(value).__name__}>"


def _plain(base: type, value: Any) -> Any:
    """A subclass's instance as its base, through the base's own methods: the program may have overridden them."""
    if base is dict:
        return dict(dict.items(value))
    if base is int:
        return int.__int__(value)
    if base is float:
        return float.__float__(value)
    if base is str:
        return str.__str__(value)
    return base(base.__iter__(value))  # type: ignore[attr-defined]


def _items(values: Any, depth: int, left: list[int]) -> list[str]:
    return [_canonical(item, depth - 1, left) for item in _first(values, left)]


def _first(values: Any, left: list[int]) -> list[Any]:
    """At most as many items as are left of the budget."""
    taken: list[Any] = []
    for item in values:
        if len(taken) > max(left[0], 0):
            break
        taken.append(item)
    return taken


def _fields(value: Any) -> dict[str, Any]:
    if isinstance(value, type) or callable(value):
        return {}
    fields = object.__getattribute__(value, "__dict__") if hasattr(type(value), "__dict__") and _has_dict(value) else {}
    return dict(fields) if type(fields) is dict else {}


def _has_dict(value: Any) -> bool:
    try:
        object.__getattribute__(value, "__dict__")
    except AttributeError:
        return False
    return True


def _shown(value: Any, depth: int) -> str:
    kind = type(value)
    if kind not in _SHOWABLE:
        return f"<{kind.__name__}>"
    if kind in (list, tuple, set, frozenset):
        if depth == 0:
            return "..."
        items = [_shown(item, depth - 1) for item in list(value)[:10]] + ["..."] * (len(value) > 10)
        brackets = "[]" if kind is list else "()" if kind is tuple else "{}"
        return brackets[0] + ", ".join(items) + brackets[1]
    if kind is dict:
        pairs = [f"{_shown(k, depth - 1)}: {_shown(v, depth - 1)}" for k, v in list(value.items())[:10]]
        return "{" + ", ".join(pairs + ["..."] * (len(value) > 10)) + "}" if depth else "..."
    if kind is str or kind is bytes:
        return repr(value[:_SHOWN])
    try:
        return repr(value)
    except ValueError:  # integers of more digits than Python prints
        return f"<{kind.__name__}>"
