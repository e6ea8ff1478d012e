"""How a case ended, as the data that a worker answers with (see `verdict`)."""

from __future__ import annotations

import reprlib
from typing import Any

from verl_egca.execution.list_nodes import nodes_as_lists
from verl_egca.execution.raised import Ended, Raised
from verl_egca.execution.remote import Unsupported
from verl_egca.execution.sitting import LoadFailed, Sitting

Answer = dict[str, Any]

_SHOWN = 10_000
_SHORT = 1_000_000_000


class _Limited(reprlib.Repr):
    def repr1(self, x: Any, level: int) -> str:
        if type(x) is int and -_SHORT < x < _SHORT:  # most of what there is
            return repr(x)
        try:
            return super().repr1(x, level)
        except Unsupported:  # sets and keys are sorted, which objects of the program refuse
            return f"<{type(x).__name__}>"

    def repr_int(self, x: int, level: int) -> str:
        if x.bit_length() > 10_000:  # decimal digits take quadratic time, and Python refuses more than 4300
            return f"<an integer of {x.bit_length()} bits>"
        return super().repr_int(x, level)

    def repr_instance(self, x: Any, level: int) -> str:
        listed = nodes_as_lists(x) if "__repr__" not in vars(type(x)) else None
        return super().repr_instance(x, level) if listed is None else f"{type(x).__name__}({self.repr1(listed, level)})"


_limited = _Limited()
_limited.maxlevel, _limited.maxstring, _limited.maxother, _limited.maxlong = 4, 200, 200, 80
_limited.maxlist = _limited.maxtuple = _limited.maxdict = _limited.maxset = _limited.maxfrozenset = (
    _limited.maxdeque
) = 30


def shown(value: Any) -> str:
    """Its repr, cut in the middle of what is large."""
    return _limited.repr(value)[:_SHOWN]


def ended_as(outcome: str, **fields: Any) -> Answer:
    return {"outcome": outcome, "error": None, "got": None, "expected": None, "call": None, **fields}


def own_error(kind: str, message: str) -> Answer:
    return {"type": kind, "message": _text(message, 500), "line": None, "col": None, "end_line": None, "end_col": None}


def of_raised(raised: Raised, loading: bool = False) -> Answer:
    """The program raised: a compile error, an error of its top level, or one of the call."""
    told = raised.error
    error: Answer = {"type": _text(told["error"], 80), "message": _text(told["message"], 500)}
    for key in ("line", "col", "end_line", "end_col"):
        error[key] = told[key] if type(told.get(key)) is int else None
    if loading and told.get("compile"):
        for key in ("col", "end_col"):  # the compiler counts columns from 1, 0 where it knows none
            error[key] = error[key] - 1 if error[key] else None
        return ended_as("syntax_error", error=error)
    error |= {"col": None, "end_line": None, "end_col": None}
    if error["type"] == "MemoryError":
        return ended_as("out_of_memory", error=error)
    return ended_as("load_error" if loading else "exception", error=error)


def of_ended(ended: Ended) -> Answer:
    return ended_as(ended.outcome, error=own_error(ended.outcome, ended.message))


def of_load(failed: LoadFailed, sitting: Sitting) -> Answer:
    """The preamble's own failure, which a program could only feign, is none of the program's."""
    cause = failed.cause
    if isinstance(cause, Ended):
        return of_ended(cause)
    if cause.error.get("preamble") is not True:
        return of_raised(cause, loading=True)
    if not sitting.preamble_fails:
        return of_ended(Ended("forged", "it says that what runs before it failed"))
    return ended_as("unsupported", error=own_error("unsupported", f"the problem's preamble failed: {cause}"))


def _text(text: str, most: int) -> str:
    """Text that any file can hold: without lone surrogates."""
    return text[:most].encode("utf-8", "replace").decode()
