"""Small constructors of syntax trees; ``ast.fix_missing_locations`` sets the positions."""

from __future__ import annotations

import ast
import copy
from typing import TypeVar

Node = TypeVar("Node", bound=ast.AST)

FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


def clone(node: Node) -> Node:
    return copy.deepcopy(node)


def load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def store(name: str) -> ast.Name:
    return ast.Name(name, ast.Store())


def constant(value: object) -> ast.Constant:
    return ast.Constant(value)  # type: ignore[arg-type]


def assign(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([store(name)], value)


def augment(name: str, operator: ast.operator, value: ast.expr) -> ast.AugAssign:
    return ast.AugAssign(store(name), operator, value)


def call(function: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(load(function), list(arguments), [])


def method(owner: str, name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(load(owner), name, ast.Load()), list(arguments), [])


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.Compare:
    return ast.Compare(left, [operator], [right])


def if_(test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt] | None = None) -> ast.If:
    return ast.If(test, body, orelse or [])


def negated(test: ast.expr) -> ast.expr:
    """The negation, for places where only truth counts. ``<`` does not become ``>=``, since NaN fails both."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in FLIPPED:
        return ast.Compare(test.left, [FLIPPED[type(test.ops[0])]()], test.comparators)
    return ast.UnaryOp(ast.Not(), test)


def same(first: ast.AST, second: ast.AST) -> bool:
    return ast.dump(first) == ast.dump(second)


def is_name(node: ast.AST | None, name: str | None = None) -> bool:
    return isinstance(node, ast.Name) and name in (None, node.id)


def assigned_name(statement: ast.stmt) -> str | None:
    """``x`` for ``x = value``."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None


def is_empty(value: ast.expr, kind: str) -> bool:
    """Whether the value is a new empty ``list``, ``set`` or ``dict``, as a display or a call."""
    if isinstance(value, ast.Call):
        return is_name(value.func, kind) and not value.args and not value.keywords
    displays: dict[str, bool] = {
        "list": isinstance(value, ast.List) and not value.elts,
        "dict": isinstance(value, ast.Dict) and not value.keys,
    }
    return displays.get(kind, False)


def leaves(statement: ast.stmt) -> bool:
    """Whether control never passes the end of the statement."""
    if isinstance(statement, ast.Return | ast.Raise | ast.Continue | ast.Break):
        return True
    if isinstance(statement, ast.If):
        return bool(statement.orelse) and leaves(statement.body[-1]) and leaves(statement.orelse[-1])
    return False
