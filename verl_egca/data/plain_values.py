"""Rows as plain Python: data loaders give arrays and scalars of numpy in the place of lists and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """The value with dicts, lists and Python's own scalars in the place of numpy's, however deep. A dict's keys are text."""
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
    """Whether a value is what a table has in a column that a row doesn't use: null, NaN, empty or false."""
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or value is False or (isinstance(value, str | list | dict | bytes) and not value)
