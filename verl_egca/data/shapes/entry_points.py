"""Entry points as rows name them: ``f``, ``Solution.f``, ``Solution().f``."""

from __future__ import annotations

import keyword
import re
from typing import Any

from verl_egca.data.plain_values import shown
from verl_egca.data.shapes.read_row import ReadRow

NAMES = ("fn_name", "func_name", "entry_point", "method_name")  # their keys
_METHOD = re.compile(r"(\w+)\s*(?:\(\s*\))?\s*\.\s*(\w+)")


def said_entry_point(read: ReadRow) -> str | None:
    """The row's entry point; None without one.

    Raises:
        BadInput: it is not a name, or the row gives two.
    """
    found: dict[str, str] = {}
    for place, value in read.said(*NAMES):
        found.setdefault(entry_point(read, place, value), place)
    if len(found) > 1:
        (first, place), (second, other) = list(found.items())[:2]
        raise read.place.bad(other, f"is {second!r}, and {place} is {first!r}; one of them is wanted")
    return next(iter(found), None)


def entry_point(read: ReadRow, place: str, value: Any) -> str:
    """The name in the form of `Problem.entry_point`. Raises BadInput that names ``place``, a key of the row."""
    text = value.strip() if isinstance(value, str) else ""
    if _is_name(text):
        return text
    method = _METHOD.fullmatch(text)
    if method and all(map(_is_name, method.groups())):
        return f"{method[1]}().{method[2]}"
    raise read.place.bad(place, f"is {shown(value)}; the name of a function, or Class().method, is wanted")


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)
