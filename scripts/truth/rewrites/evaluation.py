"""Movable code: expressions without effects, and the places of a statement that are evaluated first and always.

"Pure" holds for builtin types. A property, an operator or a ``__len__`` with side effects breaks it, so the caller runs
the tests of the result. The order of two exceptions may change.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from truth.rewrites.names import PURE_BUILTINS, PURE_METHODS
from truth.rewrites.program import Program

PURE_MODULES = frozenset(
    ["math", "re", "string", "hashlib", "collections", "itertools", "functools", "operator", "heapq", "bisect"]
)
IMPURE_FUNCTIONS = frozenset(
    ["heappush", "heappop", "heapify", "heapreplace", "heappushpop", "insort", "insort_left", "insort_right"]
)


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of an expression in its parent. ``first``: only plain names are evaluated before it."""

    parent: ast.AST
    field: str
    index: int | None
    first: bool

    @property
    def node(self) -> ast.expr:
        held = getattr(self.parent, self.field)
        node = held if self.index is None else held[self.index]
        assert isinstance(node, ast.expr)
        return node

    def put(self, node: ast.expr) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def pure(node: ast.AST, program: Program) -> bool:
    """Whether the expression changes nothing, consumes nothing and depends only on its variables."""
    for part in ast.walk(node):
        if isinstance(part, ast.NamedExpr | ast.Yield | ast.YieldFrom | ast.Await):
            return False
        if isinstance(part, ast.Name) and part.id in program.lazy:
            return False
        if isinstance(part, ast.Call) and not _pure_call(part, program):
            return False
    return True


def leading(statement: ast.stmt, program: Program) -> Iterator[Slot]:
    """The expressions that a statement evaluates exactly once, each with only pure expressions evaluated before it."""
    root = _root(statement, program)
    if root is not None:
        found: list[Slot] = []
        _descend(root, program, found)
        yield from found


def _root(statement: ast.stmt, program: Program) -> Slot | None:
    match statement:
        case ast.Assign() | ast.Return(value=ast.expr()) | ast.Expr() | ast.AnnAssign(value=ast.expr()):
            return Slot(statement, "value", None, True)
        case ast.AugAssign(target=target):
            return Slot(statement, "value", None, isinstance(target, ast.Name)) if pure(target, program) else None
        case ast.If():
            return Slot(statement, "test", None, True)
        case ast.For():
            return Slot(statement, "iter", None, True)
    return None


def _descend(slot: Slot, program: Program, found: list[Slot]) -> None:
    found.append(slot)
    first = slot.first
    for parent, field, index in _always(slot.node):
        child = Slot(parent, field, index, first)
        _descend(child, program, found)
        if not pure(child.node, program):
            return
        first = first and _plain(child.node)


def _always(node: ast.expr) -> Iterator[tuple[ast.AST, str, int | None]]:
    """The children that are evaluated whenever the node is, in order, up to the first that may be skipped."""
    match node:
        case ast.BinOp():
            yield node, "left", None
            yield node, "right", None
        case ast.BoolOp():
            yield node, "values", 0
        case ast.Compare():
            yield node, "left", None
            yield node, "comparators", 0
        case ast.Call():
            yield node, "func", None
            for index, argument in enumerate(node.args):
                yield (argument, "value", None) if isinstance(argument, ast.Starred) else (node, "args", index)
            for word in node.keywords:
                yield word, "value", None
        case ast.IfExp():
            yield node, "test", None
        case ast.UnaryOp():
            yield node, "operand", None
        case ast.Subscript():
            yield node, "value", None
            if not isinstance(node.slice, ast.Slice):
                yield node, "slice", None
            else:
                yield from (
                    (node.slice, edge, None) for edge in ("lower", "upper", "step") if getattr(node.slice, edge)
                )
        case ast.Attribute():
            yield node, "value", None
        case ast.Tuple() | ast.List() | ast.Set():
            for index, element in enumerate(node.elts):
                yield (element, "value", None) if isinstance(element, ast.Starred) else (node, "elts", index)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            yield node.generators[0], "iter", None
        case ast.JoinedStr():
            for value in node.values:
                if isinstance(value, ast.FormattedValue):
                    yield value, "value", None


def _plain(node: ast.expr) -> bool:
    return isinstance(node, ast.Name | ast.Constant) or (isinstance(node, ast.Attribute) and _plain(node.value))


def _pure_call(node: ast.Call, program: Program) -> bool:
    match node.func:
        case ast.Name(id=name):
            return name in PURE_BUILTINS and program.is_builtin(name)
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in PURE_MODULES:
            return name not in IMPURE_FUNCTIONS
        case ast.Attribute(attr=name):
            return name in PURE_METHODS
    return False
