"""Small edits that undo common slips, at every place of a program: what a reference can't tell, these try."""

from __future__ import annotations

from collections.abc import Iterator

from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.expressions import of_expressions
from verl_egca.localization.twins.statements import of_statements
from verl_egca.localization.twins.sites import Program


def mutations(program: Program) -> Iterator[Edit]:
    """Every small edit, those of expressions first; costs tell which are likelier."""
    yield from of_expressions(program)
    yield from of_statements(program)
