"""The reference in other words: the same program with one of two common ways to write a thing replaced by the other.

A candidate that is written in another way than the reference often meets one of these halfway. All views mean what the
reference means up to evaluation order and types; they are only ever read, never run.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Collection, Iterator

from verl_egca.localization.twins.branches import augmented, branched, chosen, guards, merged
from verl_egca.localization.twins.copies import clone
from verl_egca.localization.twins.inlining import inline_helpers, inline_temporaries
from verl_egca.localization.twins.loops import collecting, counting_loops, element_loops, flags, folded, written_out
from verl_egca.localization.twins.scopes import scopes

Rewrite = Callable[[list[ast.stmt]], list[ast.stmt]]
_MOST_KEPT = 8  # sets of functions for which a reference's views are remembered


class Reference:
    """A parsed reference, which remembers its views: all candidates of a problem are held against the same ones."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self._views: dict[frozenset[str], tuple[list[ast.Module], Iterator[ast.Module]]] = {}
        self._lock = threading.Lock()

    def views(self, kept: frozenset[str]) -> Iterator[ast.Module]:
        """Copies, which the caller may change (see `views`); each is made when it is first asked for."""
        place = 0
        while True:
            with self._lock:
                if kept not in self._views:
                    if len(self._views) == _MOST_KEPT:
                        self._views.clear()
                    self._views[kept] = [], views(self.tree, kept)
                made, rest = self._views[kept]
                while len(made) <= place:
                    view = next(rest, None)
                    if view is None:
                        return
                    made.append(view)
            yield clone(made[place])
            place += 1


def views(reference: ast.Module, kept: Collection[str]) -> Iterator[ast.Module]:
    """The reference itself first, then without helpers and temporaries, with loops for comprehensions, and the reverse.

    The functions ``kept`` are those that the candidate has too. Each view is given once.
    """
    seen: set[str] = set()
    for view in _views(reference, kept):
        text = ast.dump(view)
        if text not in seen:
            seen.add(text)
            yield view


def _views(reference: ast.Module, kept: Collection[str]) -> Iterator[ast.Module]:
    yield clone(reference)
    inlined = clone(reference)
    _inline(inlined, kept)
    yield inlined
    yield _everywhere(clone(inlined), guards)
    plain = clone(reference)
    for _ in range(3):
        _without_temporaries(plain)
        for rewrite in (merged, guards, flags, augmented, counting_loops, element_loops, collecting):
            _everywhere(plain, rewrite)
        _inline(plain, kept)
    yield plain
    short = clone(plain)
    for _ in range(3):
        for rewrite in (folded, chosen):
            _everywhere(short, rewrite)
        _without_temporaries(short)
        _inline(short, kept)
    yield _everywhere(_everywhere(clone(short), written_out), branched)
    yield short


def _inline(tree: ast.Module, kept: Collection[str]) -> None:
    for _ in range(3):
        if not inline_helpers(tree, kept):
            break


def _without_temporaries(tree: ast.Module) -> None:
    for scope in scopes(tree).values():
        inline_temporaries(scope.node)


def _everywhere(tree: ast.Module, rewrite: Rewrite) -> ast.Module:
    """Rewrites every block, inner ones first."""
    for owner in reversed(list(ast.walk(tree))):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(owner, field, None)
            if isinstance(body, list) and body:
                setattr(owner, field, rewrite(body))
    return tree
