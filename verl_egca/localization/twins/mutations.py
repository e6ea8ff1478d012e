"""Small edits that undo common slips, at every place of a program: what a reference can't tell, these try."""

from __future__ import annotations

from collections.abc import Iterator

from verl_egca.localization.twins.clues import Clues, LooseEnds
from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.expressions import of_expressions
from verl_egca.localization.twins.guards import of_guards
from verl_egca.localization.twins.missing import of_missing
from verl_egca.localization.twins.operands import of_operands
from verl_egca.localization.twins.sites import Program
from verl_egca.localization.twins.statements import of_statements

LEAST, LEAST_MISSING = 1.0, 1.0  # bits


def slips(program: Program) -> Iterator[Edit]:
    """What was written otherwise than meant: no edit is cheaper than LEAST."""
    yield from of_expressions(program)
    yield from of_statements(program)


def omissions(program: Program, clues: Clues) -> Iterator[Edit]:
    """What was not written: no edit is cheaper than LEAST_MISSING."""
    ends = LooseEnds(program)
    yield from of_operands(program, clues, ends)
    yield from of_missing(program, clues, ends)
    yield from of_guards(program, clues)
