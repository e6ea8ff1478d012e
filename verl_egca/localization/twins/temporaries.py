"""Temporary names: replaced by their values, or given to comprehensions within a statement."""

from __future__ import annotations

import ast
from collections import Counter

from verl_egca.localization.twins.patterns import Filling
from verl_egca.localization.twins.trees import DEFINITIONS, bound, names_in, scopes


def without_temporaries(tree: ast.Module) -> None:
    """Replaces a name by its value if it is set once and read once, a few statements later in the same block."""
    for scope in scopes(tree).values():
        names = Counter((n.id, type(n.ctx)) for n in ast.walk(scope.node) if isinstance(n, ast.Name))
        once = {name for name, kind in names if names[name, ast.Store] == names[name, ast.Load] == 1}
        for owner in ast.walk(scope.node):
            for field in ("body", "orelse", "finalbody"):
                body = getattr(owner, field, None)
                if isinstance(body, list):
                    for node in list(body):
                        _inline(node, body, once)


def _inline(node: ast.stmt, body: list[ast.stmt], once: set[str]) -> None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in once:
            reads = set(names_in(value))
            for later in body[body.index(node) + 1 :]:
                if _reads(later, name):
                    Filling({name: value}).visit(later)
                    body.remove(node)
                    return
                if reads & _touched(later) or name in names_in(later):
                    return


def _reads(node: ast.stmt, name: str) -> bool:
    """Whether the statement reads the name outside of parts that may run repeatedly or later."""
    todo: list[ast.AST] = [node]
    while todo:
        inner = todo.pop()
        if isinstance(inner, ast.Name) and inner.id == name:
            return True
        if isinstance(inner, ast.For | ast.AsyncFor):
            todo.append(inner.iter)
        elif not isinstance(inner, (ast.While, ast.Lambda, ast.comprehension, ast.Try, *DEFINITIONS)):
            todo.extend(ast.iter_child_nodes(inner))
    return False


def _touched(node: ast.stmt) -> set[str]:
    """Names that the statement binds, or whose objects it may change."""
    names = set(bound(node))
    for inner in ast.walk(node):
        if isinstance(inner, ast.Expr) or (
            isinstance(inner, ast.Subscript | ast.Attribute) and isinstance(inner.ctx, ast.Store | ast.Del)
        ):
            names.update(names_in(inner))
    return names


# ------------------------------------------------------------ the reverse


def named(body: list[ast.stmt]) -> list[ast.stmt]:
    """Names a comprehension that is computed once within a statement, before the statement."""
    result: list[ast.stmt] = []
    for node in body:
        naming = _Naming()
        if isinstance(node, ast.Assign) and (value := _comprehension(node.value)):
            node.value = value
        elif isinstance(node, ast.Return | ast.Assign | ast.AugAssign | ast.Expr | ast.If):
            for field, part in ast.iter_fields(node):
                if isinstance(part, ast.expr):
                    setattr(node, field, naming.visit(part))
        result += [*naming.found, node]
    return result


def _comprehension(node: ast.AST) -> ast.expr | None:
    """The comprehension, or the sum of one, that an expression is; None for other expressions."""
    match node:
        case ast.Call(
            func=ast.Name(id="list" | "set" | "sum" as kind),
            args=[ast.ListComp() | ast.GeneratorExp() as made],
            keywords=[],
        ):
            if kind == "sum":
                return ast.Call(node.func, [ast.GeneratorExp(made.elt, made.generators)], [])
            return (ast.SetComp if kind == "set" else ast.ListComp)(made.elt, made.generators)
        case ast.ListComp() | ast.SetComp() | ast.DictComp():
            return node
    return None


class _Naming(ast.NodeTransformer):
    """Replaces comprehensions by names."""

    def __init__(self) -> None:
        self.found: list[ast.stmt] = []

    def visit(self, node: ast.AST) -> ast.AST:
        if value := _comprehension(node):
            name = f"result_{len(self.found) + 1}" if self.found else "result"
            self.found.append(ast.Assign([ast.Name(name, ast.Store())], value, lineno=1))
            return ast.Name(name, ast.Load())
        is_later = isinstance(node, ast.Lambda | ast.IfExp | ast.BoolOp | ast.GeneratorExp)
        return node if is_later else self.generic_visit(node)
