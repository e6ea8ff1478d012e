"""A value as a short key: equal exactly when a test's ``==`` would call the values equal.

1, 1.0 and True have one key; sets and dicts have no order; lists and tuples differ; NaN equals NaN, since both runs
computed the same. Objects count by type name and fields (``__slots__`` too), generators and functions by kind alone. It
calls no code of the program, not even a metaclass's ``__eq__``, and consumes nothing.

Depth and size are bounded; past them values count as equal, except for their lengths. A test's tolerance is not in a
key, since "nearly equal" does not divide values into classes: `localization.divergence` compares the shown values.
Counter and OrderedDict count as dicts, although their ``==`` differs.
"""

from __future__ import annotations

import hashlib
import math
from array import array
from collections import deque
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any

MAX_DEPTH = 6
MAX_ITEMS = 2_000
_CHARACTERS_AN_ITEM = 64
_SHOWN = 80

_Canonical = Callable[[Any, int, list[int]], str]

# A type's own attributes, without its metaclass's overrides.
_name_of: Callable[[type], str] = type.__dict__["__name__"].__get__
_mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_dict_of: Callable[[type], Any] = type.__dict__["__dict__"].__get__
_flags_of: Callable[[type], int] = type.__dict__["__flags__"].__get__
_HEAP_TYPE = 1 << 9  # made by a class statement


def fingerprint(value: Any) -> str:
    """A key of at most 32 characters; small numbers and short strings are their own keys."""
    return measured(value)[0]


def measured(value: Any) -> tuple[str, str, int]:
    """The key, the value as `shown`, and the number of items in the key."""
    left = [MAX_ITEMS]
    canonical = _canonical(value, MAX_DEPTH, left)
    text = canonical if type(value) is str and len(canonical) <= _SHOWN else shown(value)
    key = canonical if len(canonical) <= 32 else _hashed(canonical)
    return key, text, MAX_ITEMS - left[0]


def _hashed(canonical: str) -> str:
    return hashlib.blake2b(canonical.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def shown(value: Any) -> str:
    """A short text of a plain value; the type of others. Never calls a method of the program."""
    return _shown(value, 3)[:_SHOWN]


def _canonical(value: Any, depth: int, left: list[int]) -> str:
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        return "..."
    kind = type(value)
    exact = _EXACT.get(id(kind))
    return exact(value, depth, left) if exact is not None else _other(value, kind, depth, left)


def _other(value: Any, kind: type, depth: int, left: list[int]) -> str:
    for base in _mro_of(kind):  # Counter, defaultdict, IntEnum, namedtuple: equal to the plain value
        plain = _PLAIN.get(id(base))
        if plain is not None:
            return plain(value, depth, left)
    if issubclass(kind, type):
        return "<type>"
    fields = _fields(value, kind)
    if fields:
        return f"o{_name_of(kind)}{_dict(fields.items(), len(fields), depth - 1, left)}"
    return f"<{_name_of(kind)}>"


# ------------------------------------------------------------ numbers and texts


def _int(value: int, _: int, left: list[int]) -> str:
    if -(1 << 64) < value < 1 << 64:
        return str(value)
    left[0] -= value.bit_length() >> 9
    return str(value) if -(1 << 4096) < value < 1 << 4096 else hex(value)


def _float(value: float, _: int = 0, left: list[int] | None = None) -> str:
    if value != value:
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return str(int(value)) if value.is_integer() else repr(value)


def _complex(value: complex, _: int, left: list[int]) -> str:
    if value != value:
        return "nan"
    return _float(value.real) if value.imag == 0 else f"c{_float(value.real)},{_float(value.imag)}"


def _exact(value: Decimal | Fraction, _: int, left: list[int]) -> str:
    try:
        if isinstance(value, Decimal) and not value.is_finite():
            return "nan" if value.is_nan() else _float(float(value))
        if isinstance(value, Decimal) and abs(value.adjusted()) > 1_000:
            return f"D{value.normalize()!r}"  # the exact fraction of 1E+999999 is huge
        fraction = Fraction(value)
        if fraction.denominator == 1:
            return _int(fraction.numerator, 0, left)
        return repr(float(fraction)) if Fraction(float(fraction)) == fraction else str(fraction)
    except (ValueError, OverflowError, ArithmeticError):
        return f"<{type(value).__name__}>"


def _text(value: str | bytes, _: int, left: list[int]) -> str:
    size = len(value)
    if size <= _CHARACTERS_AN_ITEM:
        return repr(value)
    left[0] -= size // _CHARACTERS_AN_ITEM
    most = MAX_ITEMS * _CHARACTERS_AN_ITEM
    return repr(value) if size <= most else f"{value[:most]!r}#{size}"


def _range(value: range, _: int, left: list[int]) -> str:
    if not value:
        return "r()"
    return f"r{value[0], value[-1], value.step if value[0] != value[-1] else 1}"


def _described(value: Any, _: int, left: list[int]) -> str:
    return repr(value)


def _moment(value: datetime | time, _: int, left: list[int]) -> str:
    return repr(value) if value.tzinfo is None else f"<{type(value).__name__}>"  # a zone may be the program's


# ------------------------------------------------------------ containers


def _sequence(mark: str) -> _Canonical:
    def canonical(value: Any, depth: int, left: list[int]) -> str:
        return f"{mark}[{_items(value, len(value), depth, left)}]"

    return canonical


def _items(values: Iterable[Any], size: int, depth: int, left: list[int]) -> str:
    if depth > 0 and size <= left[0] and _AS_SHOWN.issuperset(map(id, map(type, values))):
        try:
            text = ",".join(map(repr, values))
            left[0] -= size + len(text) // _CHARACTERS_AN_ITEM
            return text
        except ValueError:  # integers of more digits than Python prints
            pass
    items = [_canonical(item, depth - 1, left) for item in islice(values, max(left[0], 0) + 1)]
    return ",".join(items) if left[0] >= 0 else f"{','.join(items)}#{size}"


def _set(values: Iterable[Any], size: int, depth: int, left: list[int]) -> str:
    items = [_canonical(item, depth - 1, left) for item in islice(values, max(left[0], 0) + 1)]
    return f"{{{','.join(sorted(items))}}}" if left[0] >= 0 else f"{{#{size}}}"  # the first items are arbitrary


def _dict(pairs: Iterable[tuple[Any, Any]], size: int, depth: int, left: list[int]) -> str:
    items = [
        f"{_canonical(key, depth - 1, left)}:{_canonical(value, depth - 1, left)}"
        for key, value in islice(pairs, max(left[0], 0) + 1)
    ]
    return f"d{{{','.join(sorted(items))}}}" if left[0] >= 0 else f"d{{#{size}}}"


class _Walk:
    """A subclass's instance, iterated by the base's methods, as the program may have overridden them."""

    def __init__(self, base: type, value: Any) -> None:
        self._base, self._value = base, value

    def __iter__(self) -> Any:
        return self._base.__iter__(self._value)  # type: ignore[attr-defined]

    def __len__(self) -> int:
        size: int = self._base.__len__(self._value)  # type: ignore[attr-defined]
        return size


def _walked(base: type, canonical: _Canonical) -> _Canonical:
    return lambda value, depth, left: canonical(_Walk(base, value), depth, left)


_set_of: _Canonical = lambda value, depth, left: _set(value, len(value), depth, left)  # noqa: E731
_dict_items: _Canonical = lambda value, depth, left: _dict(value.items(), len(value), depth, left)  # noqa: E731
_SEQUENCES: dict[type, _Canonical] = {list: _sequence("l"), tuple: _sequence("t"), deque: _sequence("q")}
_SETS = (set, frozenset)

_BY_TYPE: dict[type, _Canonical] = {
    type(None): lambda *_: "None",
    int: _int,
    bool: lambda value, *_: "1" if value else "0",
    float: _float,
    complex: _complex,
    Decimal: _exact,
    Fraction: _exact,
    str: _text,
    bytes: _text,
    bytearray: lambda value, depth, left: _text(bytes(value), depth, left),
    range: _range,
    array: _sequence("a"),
    dict: _dict_items,
    type({}.keys()): _set_of,
    type({}.items()): _set_of,
    date: _described,
    timedelta: _described,
    datetime: _moment,
    time: _moment,
    **_SEQUENCES,
    **dict.fromkeys(_SETS, _set_of),
}
# Keys are id(type): a type's own hash and equality may be a metaclass of the program.
_AS_SHOWN = frozenset({id(int), id(str), id(type(None))})  # their repr is their canonical form
_EXACT = {id(kind): canonical for kind, canonical in _BY_TYPE.items()}
_PLAIN: dict[int, _Canonical] = {
    id(int): lambda value, depth, left: _int(int.__int__(value), depth, left),
    id(float): lambda value, depth, left: _float(float.__float__(value)),
    id(str): lambda value, depth, left: _text(str.__str__(value), depth, left),
    id(dict): lambda value, depth, left: _dict(dict.items(value), dict.__len__(value), depth, left),
    **{id(base): _walked(base, canonical) for base, canonical in _SEQUENCES.items()},
    **{id(base): _walked(base, _set_of) for base in _SETS},
}


# ------------------------------------------------------------ objects

_layouts: dict[int, tuple[type, list[tuple[str, Any]], Any]] = {}  # by id(type): slots, and descriptor of __dict__


def _fields(value: Any, kind: type) -> dict[str, Any]:
    if id(kind) not in _layouts:
        _layouts[id(kind)] = (kind, *_layout(kind))
    _, slots, has_dict = _layouts[id(kind)]
    fields: dict[str, Any] = {}
    for name, slot in slots:
        try:
            fields[name] = slot.__get__(value)
        except AttributeError:  # not set
            continue
    own = has_dict.__get__(value) if has_dict is not None else {}
    return fields | own if type(own) is dict else fields


def _layout(kind: type) -> tuple[list[tuple[str, Any]], Any]:
    """A type's slots and ``__dict__`` by the interpreter's descriptors, which no property can replace."""
    slots: list[tuple[str, Any]] = []
    has_dict = None
    for base in _mro_of(kind):
        if base is BaseException or _flags_of(base) & _HEAP_TYPE:
            for name, member in _dict_of(base).items():
                if type(member) is MemberDescriptorType and base is not BaseException:
                    slots.append((name, member))
                elif name == "__dict__" and type(member) is GetSetDescriptorType:
                    has_dict = member
    return slots, has_dict


# ------------------------------------------------------------ shown


def _shown(value: Any, depth: int) -> str:
    kind = type(value)
    form = _FORMS.get(id(kind))
    if form is None:
        return f"<{_name_of(kind)}>"
    if form == "repr":
        try:
            return repr(value)
        except ValueError:  # integers of more digits than Python prints
            return f"<{_name_of(kind)}>"
    if form == "text":
        return repr(value[:_SHOWN])
    if depth == 0:
        return "..."
    more = ["..."] if len(value) > 10 else []
    if form == "dict":
        pairs = [f"{_shown(k, depth - 1)}: {_shown(v, depth - 1)}" for k, v in islice(value.items(), 10)]
        return "{" + ", ".join(pairs + more) + "}"
    return form[0] + ", ".join([_shown(item, depth - 1) for item in islice(value, 10)] + more) + form[1]


_FORMS = {
    **dict.fromkeys(map(id, (int, float, complex, bool, type(None))), "repr"),
    **dict.fromkeys(map(id, (str, bytes)), "text"),
    id(dict): "dict",
    id(list): "[]",
    id(tuple): "()",
    **dict.fromkeys(map(id, _SETS), "{}"),
}
