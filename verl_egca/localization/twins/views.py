"""The reference in other words: the same program with one of two common ways to write a thing replaced by the other.

A candidate that is written in another way than the reference often meets one of these halfway. All views mean what the
reference means up to evaluation order and types; they are only ever read, never run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection

from verl_egca.localization.twins.copies import clone
from verl_egca.localization.twins.inlining import inline_helpers, inline_temporaries
from verl_egca.localization.twins.loops import (
    collecting,
    counting_loops,
    element_loops,
    flags,
    folded,
    guards,
    written_out,
)
from verl_egca.localization.twins.scopes import scopes

Rewrite = Callable[[list[ast.stmt]], list[ast.stmt]]


def views(reference: ast.Module, kept: Collection[str]) -> list[ast.Module]:
    """The reference itself first, then without helpers and temporaries, with loops for comprehensions, and the reverse.

    The functions ``kept`` are those that the candidate has too.
    """
    inlined = clone(reference)
    _inline(inlined, kept)
    direct = _everywhere(clone(inlined), guards)
    plain = clone(reference)
    for _ in range(3):
        for function in _function_nodes(plain):
            inline_temporaries(function)
        for rewrite in (guards, flags, counting_loops, element_loops, collecting):
            _everywhere(plain, rewrite)
        _inline(plain, kept)
    loops = _everywhere(clone(plain), written_out)
    short = _everywhere(_everywhere(clone(plain), folded), folded)
    for function in _function_nodes(short):
        inline_temporaries(function)
    distinct: dict[str, ast.Module] = {}
    for view in (clone(reference), inlined, direct, plain, loops, short):
        distinct.setdefault(ast.dump(view), view)
    return list(distinct.values())


def _inline(tree: ast.Module, kept: Collection[str]) -> None:
    for _ in range(3):
        if not inline_helpers(tree, kept):
            break


def _everywhere(tree: ast.Module, rewrite: Rewrite) -> ast.Module:
    """Rewrites every block, inner ones first."""
    for owner in reversed(list(ast.walk(tree))):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(owner, field, None)
            if isinstance(body, list) and body:
                setattr(owner, field, rewrite(body))
    return tree


def _function_nodes(tree: ast.Module) -> list[ast.Module | ast.FunctionDef | ast.AsyncFunctionDef]:
    return [scope.node for scope in scopes(tree).values()]
