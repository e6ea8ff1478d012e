"""All small edits of a program that need no reference, at each of its places."""

from __future__ import annotations

from collections.abc import Iterator

from verl_egca.localization.twins.clues import Clues, LooseEnds
from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.expressions import of_expressions
from verl_egca.localization.twins.guards import of_guards
from verl_egca.localization.twins.missing import of_loose_ends, of_missing
from verl_egca.localization.twins.operands import of_loose_names, of_operands
from verl_egca.localization.twins.program import Program
from verl_egca.localization.twins.rows import Table
from verl_egca.localization.twins.statements import of_statements
from verl_egca.localization.twins.table import OPERATORS, SLIPS

_TABLE = Table(SLIPS, OPERATORS)


def slips(program: Program, clues: Clues, table: Table = _TABLE) -> Iterator[Edit]:
    """Edits of code that differs from the intended code."""
    yield from table.edits(program)
    yield from of_expressions(program, clues)
    yield from of_statements(program)


def loose_ends(program: Program, clues: Clues) -> Iterator[Edit]:
    """Edits that use loose names and functions."""
    ends = LooseEnds(program, clues.given)
    yield from of_loose_names(program, clues, ends)
    yield from of_loose_ends(program, clues, ends)


def omissions(program: Program, clues: Clues) -> Iterator[Edit]:
    """Edits that insert missing code."""
    yield from of_operands(program, clues)
    yield from of_missing(program, clues)
    yield from of_guards(program, clues)
