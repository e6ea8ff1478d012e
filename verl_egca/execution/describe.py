"""An exception of a program as data: type, message, where in the program, and what tests may ask of it."""

from __future__ import annotations

import contextlib
import json
import traceback
from collections.abc import Collection
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, NoReturn

from verl_egca.values.codec import NotPlain, encode

_LONGEST_MESSAGE = 10_000
_LONGEST_FIELDS = 100_000
_UNPLACED = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)


def describe(error: BaseException, names: Collection[str]) -> dict[str, Any]:
    """``names``: the file names by which the interpreter knows the program's text."""
    try:
        message = str(error)[:_LONGEST_MESSAGE]
    except BaseException:
        message = "?"
    described: dict[str, Any] = {"error": type(error).__name__, "message": message}
    described["ended"] = isinstance(error, SystemExit)
    described["classes"] = classes_of(type(error))
    described |= {"args": _plain(list(error.args)), "fields": _plain(_fields(error))}
    if isinstance(error, SyntaxError) and error.filename in names:
        described |= {"message": str(error.msg)[:500], "line": error.lineno, "compile": True}
        described |= {"col": error.offset, "end_line": error.end_lineno, "end_col": error.end_offset}
        return described
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename in names]
    described["line"] = lines[-1] if lines else None
    # what the compiler raises without a place: null bytes, too deep nesting, too large literals
    described["compile"] = not lines and isinstance(error, _UNPLACED)
    return described


def classes_of(kind: type) -> list[list[str]]:
    """Module and name of a class and of its bases, in the order of resolution."""
    return [[str(one.__module__), str(one.__name__)] for one in kind.__mro__[:-1]]


def _fields(error: BaseException) -> dict[str, Any]:
    """What it holds that is plain data, by name: its own attributes, and those of its kind in Python."""
    found = dict(getattr(error, "__dict__", {}))
    for kind in type(error).__mro__[:-3]:  # but for BaseException's
        for name, member in vars(kind).items():
            if isinstance(member, MemberDescriptorType | GetSetDescriptorType) and not name.startswith("__"):
                with contextlib.suppress(AttributeError):
                    found[name] = getattr(error, name)
    return {name: value for name, value in found.items() if _plain(value) is not None}


def _plain(value: Any) -> Any:
    """None if not all of it is plain data, or it is too much."""
    try:
        encoded = encode(value, _refuse)
        return encoded if len(json.dumps(encoded)) <= _LONGEST_FIELDS else None
    except (NotPlain, RecursionError, ValueError, TypeError):
        return None


def _refuse(value: Any) -> NoReturn:
    raise NotPlain(f"a {type(value).__name__}")
