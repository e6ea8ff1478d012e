"""Finds variables that may hold an iterator: a read consumes it, so it can be neither read twice nor moved."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.rewrites.names import PURE_METHODS

LAZY_BUILTINS = frozenset({"iter", "map", "filter", "zip", "reversed", "enumerate", "open"})


def lazy_names(tree: ast.AST, eager: frozenset[str]) -> frozenset[str]:
    """Names bound to a lazy builtin, a generator, or the result of a function outside ``eager``.

    ``eager`` are the functions that are known to return real values. Parameters also count as real values.
    """
    names: set[str] = set()
    for node in ast.walk(tree):
        targets: ast.AST
        match node:
            case (
                ast.Assign(value=ast.expr() as value)
                | ast.AnnAssign(value=ast.expr() as value)
                | ast.NamedExpr(value=value)
            ):
                targets, lazy = node, _is_generator(value) or _unknown(value, eager - LAZY_BUILTINS)
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                # enumerate and zip yield real values, groupby does not
                targets, lazy = target, _unknown(value, eager | LAZY_BUILTINS)
            case _:
                continue
        if lazy:
            names |= set(_stored(targets))
    return frozenset(names)


def _is_generator(value: ast.expr) -> bool:
    return isinstance(value, ast.GeneratorExp)


def _unknown(value: ast.expr, eager: frozenset[str]) -> bool:
    """Whether a call in the expression may return an iterator."""
    return any(isinstance(part, ast.Call) and not _is_eager(part.func, eager) for part in ast.walk(value))


def _is_eager(function: ast.expr, eager: frozenset[str]) -> bool:
    match function:
        case ast.Name(id=name):
            return name in eager
        case ast.Attribute(value=ast.Name(id="math")):
            return True
        case ast.Attribute(attr=name):
            return name in PURE_METHODS
    return False


def _stored(node: ast.AST) -> Iterator[str]:
    yield from (part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
