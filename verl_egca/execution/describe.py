"""An exception of a program as data: type, message, and where in the program."""

from __future__ import annotations

import traceback
from collections.abc import Collection
from typing import Any

_UNPLACED = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)


def describe(error: BaseException, names: Collection[str]) -> dict[str, Any]:
    """``names``: the file names by which the interpreter knows the program's text."""
    try:
        message = str(error)[:500]
    except BaseException:
        message = "?"
    described: dict[str, Any] = {"error": type(error).__name__, "message": message}
    described["ended"] = isinstance(error, SystemExit)
    if isinstance(error, SyntaxError) and error.filename in names:
        described |= {"message": str(error.msg)[:500], "line": error.lineno, "compile": True}
        described |= {"col": error.offset, "end_line": error.end_lineno, "end_col": error.end_offset}
        return described
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename in names]
    described["line"] = lines[-1] if lines else None
    # what the compiler raises without a place: null bytes, too deep nesting, too large literals
    described["compile"] = not lines and isinstance(error, _UNPLACED)
    return described
