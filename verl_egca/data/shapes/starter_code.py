"""Starter code, and the name in it that tests call."""

from __future__ import annotations

import re

from verl_egca.data.shapes.read_row import ReadRow

_DEFINED = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)[ \t]*\(", re.MULTILINE)
_CLASS = re.compile(r"^class[ \t]+(\w+)", re.MULTILINE)
_OF_SCRIPTS = {"main", "solve"}


def starter_code(read: ReadRow) -> str:
    """The row's starter code; "" without one."""
    return next((value for _, value in read.said("starter_code") if isinstance(value, str)), "")


def only_function(starter: str) -> str | None:
    """The name of the one function or method that it defines."""
    names = {name for name in _DEFINED.findall(starter) if not name.startswith("__")}
    return names.pop() if len(names) == 1 else None


def asks_for_definitions(starter: str) -> bool:
    """Whether it begins a class or a function for tests to call, and not a script."""
    return bool(_CLASS.search(starter)) or bool(set(_DEFINED.findall(starter)) - _OF_SCRIPTS)
