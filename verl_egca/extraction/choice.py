"""The choice of the program among the pieces of code in a response.

The one that is worth most is the program; of several the last one whose names are all there, as chat models write better
versions below. One that lacks a name which another piece binds is joined with that piece, in the text's order: with the
statements that bind it, or in a script with all of the piece, whose doings it counts on.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from verl_egca.extraction.candidate import Candidate
from verl_egca.extraction.facts import Facts, facts_of
from verl_egca.extraction.lines import Lines, Range, joined
from verl_egca.extraction.worth import Worth, root_of

_CONSIDERED = 100  # pieces
_JOINED = 30  # pieces that one may be joined with
_RETURNS = re.compile(r"\b(?:return|yield|raise)\b")


def best_candidate(
    text: str,
    stretches: Sequence[Range],
    candidates: Sequence[Candidate],
    wanted: Sequence[str],
    provided: frozenset[str],
) -> Candidate | None:
    """The program, with what it is joined with; None if there is no candidate.

    Args:
        stretches: the text's characters that may be part of a program.
        wanted: what the tests call; nothing for a script.
        provided: names that a program finds there.
    """
    if len(candidates) > _CONSIDERED:  # the last of those that are worth most
        candidates = sorted(candidates, key=lambda c: c.worth)[-_CONSIDERED:]
    names = frozenset[str]().union(*(c.names for c in candidates)) - provided
    inner = frozenset[str]().union(*(c.facts.bound for c in candidates if c.facts is not None)) - names - provided
    binders: dict[str, list[_Unit]] = {}
    for unit in _units(candidates, is_script=not wanted):
        for name in unit.facts.top:
            binders.setdefault(name, []).append(unit)
    scored = []
    for place, candidate in enumerate(candidates):
        whole = _completed(text, stretches, candidate, names, binders, wanted)
        fits = candidate.facts is not None and candidate.facts.free.isdisjoint(inner)
        if candidate.before:  # what quotes the body often ends early
            fits = fits and _RETURNS.search(joined(text, candidate.lines)) is not None
        is_alone = bool(wanted) or whole.lines == candidate.lines
        start = candidate.lines[0][0] if candidate.lines else 0
        scored.append(((whole.worth, fits, is_alone, candidate.tag, start, place), whole))
    return max(scored, key=lambda pair: pair[0])[1] if scored else None


@dataclass(frozen=True, slots=True)
class _Unit:
    """What another candidate may be joined with."""

    lines: Lines
    facts: Facts


def _units(candidates: Sequence[Candidate], *, is_script: bool) -> Iterator[_Unit]:
    for candidate in candidates:
        if candidate.tree is None or candidate.facts is None or candidate.before or not candidate.lines:
            continue
        if is_script:
            yield _Unit(candidate.lines, candidate.facts)
            continue
        for node in candidate.tree.body:
            first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", []))])
            lines = candidate.lines[first - 1 : node.end_lineno]
            if lines:
                yield _Unit(lines, facts_of(ast.Module([node], [])))


def _completed(
    text: str,
    stretches: Sequence[Range],
    candidate: Candidate,
    names: frozenset[str],
    binders: Mapping[str, Sequence[_Unit]],
    wanted: Sequence[str],
) -> Candidate:
    """The candidate with the units that bind what it lacks, and what those lack. Less worth if a name is nowhere whole."""
    if candidate.facts is None or not candidate.lines:
        return candidate
    lacking = candidate.facts.free & names
    if candidate.worth is Worth.WHOLE:
        lacking |= {root_of(name) for name in wanted} & names - candidate.names
    units: list[_Unit] = []
    waiting, seen = sorted(lacking), set(lacking)
    while waiting and len(units) <= _JOINED:
        name = waiting.pop()
        unit = _binder(binders.get(name, ()), candidate.lines)
        if unit is not None and unit not in units:
            units.append(unit)
            waiting += sorted(unit.facts.free & names - seen)
            seen |= unit.facts.free
        elif unit is None and name in lacking:
            return replace(candidate, worth=min(candidate.worth, Worth.PARTIAL))
    if not units or len(units) > _JOINED:
        return candidate
    lines = _in_order(text, stretches, [candidate.lines, *(unit.lines for unit in units)])
    if lines is None:
        return candidate
    if wanted:
        return replace(candidate, lines=lines)
    reads, writes, acts = (
        any(getattr(facts, name) for facts in (candidate.facts, *(unit.facts for unit in units)))
        for name in ("reads", "writes", "acts")
    )
    worth = Worth.CODE if not (acts and writes) else Worth.WHOLE if reads else Worth.PARTIAL
    return replace(candidate, lines=lines, worth=worth)


def _binder(units: Sequence[_Unit], lines: Lines) -> _Unit | None:
    """The last unit above some lines, else the first below them."""
    start, end = lines[0][0], lines[-1][1]
    above = [unit for unit in units if unit.lines[-1][1] <= start]
    below = [unit for unit in units if unit.lines[0][0] >= end]
    if above:
        return max(above, key=lambda unit: unit.lines[0])
    return min(below, key=lambda unit: unit.lines[0], default=None)


def _in_order(text: str, stretches: Sequence[Range], pieces: Sequence[Lines]) -> Lines | None:
    """The pieces as one, with a line end of the text between two that have none. None if the text has none there."""
    together: list[Range] = []
    for first, last in sorted({line for piece in pieces for line in piece}):
        end = together[-1][1] if together else 0
        if first < end:
            continue
        if together and text[end - 1] not in "\r\n":
            ends = (place for place in range(end, first) if text[place] in "\r\n" and _within(place, stretches))
            place = next(ends, None)
            if place is None:
                return None
            together.append((place, place + 1))
        together.append((first, last))
    return tuple(together)


def _within(place: int, stretches: Sequence[Range]) -> bool:
    return any(start <= place < end for start, end in stretches)
