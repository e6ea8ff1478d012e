"""A trace, read back from the untrusted bytes that the program's process wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from verl_egca.source import SourceRange

MAX_EVENTS = 200_000
_KINDS = frozenset({"argument", "let", "item", "mutated", "branch", "return", "yield", "raise", "print"})


class Event(NamedTuple):
    """A value at a place of a program.

    ``kind`` is ``argument``, ``let`` (bound), ``item`` (of a loop), ``mutated``, ``branch``, ``return`` (of a lambda under
    the name ``<lambda>``), ``yield``, ``raise`` (the type's name) or ``print`` (the text). ``key`` is the value's
    fingerprint, ``text`` its shown form, ``function`` the dotted name of the function around the statement.
    """

    place: SourceRange
    function: str
    kind: str
    name: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Events in order, and the places of the statements that ran, in the order of their first run.

    ``cut``: the run continued after the last event, past its budget; ``executed`` may have some later statements.
    """

    events: tuple[Event, ...]
    executed: tuple[SourceRange, ...]
    cut: bool = False


def decode(data: bytes) -> Trace:
    """The trace up to the first invalid line; never raises."""
    records = _records(data)
    points = _points(next(records, None))
    events: list[Event] = []
    executed: dict[SourceRange, None] = {}
    cut = False
    for record in records:
        if record == ["cut"]:
            cut = True
            continue
        if type(record) is not list or not record or type(record[0]) is not int or not 0 <= record[0] < len(points):
            break
        function, place = points[record[0]]
        match record[1:]:
            case []:
                executed[place] = None
            case [str(kind), str(name), str(key), str(text)] if kind in _KINDS and len(events) < MAX_EVENTS and not cut:
                events.append(Event(place, function, kind, name[:200], key[:64], text[:200]))
            case _:
                break
    return Trace(tuple(events), tuple(executed), cut)


def _points(table: Any) -> list[tuple[str, SourceRange]]:
    points = []
    for entry in table if type(table) is list else []:
        match entry:
            case [str(function), int(line), int(col), int(end_line), int(end_col)]:
                points.append((function[:500], SourceRange(line, col, end_line, end_col)))
            case _:
                return []
    return points


def _records(data: bytes) -> Iterator[Any]:
    """The lines' records, parsed all at once if possible, which is many times faster than line by line."""
    lines = data.split(b"\n")
    records = _json(b"[" + b",".join(lines[:-1]) + b"]")
    if type(records) is list and len(records) == len(lines) - 1:
        yield from records
    else:
        yield from map(_json, lines)


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
