"""Statements that a proof leaves without effect: a proof could have used them if they were right.

Effects are found by names alone, independent of order. A statement takes effect if it returns, raises or prints; if it
binds or changes a name that an effective statement reads; or if it is a loop, branch or function around such a one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from verl_egca.localization.twins.edits import Edit, applied
from verl_egca.localization.twins.program import Program
from verl_egca.localization.twins.trees import DEFINITIONS, names_in, own_nodes

_ENDS = (ast.Return, ast.Raise, ast.Assert, ast.Delete)
_JUMPS = (ast.Break, ast.Continue)


class Effects:
    """The statements of a program that take effect, in the order of the text."""

    def __init__(self, program: Program, entry_point: str | None) -> None:
        self._program, self._entry_point = program, entry_point
        self._effective = _effective(program, entry_point)

    def unused(self, edits: Sequence[Edit]) -> list[ast.stmt]:
        """The statements that the edits do not change, and that take no effect in the twin."""
        try:
            twin = Program(applied(self._program.source, edits))
        except ValueError:
            return []
        kept = _effective(twin, self._entry_point)
        found = []
        for statement in self._effective:
            start = self._program.span(statement)[0]
            if not any(edit.start <= start < edit.end for edit in edits):
                moved = start + sum(len(edit.text) - (edit.end - edit.start) for edit in edits if edit.end <= start)
                if twin.statement_at(moved) not in kept:
                    found.append(statement)
        return found

    def unused_share(self, edits: Sequence[Edit]) -> float:
        """The share of unused statements, in [0, 1]."""
        return len(self.unused(edits)) / max(1, len(self._effective))


def _effective(program: Program, entry_point: str | None) -> dict[ast.stmt, None]:
    """The effective statements, in the order of the text."""
    wanted = {*re.findall(r"\w+", entry_point or ""), "Solution", "print"}
    statements = [one for one in program.statements() if not isinstance(one, ast.Pass)]
    binds = {one: frozenset(_bound(one)) for one in statements}
    found: set[ast.stmt] = set()
    while True:
        more = [one for one in statements if one not in found and _takes_effect(program, one, found, wanted, binds)]
        if not more:
            return dict.fromkeys(one for one in statements if one in found)
        for one in more:
            found.add(one)
            if not isinstance(one, DEFINITIONS):
                wanted |= {node.id for node in own_nodes(one) if isinstance(node, ast.Name)}


def _takes_effect(
    program: Program,
    statement: ast.stmt,
    found: set[ast.stmt],
    wanted: set[str],
    binds: Mapping[ast.stmt, frozenset[str]],
) -> bool:
    function = program.function_of[statement]
    if function is not None and function.name not in wanted and program.block_of[function].owner is program.tree:
        return False  # of a function without an effective statement
    if isinstance(statement, _JUMPS):
        return program.loop_of[statement] in found
    if isinstance(statement, _ENDS) or not wanted.isdisjoint(binds[statement]):
        return True
    return any(program.block_of[inner].owner in (statement, *getattr(statement, "handlers", ())) for inner in found)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement binds, or whose values it may change; a bare call counts as output."""
    if isinstance(statement, DEFINITIONS):
        yield statement.name
    for node in own_nodes(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.alias(asname=str(name)) | ast.alias(name=name):
                yield name
            case ast.Subscript(ctx=ast.Store() | ast.Del(), value=value) | ast.Attribute(ctx=ast.Store(), value=value):
                yield from names_in(value)
            case ast.Call() if isinstance(statement, ast.Expr):
                yield from names_in(node)
