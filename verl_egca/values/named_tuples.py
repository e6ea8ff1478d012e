"""Named tuples between judge and program: tuples with named fields.

A class's own methods stay in the program: a test that uses one gets no verdict.
"""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable, Sequence
from typing import Any

_OPERATORS = tuple(
    f"__{name}__"
    for name in (
        "eq ne lt le gt ge hash bool len iter contains getitem call str repr format add radd sub rsub mul rmul truediv "
        "rtruediv floordiv mod pow matmul neg pos abs invert and or xor int float index enter exit reversed"
    ).split()
)


def fields_of(kind: type, value: Any) -> tuple[str, ...] | None:
    """The fields of a named tuple; None for another value."""
    if not issubclass(kind, tuple):
        return None
    fields = getattr(kind, "_fields", None)
    if type(fields) is not tuple or len(fields) != tuple.__len__(value) or not all(type(f) is str for f in fields):
        return None
    return fields


def changed_operators(kind: type) -> list[str]:
    """The operators that the class overrides."""
    return [name for name in _OPERATORS if getattr(kind, name, None) is not _plain(name) and not _is_made(kind, name)]


def _plain(name: str) -> Any:
    return getattr(tuple, name, None)


def _is_made(kind: type, name: str) -> bool:
    """Whether `collections.namedtuple` made this method."""
    code = getattr(getattr(kind, name, None), "__code__", None)
    return getattr(code, "co_filename", None) == collections.namedtuple.__code__.co_filename


@functools.lru_cache(256)
def plain_class(name: str, fields: tuple[str, ...]) -> Any:
    """Raises ValueError, TypeError: invalid names."""
    return collections.namedtuple(name, fields)


@functools.lru_cache(256)
def guarded_class(name: str, fields: tuple[str, ...], changed: tuple[str, ...], refuse: Callable[[str], None]) -> Any:
    """For the judge: ``refuse`` gets a message at the use of a member that only the program's class has, and may raise.

    Raises ValueError, TypeError: invalid names.
    """
    plain = plain_class(name, fields)

    def guarded(used: str) -> Any:
        def operator(self: Any, *operands: Any) -> Any:
            refuse(f"the test uses {used} of a {name}, which is the program's own")
            return getattr(plain, used)(self, *operands)

        return operator

    def absent(self: Any, used: str) -> Any:
        if not used.startswith("__"):
            refuse(f"the test uses {used} of a {name}, which is the program's own")
        raise AttributeError(f"{name!r} object has no attribute {used!r}")

    own = {used: guarded(used) for used in changed if used in _OPERATORS}
    return type(name, (plain,), {"__slots__": (), "__getattr__": absent, **own})


def made(kind: Any, items: Sequence[Any]) -> Any:
    """An instance without calling the class. Raises ValueError."""
    if len(items) != len(kind._fields):
        raise ValueError("a named tuple of another length")
    return tuple.__new__(kind, items)


def read(body: Sequence[Any]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Name, fields and changed operators of a message. Raises ValueError, TypeError: another message."""
    name, fields, changed = body
    if not all(type(text) is str for text in (name, *fields, *changed)):
        raise ValueError("a named tuple without names")
    return name, tuple(fields), tuple(changed)
