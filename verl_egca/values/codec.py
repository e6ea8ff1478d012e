"""Values that cross between the judge and a program's process, as JSON with tags, rebuilt by exact type.

Plain data crosses: None, bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range, deque, Counter,
OrderedDict, Decimal, Fraction, dates and times, built-in types, arrays of numbers (as lists), and subclasses of those as
their base; named tuples by their fields (see `named_tuples`). Other values stay on their side, which decides their
stand-ins.
"""

from __future__ import annotations

import builtins
import datetime
import json
import os
import struct
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from verl_egca.values.named_tuples import changed_operators, fields_of

MAX_FRAME = 1 << 24
_ORDERED = 1_000  # the largest set whose order is kept
_BIG_INT = 1 << 2000  # the JSON reader takes decimal digits, in quadratic time
_READ = 1 << 16

_EMPTY: dict[Any, Any] = {}
_KEYS, _VALUES, _ITEMS = type(_EMPTY.keys()), type(_EMPTY.values()), type(_EMPTY.items())
AS_BASE: dict[type, Callable[[Any], Any]] = {  # without a subclass's overrides
    int: int.__int__,
    float: float.__float__,
    complex: complex.__complex__,
    str: str.__str__,
    bytes: bytes.__bytes__,
    list: lambda value: list(list.__iter__(value)),
    tuple: lambda value: tuple(tuple.__iter__(value)),
    Counter: lambda value: Counter(dict(dict.items(value))),
    OrderedDict: lambda value: OrderedDict(OrderedDict.items(value)),
    dict: lambda value: dict(dict.items(value)),
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    deque: lambda value: deque(deque.__iter__(value)),
}
_TIMES: dict[str, Any] = {
    "date": (datetime.date, ("year", "month", "day")),
    "time": (datetime.time, ("hour", "minute", "second", "microsecond")),
    "datetime": (datetime.datetime, ("year", "month", "day", "hour", "minute", "second", "microsecond")),
    "timedelta": (datetime.timedelta, ("days", "seconds", "microseconds")),
}
_TIME_NAMES = {kind: name for name, (kind, _) in _TIMES.items()}

# Raised by `decode` for nonsense, beside the errors of the caller's ``other``.
DECODE_ERRORS = (KeyError, TypeError, ValueError, ArithmeticError, RecursionError, AttributeError, IndexError)


class NotPlain(Exception):
    """The value can't cross."""


def encode(value: Any, other: Callable[[Any], Any]) -> Any:
    """The value as JSON data; ``other`` encodes values that are not plain, or raises."""
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
        return {"d": _pairs(value, other)}
    if kind is set:
        return {"s": [encode(item, other) for item in value]}
    if kind is frozenset:
        return {"f": [encode(item, other) for item in value]}
    if kind is bytes or kind is bytearray:
        return {"b": value.hex()}
    if kind is complex:
        return {"c": [value.real, value.imag]}
    return _encode_rarer(kind, value, other)


def _encode_rarer(kind: type, value: Any, other: Callable[[Any], Any]) -> Any:
    if kind is range:
        return {"r": [encode(part, other) for part in (value.start, value.stop, value.step)]}
    if kind is deque:
        return {"q": [encode(item, other) for item in value]}
    if kind is Counter:
        return {"C": _pairs(value, other)}
    if kind is OrderedDict:
        return {"O": _pairs(value, other)}
    if kind is Decimal:
        return {"D": str(value)}
    if kind is Fraction:
        return {"F": [encode(part, other) for part in (value.numerator, value.denominator)]}
    name = _TIME_NAMES.get(kind)
    if name is not None:
        if getattr(value, "tzinfo", None) is not None:
            return other(value)
        return {"T": [name, [getattr(value, field) for field in _TIMES[name][1]]]}
    if kind is type and getattr(builtins, str(getattr(value, "__name__", "")), None) is value:
        return {"B": getattr(value, "__name__", "")}
    if kind is _KEYS or kind is _VALUES or kind is _ITEMS:
        return {"v": [type(value).__name__, [encode(item, other) for item in value]]}
    fields = fields_of(kind, value)
    if fields is not None:
        items = [encode(item, other) for item in tuple.__iter__(value)]
        return {"N": [kind.__name__, list(fields), changed_operators(kind), items]}
    for base, as_base in AS_BASE.items():  # defaultdict, IntEnum, ...
        if issubclass(kind, base):
            return encode(as_base(value), other)
    if hasattr(kind, "tolist") and hasattr(kind, "dtype"):  # numpy's arrays and scalars
        return encode(value.tolist(), other)
    return other(value)


def _pairs(value: dict[Any, Any], other: Callable[[Any], Any]) -> list[Any]:
    return [[encode(k, other), encode(v, other)] for k, v in value.items()]


def decode(data: Any, other: Callable[[str, Any], Any]) -> Any:
    """The value of `encode`'s data; ``other`` decodes tag and body of values that are not plain, or raises.

    Raises:
        one of DECODE_ERRORS: the data does not come from `encode`.
    """
    if type(data) is list:
        return [decode(item, other) for item in data]
    if type(data) is not dict:
        return data
    ((tag, body),) = data.items()
    match tag:
        case "i":
            return int(body, 16)
        case "t":
            return tuple([decode(item, other) for item in body])
        case "d":
            return {decode(k, other): decode(v, other) for k, v in body}
        case "s":
            return _in_order([decode(item, other) for item in body])
        case "f":
            return frozenset([decode(item, other) for item in body])
        case "b":
            return bytes.fromhex(body)
        case "c":
            return complex(*body)
        case "r":
            return range(*_integers(body, other))
        case "q":
            return deque(decode(item, other) for item in body)
        case "C":
            return Counter({decode(k, other): decode(v, other) for k, v in body})
        case "O":
            return OrderedDict((decode(k, other), decode(v, other)) for k, v in body)
        case "D":
            return Decimal(body)
        case "F":
            return Fraction(*_integers(body, other))
        case "T":
            return _TIMES[body[0]][0](*body[1])
        case "B":
            return _builtin_type(body)
        case "v":
            return _view(body[0], [decode(item, other) for item in body[1]])
        case "N":
            return other(tag, [*body[:3], [decode(item, other) for item in body[3]]])
    return other(tag, body)


def _in_order(items: list[Any]) -> set[Any]:
    """A set whose items come in this order, if a display or an update of a set gives it.

    Results of programs that list a set depend on that order, as under bare Python.
    """
    added = {item for item in items}  # noqa: C416  one by one: the table grows differently
    if len(items) <= _ORDERED and list(added) != items:
        updated = set(frozenset(added))
        if list(updated) == items:
            return updated
    return added


def _integers(body: Any, other: Callable[[str, Any], Any]) -> list[int]:
    """Integers only: ``Fraction("1e999999999")`` would not end."""
    numbers = [decode(item, other) for item in body]
    if any(type(number) is not int for number in numbers):
        raise ValueError("not an integer")
    return numbers


def _builtin_type(name: str) -> type:
    found = getattr(builtins, name)
    if type(found) is not type:
        raise ValueError(f"{name!r:.20} is no built-in type")
    return found


def _view(kind: str, items: list[Any]) -> Any:
    match kind:
        case "dict_keys":
            return dict.fromkeys(items).keys()
        case "dict_values":
            return dict(enumerate(items)).values()
        case "dict_items":
            return dict(items).items()
    raise ValueError(f"no view {kind!r:.20}")


def dumps(message: Any) -> bytes:
    """One frame of a message. Raises NotPlain if it is larger than MAX_FRAME."""
    return frame(_ENCODER(message))


def frame(text: str) -> bytes:
    """One frame of JSON text in ASCII: its length, then the text. Raises NotPlain if it is larger than MAX_FRAME."""
    payload = text.encode("ascii")
    if len(payload) > MAX_FRAME:
        raise NotPlain(f"a value of {len(payload)} bytes; at most {MAX_FRAME} can cross")
    return struct.pack("I", len(payload)) + payload


_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def write_all(fd: int, payload: bytes) -> None:
    written = os.write(fd, payload)
    while written < len(payload):
        written += os.write(fd, memoryview(payload)[written:])


def read_frame(fd: int) -> Any:
    """The next message; no other may follow it yet. Raises EOFError if the other side is gone."""
    data = os.read(fd, _READ)
    if not data:
        raise EOFError
    (size,) = struct.unpack_from("I", data)
    if len(data) < size + 4:
        parts, missing = [data], size + 4 - len(data)
        while missing:
            part = os.read(fd, min(missing, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            missing -= len(part)
        data = b"".join(parts)
    return json.loads(memoryview(data)[4:].tobytes())
