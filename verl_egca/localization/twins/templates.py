"""Statements with variables in them: what they match, and the statements that another template makes of it.

``$a`` is an expression, the same one wherever it stands; ``not $a`` is any test, ``$a`` its opposite. ``for $nest in _`` is a
loop, or loops and conditions each of which holds the next alone; in a comprehension they are its loops and conditions.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from verl_egca.localization.twins.shapes import negated
from verl_egca.localization.twins.trees import clone, names_in

Block = list[ast.stmt]
_MARK, _NEST = "__", "__nest"  # what variables' names begin with in trees
_IGNORED = frozenset({"ctx", "kind", "type_comment"})
_Bound = dict[str, Any]


def rewrite(before: str, after: str) -> Callable[[Block], Block]:
    """A function that rewrites a block: statements that match ``before`` become those of ``after``.

    Where the first of these sets a name, other statements that do without it may stand between them. Raises SyntaxError.
    """
    pattern, replacement = _parsed(before), _parsed(after)

    def rewritten(body: Block) -> Block:
        start = 0
        while start < len(body):
            bound: _Bound = {}
            if places := _places(pattern, body, start, bound):
                between = [node for at, node in enumerate(body[: places[-1]]) if at > start and at not in places]
                body = [*body[:start], *between, *Filling(bound).block(replacement), *body[places[-1] + 1 :]]
            start += 1
        return body

    return rewritten


def _parsed(text: str) -> Block:
    return ast.parse(text.replace("$", _MARK)).body


def _places(pattern: Block, body: Block, start: int, bound: _Bound) -> list[int] | None:
    """Where the statements of the pattern are, the first of them at ``start``."""
    places: list[int] = []
    at = start
    for part in pattern:
        while at < len(body) and not _matches(part, body[at], trial := dict(bound)):
            if not places or not isinstance(pattern[0], ast.Assign) or _mentions(body[at], body[start]):
                return None
            at += 1
        if at == len(body):
            return None
        bound |= trial
        places.append(at)
        at += 1
    return places


def _mentions(node: ast.stmt, assignment: ast.stmt) -> bool:
    """Whether a statement has to do with what an assignment sets."""
    return not set(names_in(assignment, ast.Store)).isdisjoint(names_in(node))


def _matches(pattern: Any, node: Any, bound: _Bound) -> bool:
    match pattern:
        case ast.Name(id=name) if name.startswith(_MARK):
            return isinstance(node, ast.expr) and _is_same(bound.setdefault(name, node), node)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name() as operand):
            return isinstance(node, ast.expr) and _matches(operand, negated(node), bound)
        case ast.For(target=ast.Name(id=name), body=[inner]) if name == _NEST:
            return _matches_nest(inner, node, bound)
        case [ast.comprehension(target=ast.Name(id=name))] if name == _NEST:
            bound[name] = node
            return True
        case list():
            return len(pattern) == len(node) and all(map(_matches, pattern, node, [bound] * len(node)))
        case ast.AST():
            fields = (field for field in pattern._fields if field not in _IGNORED)
            return type(pattern) is type(node) and all(
                _matches(getattr(pattern, field), getattr(node, field), bound) for field in fields
            )
    return type(pattern) is type(node) and bool(pattern == node)


def _is_same(one: ast.expr, other: ast.expr) -> bool:
    return one is other or ast.dump(one).replace("Store()", "Load()") == ast.dump(other).replace("Store()", "Load()")


def _matches_nest(inner: ast.stmt, node: ast.stmt, bound: _Bound) -> bool:
    parts: list[ast.comprehension] = []
    while True:
        match node:
            case ast.For(target=target, iter=over, body=[child], orelse=[]):
                parts.append(ast.comprehension(target, over, [], 0))
            case ast.If(test=test, body=[child], orelse=[]) if parts:
                parts[-1].ifs.append(test)
            case _:
                return False
        node, trial = child, dict(bound)
        if _matches(inner, node, trial):
            bound |= {**trial, _NEST: parts}
            return True


class Filling(ast.NodeTransformer):
    """Puts in for names what they stand for; in a template the names are its variables."""

    def __init__(self, bound: _Bound) -> None:
        self._bound = bound

    def block(self, template: Block) -> Block:
        module = clone(ast.Module(template, []))
        self.generic_visit(module)
        return module.body

    def visit_Name(self, node: ast.Name) -> ast.AST:
        new: ast.expr = clone(self._bound.get(node.id, node))
        if isinstance(new, ast.Name | ast.Attribute | ast.Subscript | ast.Tuple | ast.List | ast.Starred):
            new.ctx = node.ctx
        return new

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return negated(node.operand) if isinstance(node.op, ast.Not) else node

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        is_nest = isinstance(node.target, ast.Name) and node.target.id == _NEST
        return self._nest() if is_nest else self.generic_visit(node)

    def _nest(self) -> list[ast.comprehension]:
        return [clone(part) for part in self._bound[_NEST]]

    def visit_For(self, node: ast.For) -> ast.AST:
        if not isinstance(node.target, ast.Name) or node.target.id != _NEST:
            return self.generic_visit(node)
        (innermost,) = self.block(node.body)
        for part in reversed(self._nest()):
            for test in reversed(part.ifs):
                innermost = ast.If(test, [innermost], [], lineno=1)
            innermost = ast.For(part.target, part.iter, [innermost], [], lineno=1)
        return innermost
