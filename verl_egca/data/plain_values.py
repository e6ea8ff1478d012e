"""Rows as plain Python: data loaders give numpy's arrays and scalars for lists and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """The value with lists and scalars of Python in place of numpy's, at any depth. A dict's keys become text."""
    if value is None or isinstance(value, str | int | float | bytes):
        return getattr(value, "item", lambda: value)()  # some of numpy's scalars are strings and floats
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        listed = value.tolist()
        return listed if type(listed) is type(value) else plain(listed)
    return value


def says_nothing(value: Any) -> bool:
    """Whether a value is null, NaN, empty or false: tables have these where a row doesn't use a column."""
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or value is False or (isinstance(value, str | list | dict | bytes) and not value)


def shown(value: Any, most: int = 80) -> str:
    """The value in one line, for a message."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of too many digits, somewhere within
        text = f"a {type(value).__name__}"
    return " ".join(text[: 4 * most].split())[:most]


def word_of(value: Any) -> str:
    """A word or a small number in lower case; "" for any other value."""
    if isinstance(value, str):
        return value.strip().lower()
    return str(value).lower() if isinstance(value, int) and abs(value) < 1 << 64 else ""


def name_of(value: Any) -> str | None:
    """A name: text that is not blank, or an integer; None for any other value."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        return str(value) if abs(value) < 1 << 64 else None
    return value if value.strip() else None
