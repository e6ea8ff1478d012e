"""Missing conditions: base cases at the start of a function, and guards around a statement.

Conditions are made of parameters, or of nearby names, by the kinds of values that these have held. A base case returns
the failing case's expected value only if that value is trivial, such as ``False`` or ``[]``.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from verl_egca.localization.twins.clues import Clues
from verl_egca.localization.twins.costs import ranked
from verl_egca.localization.twins.edits import Edit, written_instead
from verl_egca.localization.twins.program import Block, Program, taken
from verl_egca.localization.twins.surroundings import Surroundings
from verl_egca.localization.twins.trees import FUNCTIONS, Function, is_compound, is_docstring

BASE_CASE = "base case"
_PLAIN = ("False", "True", "None", "0", "1", "-1", "[]", "''", "()", "{}")
_ASKED = (  # conditions on values of these kinds
    ("list text tuple dict set none", ("not $a",)),
    ("number", ("$a < 2", "$a == 0", "$a < 0", "$a <= 0", "$a == 1", "$a <= 1", "$a > 0", "$a % 2 == 0")),
    ("number", ("$a % 2 == 1", "$a == 2", "$a != 0")),
    ("list text tuple", ("len($a) < 2", "len($a) == 1", "len($a) < 3", "len($a) == 0")),
    ("truth none", ("$a", "$a is None")),
)
_MOST_PARAMETERS = _MOST_NAMES = 3


def of_guards(program: Program, clues: Clues) -> Iterator[Edit]:
    for block in program.blocks:
        if isinstance(block.owner, FUNCTIONS) and block.body:
            yield from _base_cases(program, block, block.owner, clues)
        around = Surroundings(program, block)
        for statement in block.body:
            if program.loop_of.get(statement) is not None and not is_compound(statement):
                yield from _guarded(program, around, statement, clues)


def _base_cases(program: Program, block: Block, function: Function, clues: Clues) -> Iterator[Edit]:
    first = next((node for node in block.body if not is_docstring(node)), None)
    if first is None:
        return
    names = taken(function)[:_MOST_PARAMETERS]
    start, indent = program.span(first)[0], program.indent(first)
    returned = [clues.expected] if clues.is_entry_point(function.name) else list(_PLAIN)
    plain = [value for value in returned if value in _PLAIN]
    blame = written_instead(program.source, start)
    conditions = [*_conditions(names, clues), *_relations(names, clues)]
    for rank, (condition, value) in enumerate(itertools.product(conditions, [*plain, *names[:2]])):
        text = f"if {condition}:\n{indent}    return {value}\n{indent}"
        form = "argument" if value in names else "value"
        yield Edit(start, start, text, BASE_CASE, blame, form, amounts=ranked(BASE_CASE, rank))


def _guarded(program: Program, around: Surroundings, statement: ast.stmt, clues: Clues) -> Iterator[Edit]:
    """Puts a simple statement of a loop under a condition."""
    start, end = program.span(statement)
    indent = program.indent(statement)
    if indent.strip() or isinstance(statement, ast.Pass):
        return
    names = around.names[:_MOST_NAMES]
    text = program.source[start:end].replace("\n", "\n    ")
    blame = written_instead(program.source, start)
    conditions = [*_relations(names, clues), *_conditions(names, clues)]
    form = "jump" if isinstance(statement, ast.Return | ast.Break | ast.Continue) else "statement"
    for rank, condition in enumerate(conditions):
        new = f"if {condition}:\n{indent}    {text}"
        yield Edit(start, end, new, "guard", blame, form, amounts=ranked("guard", rank))


def _conditions(names: list[str], clues: Clues) -> Iterator[str]:
    """Conditions on one name."""
    for name, (kinds, tests) in itertools.product(names, _ASKED):
        if clues.may_be(name, *kinds.split()):
            yield from (test.replace("$a", name) for test in tests)


def _relations(names: list[str], clues: Clues) -> Iterator[str]:
    """Conditions on two names."""
    for one, two in itertools.combinations(names, 2):
        sized = [clues.may_be(name, "list", "text", "tuple") for name in (one, two)]
        for operator in ("!=", "==", "<", ">"):
            yield f"{one} {operator} {two}"
        if all(sized):
            yield f"len({one}) != len({two})"
        for inner, outer in ((one, two), (two, one)):
            if clues.may_be(outer, "list", "text", "tuple", "set", "dict"):
                yield f"{inner} in {outer}"
                yield f"{inner} not in {outer}"
        for sized_, number in ((one, two), (two, one)):
            if clues.may_be(sized_, "list", "text", "tuple") and clues.may_be(number, "number"):
                yield f"len({sized_}) < {number}"
