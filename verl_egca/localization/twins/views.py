"""Views: the reference in other words, with one common form of code replaced by another.

A candidate in another form than the reference is often nearer to one of these. All views have the reference's meaning
up to evaluation order and types; they are only read, never run.
"""

from __future__ import annotations

import ast
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence

from verl_egca.localization.twins.helpers import inline_helpers
from verl_egca.localization.twins.patterns import rewrite
from verl_egca.localization.twins.temporaries import named, without_temporaries
from verl_egca.localization.twins.trees import clone

Rewrite = Callable[[list[ast.stmt]], list[ast.stmt]]
# the long form of a block, and its short form
_IDIOMS = (
    ("$r = []\nfor $nest in _:\n    $r.append($a)", "$r = [$a for $nest in _]"),
    ("$r = set()\nfor $nest in _:\n    $r.add($a)", "$r = {$a for $nest in _}"),
    ("$r = {}\nfor $nest in _:\n    $r[$k] = $a", "$r = {$k: $a for $nest in _}"),
    ("$r = 0\nfor $nest in _:\n    $r += $a", "$r = sum(($a for $nest in _))"),
    ("for $nest in _:\n    if $c:\n        return True\nreturn False", "return any(($c for $nest in _))"),
    ("for $nest in _:\n    if $not_c:\n        return False\nreturn True", "return all(($c for $nest in _))"),
    ("if $c:\n    return $a\nelse:\n    return $b", "return $a if $c else $b"),
    ("if $c:\n    $r = $a\nelse:\n    $r = $b", "$r = $a if $c else $b"),
    ("if $c:\n    $r += $a\nelse:\n    $r += $b", "$r += $a if $c else $b"),
    ("if $c:\n    $r.append($a)\nelse:\n    $r.append($b)", "$r.append($a if $c else $b)"),
)

shortened = tuple(rewrite(long, short) for long, short in _IDIOMS)
written_out = tuple(rewrite(short, long) for long, short in _IDIOMS)


class Reference:
    """A parsed reference with cached views: all candidates of a problem are compared with the same views."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self._made: dict[str, ast.Module] = {}
        self._coming, self._lock = _views(tree), threading.Lock()

    @property
    def views(self) -> Iterator[ast.Module]:
        """The reference; then without temporaries and helpers, in short, and in long form. Each once, made on demand."""
        for place in itertools.count():
            with self._lock:
                while len(self._made) <= place:
                    view = next(self._coming, None)
                    if view is None:
                        return
                    self._made.setdefault(ast.dump(view), view)
                view = list(self._made.values())[place]
            yield view


def _views(reference: ast.Module) -> Iterator[ast.Module]:
    yield clone(reference)
    view = clone(reference)
    _inline(view)
    yield clone(view)
    for _ in range(3):
        _inline(_rewrite(view, shortened))
    yield clone(view)
    yield _rewrite(view, (named, *written_out))


def _inline(tree: ast.Module) -> None:
    without_temporaries(tree)
    inline_helpers(tree)


def _rewrite(tree: ast.Module, rewrites: Sequence[Rewrite]) -> ast.Module:
    """Rewrites every block, inner blocks first."""
    for owner in reversed(list(ast.walk(tree))):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(owner, field, None)
            if isinstance(body, list) and body:
                for one in rewrites:
                    body = one(body)
                setattr(owner, field, body)
    return tree
