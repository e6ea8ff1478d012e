"""The functions of a program, with the names that each binds and its statements in the order of their text."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

Owner = ast.AST  # what holds a block: a module, a function, a compound statement, a handler, a case
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
ENDING = (ast.Return, ast.Raise, ast.Break, ast.Continue)  # nothing after them in their block runs
_BLOCKS = ("body", "handlers", "cases", "orelse", "finalbody")


@dataclass(frozen=True, slots=True)
class Item:
    """A statement, and where it stands: in the block ``field`` of what is around it."""

    node: ast.stmt
    field: str
    parent: ast.stmt | None  # the compound statement around it, within its function


@dataclass(frozen=True, slots=True)
class Scope:
    """A function, or the module's own level under the name ``""``."""

    name: str
    node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef
    parameters: tuple[str, ...]
    names: frozenset[str]  # all that it binds, those of its comprehensions and lambdas too
    items: tuple[Item, ...]


def scopes(tree: ast.Module) -> dict[str, Scope]:
    """Every scope by its dotted name, the module's own level first."""
    found = {"": _scope("", tree)}
    for name, node in _functions(tree, ""):
        found.setdefault(name, _scope(name, node))
    return found


def entry_scope(entry_point: str | None, found: Collection[str]) -> str:
    """The scope that the tests call; "" if none is a function. A method of ``Solution`` may stand for a function."""
    dotted = (entry_point or "").replace("().", ".")
    return next((name for name in (dotted, f"Solution.{dotted}") if name in found), "")


def own_parameters(scope: Scope) -> tuple[str, ...]:
    """Without a method's ``self``."""
    is_method = "." in scope.name and scope.parameters[:1] in (("self",), ("cls",))
    return scope.parameters[1:] if is_method else scope.parameters


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def is_compound(node: ast.stmt) -> bool:
    return any(getattr(node, field, None) for field in _BLOCKS)


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> tuple[str, ...]:
    taken = function.args
    every = (*taken.posonlyargs, *taken.args, *taken.kwonlyargs, taken.vararg, taken.kwarg)
    return tuple(one.arg for one in every if one is not None)


def bound(node: ast.AST) -> Iterator[str]:
    """Names that a piece of code binds, nested functions' own excepted."""
    todo: list[ast.AST] = [node]
    while todo:
        inner = todo.pop()
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store | ast.Del):
            yield inner.id
        elif isinstance(inner, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and inner.name:
            yield inner.name
        elif isinstance(inner, ast.Lambda):
            yield from parameters(inner)
        if inner is node or not isinstance(inner, _DEFINITIONS):
            todo.extend(ast.iter_child_nodes(inner))


def _scope(name: str, node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> Scope:
    taken = () if isinstance(node, ast.Module) else parameters(node)
    return Scope(name, node, taken, frozenset([*taken, *bound(node)]), tuple(items(node)))


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _DEFINITIONS):
            name = f"{prefix}.{child.name}" if prefix else child.name
            if isinstance(child, _FUNCTIONS):
                yield name, child
            yield from _functions(child, name)
        elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from _functions(child, prefix)


def items(function: Owner) -> Iterator[Item]:
    """The statements of a function in the order of their text, those of functions within it left out."""
    yield from _items(function, None)


def _items(owner: Owner, parent: ast.stmt | None) -> Iterator[Item]:
    for field in _BLOCKS:
        for node in getattr(owner, field, None) or []:
            if not isinstance(node, ast.stmt):
                yield from _items(node, parent)
            elif not (isinstance(node, _DEFINITIONS) or is_docstring(node)):
                yield Item(node, field, parent)
                yield from _items(node, node)
