"""Values that cross between the judge and a program's process, as JSON with tags, rebuilt by exact type.

Plain data crosses: None, bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range, deque, Decimal,
Fraction, and subclasses of them as their base; iterators and views cross as an iterator over a bounded prefix. Anything
else stays where it is: the judge holds an `Opaque` that names it, which equals nothing, so that no method of the
program ever runs in the judge.
"""

from __future__ import annotations

import json
import os
import struct
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_FRAME = 1 << 24
MAX_ITEMS = 100_000
_BIG_INT = 1 << 2000  # the JSON reader takes decimal digits, in quadratic time

_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_BASES = (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset)


class Opaque:
    """A value that stays in the program's process. Equal to nothing, not even to itself."""

    __slots__ = ("handle", "kind")

    def __init__(self, kind: str, handle: int) -> None:
        self.kind = kind
        self.handle = handle

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self.kind} object>"


class NotPlain(Exception):
    """The value can't cross."""


def encode(value: Any, other: Callable[[Any], Any]) -> Any:
    """The value as JSON data; ``other`` encodes what is not plain, or raises."""
    kind = type(value)
    if value is None or kind is bool or kind is str or kind is float:
        return value
    if kind is int:
        return value if -_BIG_INT < value < _BIG_INT else {"i": hex(value)}
    if kind is list:
        return [encode(item, other) for item in value]
    if kind is tuple:
        return {"t": [encode(item, other) for item in value]}
    if kind is dict:
        return {"d": [[encode(k, other), encode(v, other)] for k, v in value.items()]}
    if kind is set:
        return {"s": [encode(item, other) for item in value]}
    if kind is frozenset:
        return {"f": [encode(item, other) for item in value]}
    if kind is bytes or kind is bytearray:
        return {"b": value.hex()}
    if kind is complex:
        return {"c": [value.real, value.imag]}
    if kind is range:
        return {"r": [value.start, value.stop, value.step]}
    if kind is Decimal:
        return {"D": str(value)}
    if kind is Fraction:
        return {"F": [value.numerator, value.denominator]}
    if kind is deque:
        return {"q": [encode(item, other) for item in value]}
    if kind is Opaque:
        return {"h": value.handle}
    for base in _BASES:  # Counter, defaultdict, namedtuple, IntEnum, ...
        if issubclass(kind, base):
            return encode(base(value), other)
    if hasattr(kind, "__next__") or kind in _VIEWS:
        items = []
        for item in value:
            items.append(encode(item, other))
            if len(items) >= MAX_ITEMS:
                raise NotPlain(f"an iterator over more than {MAX_ITEMS} items")
        return {"n": items}
    if hasattr(kind, "tolist") and hasattr(kind, "dtype"):  # numpy's arrays and scalars
        return encode(value.tolist(), other)
    return other(value)


def decode(data: Any, resolve: Callable[[int], Any] | None = None) -> Any:
    """The value of `encode`'s data; ``resolve`` finds the object of a handle.

    Raises:
        KeyError, TypeError, ValueError, ArithmeticError, RecursionError: the data is not what `encode` makes.
    """
    if type(data) is list:
        return [decode(item, resolve) for item in data]
    if type(data) is not dict:
        return data
    ((tag, body),) = data.items()
    match tag:
        case "i":
            return int(body, 16)
        case "t":
            return tuple([decode(item, resolve) for item in body])
        case "d":
            return {decode(k, resolve): decode(v, resolve) for k, v in body}
        case "s":
            return {decode(item, resolve) for item in body}
        case "f":
            return frozenset([decode(item, resolve) for item in body])
        case "b":
            return bytes.fromhex(body)
        case "c":
            return complex(*body)
        case "r":
            return range(*body)
        case "D":
            return Decimal(body)
        case "F":
            return Fraction(*body)
        case "q":
            return deque(decode(item, resolve) for item in body)
        case "n":
            return iter([decode(item, resolve) for item in body])
        case "o":
            kind, handle = body
            return Opaque(str(kind)[:80], int(handle))
        case "h" if resolve is not None:
            return resolve(int(body))
    raise ValueError(f"unknown tag {tag!r:.20}")


def dumps(message: Any) -> bytes:
    """One frame: length and JSON. Raises NotPlain if it is larger than MAX_FRAME."""
    payload = json.dumps(message, separators=(",", ":")).encode("ascii")
    if len(payload) > MAX_FRAME:
        raise NotPlain(f"a value of {len(payload)} bytes; at most {MAX_FRAME} can cross")
    return struct.pack("I", len(payload)) + payload


def write_all(fd: int, payload: bytes) -> None:
    view = memoryview(payload)
    while view:
        view = view[os.write(fd, view) :]


def read_frame(fd: int) -> Any:
    """The next message. Raises EOFError where the other side is gone."""
    return json.loads(_read_exactly(fd, struct.unpack("I", _read_exactly(fd, 4))[0]))


def _read_exactly(fd: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(fd, min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
