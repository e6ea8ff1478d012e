"""Statements that a proof leaves without effect: had they done what they should, it could have used them.

What takes effect is found by names alone, without regard to the order of statements: what is returned, raised or shown, what
binds or changes a name that it reads, and the loops, branches and functions around.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

from verl_egca.localization.twins.edits import Edit, applied
from verl_egca.localization.twins.program import Program
from verl_egca.localization.twins.trees import DEFINITIONS, names_in, own_nodes

_ENDS = (ast.Return, ast.Raise, ast.Assert, ast.Delete)
_JUMPS = (ast.Break, ast.Continue)


def left_unused(program: Program, edits: Sequence[Edit], entry_point: str | None) -> list[ast.stmt]:
    """Statements of the program that the edits leave as they are, and that take effect in it but not in its twin."""
    return _left_unused(program, edits, entry_point, _effective(program, entry_point))


def unused_share(program: Program, edits: Sequence[Edit], entry_point: str | None) -> float:
    """The share of `left_unused` among the statements that take effect, in [0, 1]."""
    effective = _effective(program, entry_point)
    return len(_left_unused(program, edits, entry_point, effective)) / max(1, len(effective))


def _left_unused(
    program: Program, edits: Sequence[Edit], entry_point: str | None, effective: Iterable[ast.stmt]
) -> list[ast.stmt]:
    try:
        twin = Program(applied(program.source, edits))
    except ValueError:
        return []
    kept = _effective(twin, entry_point)
    found = []
    for statement in effective:
        start = program.span(statement)[0]
        if not any(edit.start <= start < edit.end for edit in edits):
            moved = start + sum(len(edit.text) - (edit.end - edit.start) for edit in edits if edit.end <= start)
            if twin.statement_at(moved) not in kept:
                found.append(statement)
    return found


def _effective(program: Program, entry_point: str | None) -> dict[ast.stmt, None]:
    """In the order of the text."""
    wanted = {*re.findall(r"\w+", entry_point or ""), "Solution", "print"}
    found: set[ast.stmt] = set()
    statements = [one for one in program.statements() if not isinstance(one, ast.Pass)]
    while True:
        more = [one for one in statements if one not in found and _takes_effect(program, one, found, wanted)]
        if not more:
            return dict.fromkeys(one for one in statements if one in found)
        for one in more:
            found.add(one)
            if not isinstance(one, DEFINITIONS):
                wanted |= {node.id for node in own_nodes(one) if isinstance(node, ast.Name)}


def _takes_effect(program: Program, statement: ast.stmt, found: set[ast.stmt], wanted: set[str]) -> bool:
    function = program.function_of[statement]
    if function is not None and function.name not in wanted and program.block_of[function].owner is program.tree:
        return False  # of a function that nothing comes to
    if isinstance(statement, _JUMPS):
        return program.loop_of[statement] in found
    if isinstance(statement, _ENDS) or any(name in wanted for name in _bound(statement)):
        return True
    return any(program.block_of[inner].owner in (statement, *getattr(statement, "handlers", ())) for inner in found)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement binds, or whose values it may change; what it calls for its own sake counts as shown."""
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
