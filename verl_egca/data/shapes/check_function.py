"""Tests in a function ``check(candidate)``, as in HumanEval and others."""

from __future__ import annotations

import ast

from verl_egca.data.rows import BadInput
from verl_egca.data.shapes.entry_points import entry_point
from verl_egca.data.shapes.read_row import ReadRow
from verl_egca.data.shapes.shape import Judging
from verl_egca.problem import AssertionTests
from verl_egca.statements import parse


def defines_check(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in tree.body)


def calls_check(tree: ast.Module) -> bool:
    return any(_called_with(node) is not None for node in tree.body)


def judging_of_check(read: ReadRow, key: str, tree: ast.Module, entry: str | None, preamble: str = "") -> Judging:
    """Call ``check`` with the row's entry point, else with that of the source's own call of ``check``.

    The preamble is part of the tests' set-up, too: they use its helpers.

    Raises:
        BadInput: neither names an entry point.
    """
    calls = [node for node in tree.body if _called_with(node) is not None]
    kept = [node for node in tree.body if node not in calls]
    setup = preamble + ast.unparse(ast.Module(kept, []))
    if entry is None and len(calls) == 1:
        argument = _called_with(calls[0])
        assert argument is not None
        try:
            entry = entry_point(read, key, ast.unparse(argument))
        except BadInput:
            pass  # called with another expression: the call stays unchanged
    if entry is not None:
        return Judging(AssertionTests(setup=setup, assertions=(f"check({called(entry)})",)), entry, preamble)
    if not calls:
        raise read.bad("entry_point", f"is missing, and {key} does not call check; name the function")
    return Judging(AssertionTests(setup=setup, assertions=tuple(map(ast.unparse, calls))), None, preamble)


def called(entry: str) -> str:
    """An entry point in assertions: its name, or ``candidate`` for a method."""
    return entry if entry.isidentifier() else "candidate"


def source_of(read: ReadRow, key: str) -> tuple[str, ast.Module]:
    """The Python under ``key``. Raises BadInput."""
    source = read.text(key)
    tree = parse(source, limit=None)
    if tree is None:
        raise read.bad(key, f"is not Python: {source[:80]!r}")
    return source, tree


def _called_with(node: ast.stmt) -> ast.expr | None:
    match node:
        case ast.Expr(ast.Call(func=ast.Name(id="check"), args=[argument], keywords=[])):
            return argument
    return None
