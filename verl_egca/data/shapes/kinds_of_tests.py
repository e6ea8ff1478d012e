"""Whether tests are calls or of standard input, by the words of rows and cases."""

from __future__ import annotations

from typing import Any

from verl_egca.data.plain_values import word_of
from verl_egca.data.shapes.read_row import ReadRow

KEYS = ("testtype", "test_type", "type", "call_type")
_STDIN = {"stdin", "stdin_stdout", "stdio", "standard_input", "standard input"}
_CALLS = {"functional", "function_call", "function", "call", "call_based"}


def are_calls(value: Any) -> bool | None:
    """True for calls, False for standard input, None for another word."""
    word = word_of(value)
    return True if word in _CALLS else False if word in _STDIN else None


def said_kind(read: ReadRow) -> bool | None:
    """Whether the row's tests are calls, as `are_calls`; other words under these keys count for nothing.

    Raises:
        BadInput: the row says both.
    """
    found: dict[bool, str] = {}
    for place, value in read.said(*KEYS):
        if (calls := are_calls(value)) is not None:
            found.setdefault(calls, place)
    if len(found) > 1:
        raise read.place.bad(
            found[True], f"says that tests are calls, and {found[False]} that they are of standard input; remove one"
        )
    return next(iter(found), None)
