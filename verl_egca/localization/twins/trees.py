"""Syntax trees: their functions, the functions' names, the statements in the order of the text, and copies."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
ENDING = (ast.Return, ast.Raise, ast.Break, ast.Continue)  # no later statement of their block runs
BLOCKS = ("body", "handlers", "cases", "orelse", "finalbody")
_Node = TypeVar("_Node", bound=ast.AST)


@dataclass(frozen=True, slots=True)
class Item:
    """A statement and its place: the block ``field`` of the compound statement around it, within its function."""

    node: ast.stmt
    field: str
    parent: ast.stmt | None


@dataclass(frozen=True, slots=True)
class Scope:
    """A function, or the module's own level under the name ``""``."""

    name: str
    node: ast.Module | Function
    parameters: tuple[str, ...]
    names: frozenset[str]  # all bound names, including those of comprehensions and lambdas
    items: tuple[Item, ...]

    @property
    def own_parameters(self) -> tuple[str, ...]:
        """The parameters without a method's ``self``."""
        is_method = "." in self.name and self.parameters[:1] in (("self",), ("cls",))
        return self.parameters[1:] if is_method else self.parameters


def scopes(tree: ast.Module) -> dict[str, Scope]:
    """Every scope by its dotted name, the module's own level first."""
    found = {"": _scope("", tree)}
    for name, node in _functions(tree, ""):
        found.setdefault(name, _scope(name, node))
    return found


def entry_scope(entry_point: str | None, found: Collection[str]) -> str:
    """The scope that the tests call; "" if it is no function. A method of ``Solution`` may replace a function."""
    dotted = (entry_point or "").replace("().", ".")
    return next((name for name in (dotted, f"Solution.{dotted}") if name in found), "")


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def is_compound(node: ast.stmt) -> bool:
    return any(getattr(node, field, None) for field in BLOCKS)


def parameters(function: Function | ast.Lambda) -> tuple[str, ...]:
    taken = function.args
    every = (*taken.posonlyargs, *taken.args, *taken.kwonlyargs, taken.vararg, taken.kwarg)
    return tuple(one.arg for one in every if one is not None)


def names_in(node: ast.AST, *contexts: type[ast.expr_context]) -> Iterator[str]:
    """The variables of a piece of code, outer ones first; with ``contexts``, only those loaded, stored or deleted."""
    kinds = contexts or ast.expr_context
    return (one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, kinds))


def bound(node: ast.AST) -> Iterator[str]:
    """Names that a piece of code binds, except the own names of nested functions."""
    todo: list[ast.AST] = [node]
    while todo:
        inner = todo.pop()
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store | ast.Del):
            yield inner.id
        elif isinstance(inner, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and inner.name:
            yield inner.name
        elif isinstance(inner, ast.Lambda):
            yield from parameters(inner)
        if inner is node or not isinstance(inner, DEFINITIONS):
            todo.extend(ast.iter_child_nodes(inner))


def items(owner: ast.AST, parent: ast.stmt | None = None) -> Iterator[Item]:
    """The statements of a function in the order of their text, without those of nested functions."""
    for field in BLOCKS:
        for node in getattr(owner, field, None) or []:
            if not isinstance(node, ast.stmt):
                yield from items(node, parent)
            elif not (isinstance(node, DEFINITIONS) or is_docstring(node)):
                yield Item(node, field, parent)
                yield from items(node, node)


def own_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement, without the statements in it."""
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        yield node
        inner = ast.iter_child_nodes(node)
        todo += [one for one in inner if not isinstance(one, ast.stmt | ast.excepthandler | ast.match_case)]


def clone(node: _Node) -> _Node:
    """A copy of the whole tree, many times faster than ``copy.deepcopy``."""
    copy: _Node = _clone(node)
    return copy


def unparsed(node: ast.AST) -> str | None:
    """The code as text; None for code without a text, such as an f-string with a backslash in it."""
    try:
        return ast.unparse(node)
    except (ValueError, RecursionError, AttributeError):
        return None


def _clone(value: Any) -> Any:
    if isinstance(value, list):
        return [_clone(item) for item in value]
    if not isinstance(value, ast.AST) or isinstance(value, ast.expr_context):
        return value
    new = type(value).__new__(type(value))
    new.__dict__ |= {
        name: _clone(field) if isinstance(field, ast.AST | list) else field for name, field in value.__dict__.items()
    }
    return new


def _scope(name: str, node: ast.Module | Function) -> Scope:
    taken = () if isinstance(node, ast.Module) else parameters(node)
    return Scope(name, node, taken, frozenset([*taken, *bound(node)]), tuple(items(node)))


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, DEFINITIONS):
            name = f"{prefix}.{child.name}" if prefix else child.name
            if isinstance(child, FUNCTIONS):
                yield name, child
            yield from _functions(child, name)
        elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from _functions(child, prefix)
