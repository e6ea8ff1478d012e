"""Programs with known mistakes: ``mutants`` plants one or more, and gives their places.

    for mutant in mutants(source, seed=1):
        ...

Edits change the text, so that comments and layout of the rest stay. A mutant compiles and has another syntax tree than
the source; the caller's tests decide whether its behaviour differs. The place of missing code extends from the last
line of the statement before it to the first line of the statement after it, in its own block.
"""

from __future__ import annotations

import ast
import itertools
import random
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from truth.mutations import arithmetic, bounds, comparisons, conditions, constants, flow, names, omissions
from truth.mutations.source import Edit, Source

Operator = Callable[[Source], Iterator[Edit]]

# The special before the general: if two make the same text, the first names it.
OPERATORS: tuple[Operator, ...] = (
    comparisons.boundary,
    comparisons.direction,
    arithmetic.augmented,
    arithmetic.swapped_operands,
    arithmetic.boolean,
    conditions.negated,
    conditions.removed_not,
    constants.initial_value,
    constants.default,
    bounds.range_bound,
    bounds.slice_bound,
    bounds.index,
    names.wrong_variable,
    names.swapped_arguments,
    names.wrong_function,
    names.removed_call,
    names.removed_keyword,
    omissions.statement,
    omissions.loop_update,
    omissions.base_case,
    omissions.guard,
    omissions.branch,
    flow.jump,
    flow.return_depth,
    arithmetic.arithmetic,
    arithmetic.removed_term,
    constants.constant,
)
TRIES = 20  # pairs tried for each first edit of a mutant with several


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a mistake in the mutant's text: lines from 1, both included, and the characters [start, end).

    The characters are the smallest region that differs; for missing code, the empty region of the gap.
    """

    line: int
    end_line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken program; ``operators``, ``places`` and ``alone`` go together, in the order of the text.

    ``alone`` are the programs with only one of the mistakes.
    """

    source: str
    operators: tuple[str, ...]
    places: tuple[Place, ...]
    alone: tuple[str, ...]


def mutants(source: str, seed: int, edits: int = 1, within: str | None = None) -> Iterator[Mutant]:
    """Mutants of ``source``, each once, in an order by the seed that takes the operators in turn.

    ``edits`` mistakes each, in different statements; ``within`` is the function of the module to break, all by default.
    Raises SyntaxError if ``source`` does not parse, ValueError if it has no function ``within``.
    """
    original = Source(source, within)
    rng = random.Random(f"{seed}:{edits}")
    singles = _in_turn(original, rng)
    seen = {source}
    for group in _groups(original, singles, edits, rng):
        mutant = _applied(original, group)
        if mutant.source not in seen and (edits == 1 or _is_mutant(original, mutant.source)):
            seen.add(mutant.source)
            yield mutant


def _in_turn(source: Source, rng: random.Random) -> list[Edit]:
    """All edits that make a mutant, one of each operator in turn, so that no operator crowds out the others."""
    seen: set[str] = set()
    kinds: list[list[Edit]] = []
    for operator in OPERATORS:
        edits: list[Edit] = []
        for edit in operator(source):
            text = _applied(source, [edit]).source
            if text not in seen and _is_mutant(source, text):
                seen.add(text)
                edits.append(edit)
        rng.shuffle(edits)
        kinds.append(edits)
    turns: list[Edit] = []
    for turn in itertools.zip_longest(*kinds):
        given = [edit for edit in turn if edit is not None]
        rng.shuffle(given)
        turns.extend(given)
    return turns


def _groups(source: Source, singles: list[Edit], count: int, rng: random.Random) -> Iterator[list[Edit]]:
    if count == 1:
        yield from ([edit] for edit in singles)
        return
    kinds: dict[str, list[Edit]] = {}
    for edit in singles:
        kinds.setdefault(edit.operator, []).append(edit)
    for _, first in itertools.product(range(TRIES), singles):
        group = [first]
        for _ in range(TRIES):
            if len(group) == count:
                break
            other = rng.choice(kinds[rng.choice(list(kinds))])
            if all(_apart(source, other, chosen) for chosen in group):
                group.append(other)
        if len(group) == count:
            yield sorted(group, key=lambda edit: edit.start)


def _apart(source: Source, first: Edit, second: Edit) -> bool:
    """Whether two edits are in different statements, and neither changes the other's text."""
    overlap = first.start < second.end and second.start < first.end
    return not overlap and _statement_at(source, first) is not _statement_at(source, second)


def _statement_at(source: Source, edit: Edit) -> ast.stmt | None:
    """The innermost statement that holds an edit's first character other than white space."""
    text = source.text[edit.start : max(edit.end, edit.start + 1)]
    start = edit.start + len(text) - len(text.lstrip())
    inside = [node for node in source.statements if source.start(node) <= start < source.end(node)]
    return min(inside, key=lambda node: source.end(node) - source.start(node), default=None)


def _is_mutant(source: Source, text: str) -> bool:
    """Whether the text compiles, and to another tree than the source's."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(text)
            compile(text, "<mutant>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return ast.dump(tree) != source.dump


def _applied(source: Source, edits: list[Edit]) -> Mutant:
    ordered = sorted(edits, key=lambda edit: edit.start)
    text = _edited(source.text, ordered)
    places = tuple(_place(text, edit, ordered) for edit in ordered)
    alone = tuple(_edited(source.text, [edit]) for edit in ordered)
    return Mutant(text, tuple(edit.operator for edit in ordered), places, alone)


def _edited(text: str, ordered: list[Edit]) -> str:
    for edit in reversed(ordered):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _place(text: str, edit: Edit, edits: list[Edit]) -> Place:
    begin = _moved(edit.start, edits)
    first, last = edit.marked or (0, len(edit.text))
    start, end = begin + first, begin + last
    if edit.blamed is None:
        line, end_line = _line(text, start), _line(text, max(start, end - 1))
    else:
        line, end_line = (_line(text, _moved(offset, edits)) for offset in edit.blamed)
    return Place(line, end_line, start, end)


def _moved(offset: int, edits: list[Edit]) -> int:
    """The offset in the mutant of a character of the source; of a removed one, the start of its replacement."""
    moved = offset
    for edit in edits:
        if edit.end <= offset and not (edit.start == edit.end == offset):
            moved += len(edit.text) - (edit.end - edit.start)
        elif edit.start < offset:
            moved -= offset - edit.start
    return moved


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
