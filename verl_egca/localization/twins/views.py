"""The reference in other words: the same program with one of two common ways to write a thing replaced by the other.

A candidate that is written in another way than the reference often meets one of these halfway. All views mean what the
reference means up to evaluation order and types; they are only ever read, never run.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Sequence

from verl_egca.localization.twins import idioms
from verl_egca.localization.twins.helpers import inline_helpers
from verl_egca.localization.twins.temporaries import named, without_temporaries
from verl_egca.localization.twins.trees import clone

Rewrite = Callable[[list[ast.stmt]], list[ast.stmt]]


class Reference:
    """A parsed reference, which remembers its views: all candidates of a problem are held against the same ones."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree

    @functools.cached_property
    def views(self) -> tuple[ast.Module, ...]:
        """The reference itself first; then without temporaries and helpers, in short, and at length. Each once."""
        made: dict[str, ast.Module] = {}
        for view in _views(self.tree):
            made.setdefault(ast.dump(view), view)
        return tuple(made.values())


def _views(reference: ast.Module) -> Iterator[ast.Module]:
    yield clone(reference)
    view = clone(reference)
    _inline(view)
    yield clone(view)
    for _ in range(3):
        _inline(_rewrite(view, idioms.shortened))
    yield clone(view)
    yield _rewrite(view, (named, *idioms.written_out))


def _inline(tree: ast.Module) -> None:
    without_temporaries(tree)
    inline_helpers(tree)


def _rewrite(tree: ast.Module, rewrites: Sequence[Rewrite]) -> ast.Module:
    """Of every block, inner ones first."""
    for owner in reversed(list(ast.walk(tree))):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(owner, field, None)
            if isinstance(body, list) and body:
                for rewrite in rewrites:
                    body = rewrite(body)
                setattr(owner, field, body)
    return tree
