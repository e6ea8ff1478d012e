"""New statements before or after one that is there, at its depth, and what is blamed for their not being there."""

from __future__ import annotations

import ast

from verl_egca.localization.twins.costs import Amounts
from verl_egca.localization.twins.edits import Edit, written_instead
from verl_egca.localization.twins.sites import Program


def after(program: Program, node: ast.stmt, text: str, kind: str, form: str, amounts: Amounts = ()) -> Edit:
    end = program.span(node)[1]
    indent, where = indent_of(program, node), program.block_of[node].where
    return Edit(
        end, end, f"\n{indent}{text}", kind, written_instead(program.source, end, len(indent)), form, where, amounts
    )


def before(program: Program, node: ast.stmt, text: str, kind: str, form: str, amounts: Amounts = ()) -> Edit:
    start, where = program.span(node)[0], program.block_of[node].where
    return Edit(
        start,
        start,
        f"{text}\n{indent_of(program, node)}",
        kind,
        written_instead(program.source, start),
        form,
        where,
        amounts,
    )


def indent_of(program: Program, node: ast.stmt) -> str:
    """What stands before a statement in its line: spaces, unless it shares the line."""
    place = program.text.of_node(node)
    return program.text.line(place.line)[: place.col]
