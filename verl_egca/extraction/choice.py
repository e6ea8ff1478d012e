"""The choice of the program among the pieces of code in a response.

The piece of the greatest worth is the program; of several, the last one whose names are all bound, as chat models write
better versions below. A piece that lacks a name is joined with the piece that binds it, in the text's order: with the
binding statements, or in a script with the whole piece, whose effects it needs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from verl_egca.extraction.candidate import Candidate
from verl_egca.extraction.facts import CodeFacts, facts_of
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
    """The program, joined with the pieces that it needs; None without candidates.

    Args:
        stretches: the parts of the text that may hold the program.
        wanted: the names that the tests call; empty for a script.
        provided: names that the program may use without binding them.
    """
    if len(candidates) > _CONSIDERED:  # the last of the greatest worth
        candidates = sorted(candidates, key=lambda c: c.worth)[-_CONSIDERED:]
    names = frozenset[str]().union(*(c.names for c in candidates)) - provided
    inner = frozenset[str]().union(*(c.facts.variables for c in candidates if c.facts is not None)) - names - provided
    binders: dict[str, list[_Unit]] = {}
    for unit in _units(candidates, is_script=not wanted):
        for name in unit.facts.top:
            binders.setdefault(name, []).append(unit)
    scored = []
    for place, candidate in enumerate(candidates):
        units = _joined_with(candidate, names, binders, wanted)
        if units is None:
            whole, units = replace(candidate, worth=min(candidate.worth, Worth.PARTIAL)), []
        else:
            whole = _with(text, stretches, candidate, units, is_script=not wanted)
        fits = candidate.facts is not None and candidate.facts.free.isdisjoint(inner)
        if candidate.before:  # a quotation of the body often ends early
            fits = fits and _RETURNS.search(joined(text, candidate.lines)) is not None
        is_alone = bool(wanted) or not units
        if units and all(unit.is_import for unit in units):
            is_alone = not any(_quotes(text, candidate, other) for other in candidates)
        start = candidate.lines[0][0] if candidate.lines else 0
        scored.append(((whole.worth, fits, is_alone, candidate.tag, start, place), whole))
    return max(scored, key=lambda pair: pair[0])[1] if scored else None


def _quotes(text: str, candidate: Candidate, other: Candidate) -> bool:
    """Whether another candidate has all lines of this one, and more."""
    mine, others = ({text[slice(*line)].strip() for line in one.lines} for one in (candidate, other))
    return mine < others


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece of a candidate that may be joined to another one."""

    lines: Lines
    facts: CodeFacts
    is_import: bool = False


def _units(candidates: Sequence[Candidate], *, is_script: bool) -> Iterator[_Unit]:
    for candidate in candidates:
        if candidate.tree is None or candidate.facts is None or candidate.before or not candidate.lines:
            continue
        imported = set[str]()
        for node in candidate.tree.body:
            is_import = isinstance(node, ast.Import | ast.ImportFrom)
            if is_script and not is_import:
                continue
            first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", []))])
            unit = _Unit(candidate.lines[first - 1 : node.end_lineno], facts_of(ast.Module([node], [])), is_import)
            imported |= unit.facts.top if is_import else set()
            if unit.lines:
                yield unit
        if is_script:
            yield _Unit(candidate.lines, replace(candidate.facts, top=candidate.facts.top - imported))


def _joined_with(
    candidate: Candidate, names: frozenset[str], binders: Mapping[str, Sequence[_Unit]], wanted: Sequence[str]
) -> list[_Unit] | None:
    """The units that bind the names that a candidate and they lack; None if no unit binds a name of the candidate."""
    if candidate.facts is None or candidate.before or not candidate.lines:
        return []
    lacking = candidate.facts.free & names
    if candidate.worth is Worth.WHOLE:
        lacking |= {root_of(name) for name in wanted} & names - candidate.names
    if wanted and candidate.facts.free - names:
        lacking |= {"*"} & names  # of ``from typing import *``
    units: list[_Unit] = []
    waiting, seen = sorted(lacking), set(lacking)
    while waiting and len(units) <= _JOINED:
        name = waiting.pop()
        unit = _binder(binders.get(name, ()), candidate.lines)
        if unit is None and name in lacking:
            return None
        if unit is not None and unit not in units:
            units.append(unit)
            waiting += sorted(unit.facts.free & names - seen)
            seen |= unit.facts.free
    return units if len(units) <= _JOINED else []


def _with(
    text: str, stretches: Sequence[Range], candidate: Candidate, units: Sequence[_Unit], is_script: bool
) -> Candidate:
    """The candidate joined with its units."""
    lines = _in_order(text, stretches, [candidate.lines, *(unit.lines for unit in units)]) if units else None
    if lines is None or candidate.facts is None:
        return candidate
    if not is_script:
        return replace(candidate, lines=lines)
    facts = [candidate.facts, *(unit.facts for unit in units)]
    worth = Worth.CODE
    if any(part.acts for part in facts) and any(part.writes for part in facts):
        worth = Worth.WHOLE if any(part.reads for part in facts) else Worth.PARTIAL
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
    """The pieces as one, with a line end from the text where two lack one between them; None if the text has none."""
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
