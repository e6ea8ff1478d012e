"""Functions and variables that are used once, written out where they are used."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection
from typing import TypeVar

from verl_egca.localization.twins.copies import clone
from verl_egca.localization.twins.scopes import bound, is_docstring, parameters

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BLOCKS = ("body", "orelse", "finalbody")
_Node = TypeVar("_Node", bound=ast.AST)


def inline_helpers(tree: ast.Module, kept: Collection[str]) -> bool:
    """Calls of module-level helpers (but not of those ``kept``) become what they compute; True if there was one."""
    defined = Counter(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    helpers = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and node.name not in kept
        and defined[node.name] == 1
        and not node.decorator_list
        and _is_plain(node)
        and node.name not in {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    }
    inliner = _Inliner(helpers)
    for function in tree.body:
        if isinstance(function, ast.FunctionDef):
            function.body = inliner.block(function.body, frozenset([*parameters(function), *bound(function)]))
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    if inliner.count:
        tree.body = [
            n for n in tree.body if not (isinstance(n, ast.FunctionDef) and n.name in helpers and n.name not in used)
        ]
    return inliner.count > 0


def _is_plain(node: ast.FunctionDef) -> bool:
    arguments = node.args
    odd = arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.defaults
    inner = [n for statement in node.body for n in ast.walk(statement)]
    return not odd and not any(
        isinstance(n, (*_DEFINITIONS, ast.Yield, ast.YieldFrom, ast.Global, ast.Nonlocal)) for n in inner
    )


class _Inliner(ast.NodeTransformer):
    def __init__(self, helpers: dict[str, ast.FunctionDef]) -> None:
        self._helpers = helpers
        self._names: frozenset[str] = frozenset()
        self.count = 0

    def block(self, body: list[ast.stmt], names: frozenset[str]) -> list[ast.stmt]:
        self._names = names
        return [new for node in body for new in self._statement(node)]

    def _statement(self, node: ast.stmt) -> list[ast.stmt]:
        match node:
            case ast.Return(value=ast.Call() as call):
                body = self._body(call)
                if body is not None:
                    return body
            case ast.Assign(targets=[_], value=ast.Call() as call):
                body = self._body(call)
                if body and isinstance(body[-1], ast.Return) and body[-1].value and _returns(body) == 1:
                    return [*body[:-1], ast.Assign(node.targets, body[-1].value, lineno=node.lineno)]
        for field in _BLOCKS:
            inner = getattr(node, field, None)
            if isinstance(inner, list) and not isinstance(node, _DEFINITIONS):
                setattr(node, field, [new for child in inner for new in self._statement(child)])
        for name, value in ast.iter_fields(node):
            if name in _BLOCKS and not isinstance(node, _DEFINITIONS):
                continue
            if isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
            elif isinstance(value, list):
                value[:] = [self.visit(v) if isinstance(v, ast.AST) else v for v in value]
        return [node]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        helper = self._helper(node)
        if helper is None:
            return node
        body = [s for s in helper.body if not is_docstring(s)]
        match body:
            case [ast.Return(value=ast.expr() as value)]:
                self.count += 1
                return _substituted(value, dict(zip(parameters(helper), node.args, strict=True)))
        return node

    def _helper(self, call: ast.Call) -> ast.FunctionDef | None:
        helper = self._helpers.get(call.func.id) if isinstance(call.func, ast.Name) else None
        if helper is None or call.keywords or len(call.args) != len(helper.args.args):
            return None
        return None if any(isinstance(argument, ast.Starred) for argument in call.args) else helper

    def _body(self, call: ast.Call) -> list[ast.stmt] | None:
        helper = self._helper(call)
        if helper is None:
            return None
        body = [s for s in helper.body if not is_docstring(s)]
        if len(body) == 1 and isinstance(body[0], ast.Return):
            return None
        names = {name for statement in body for name in bound(statement)}
        given: dict[str, ast.expr] = {}
        first: list[ast.stmt] = []
        for name, argument in zip(parameters(helper), call.args, strict=True):
            if name in names and not (isinstance(argument, ast.Name) and argument.id == name):
                first.append(ast.Assign([ast.Name(name, ast.Store())], argument, lineno=call.lineno))
            else:
                given[name] = argument
        if (names & self._names) - {a.id for a in call.args if isinstance(a, ast.Name)}:
            return None  # a name would come to mean two things
        self.count += 1
        return [*first, *(_substituted(statement, given) for statement in body)]


class _Substitution(ast.NodeTransformer):
    def __init__(self, given: dict[str, ast.expr]) -> None:
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self._given:
            return clone(self._given[node.id])
        return node


def _substituted(node: _Node, given: dict[str, ast.expr]) -> _Node:
    result: _Node = _Substitution(given).visit(clone(node))
    return result


def _returns(body: list[ast.stmt]) -> int:
    return sum(isinstance(n, ast.Return) for statement in body for n in ast.walk(statement))


# ------------------------------------------------------------ temporaries


def inline_temporaries(function: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """A name that is set once and read once, a few statements on in the same block, gives way to its value."""
    names = [n for n in ast.walk(function) if isinstance(n, ast.Name)]
    stores = Counter(n.id for n in names if isinstance(n.ctx, ast.Store))
    loads = Counter(n.id for n in names if isinstance(n.ctx, ast.Load))
    once = {name for name, count in stores.items() if count == 1 and loads[name] == 1}
    for owner in ast.walk(function):
        for field in _BLOCKS:
            body = getattr(owner, field, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                body[:] = _without_temporaries(body, once) or body


def _without_temporaries(body: list[ast.stmt], once: set[str]) -> list[ast.stmt]:
    result = list(body)
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in once:
                index = result.index(node)
                reads = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
                for later in range(index + 1, len(result)):
                    if _reads(result[later], name):
                        _Substitution({name: value}).visit(result[later])
                        del result[index]
                        break
                    if name in {n.id for n in ast.walk(result[later]) if isinstance(n, ast.Name)}:
                        break
                    if reads & _touched(result[later]):
                        break
    return result


def _reads(node: ast.stmt, name: str) -> bool:
    """Whether the statement reads the name outside of what it may run more than once or later."""
    todo: list[ast.AST] = [node]
    while todo:
        inner = todo.pop()
        if isinstance(inner, ast.Name) and inner.id == name:
            return True
        if isinstance(inner, ast.For | ast.AsyncFor):
            todo.append(inner.iter)
        elif not isinstance(inner, (ast.While, ast.Lambda, ast.comprehension, ast.Try, *_DEFINITIONS)):
            todo.extend(ast.iter_child_nodes(inner))
    return False


def _touched(node: ast.stmt) -> set[str]:
    """Names that the statement binds, or whose objects it may change."""
    names = set(bound(node))
    for inner in ast.walk(node):
        if isinstance(inner, ast.Expr) or (
            isinstance(inner, ast.Subscript | ast.Attribute) and isinstance(inner.ctx, ast.Store | ast.Del)
        ):
            names.update(n.id for n in ast.walk(inner) if isinstance(n, ast.Name))
    return names
