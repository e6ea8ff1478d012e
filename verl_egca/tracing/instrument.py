"""Rewrites a program's syntax tree with probes; what the program means stays.

Probes see values that the program has computed anyway, and read names right after they were bound. A test becomes its
truth value, which is all that ``if`` and ``while`` use, so ``__bool__`` runs once as before.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TypeVar

from verl_egca.source import SourceText
from verl_egca.statements import describe

PROBE = "__egca__"

_If = TypeVar("_If", ast.If, ast.While)
_For = TypeVar("_For", ast.For, ast.AsyncFor)
_With = TypeVar("_With", ast.With, ast.AsyncWith)
_Try = TypeVar("_Try", ast.Try, ast.TryStar)
_Def = TypeVar("_Def", ast.FunctionDef, ast.AsyncFunctionDef)

Point = tuple[str, int, int, int, int]  # function, and the statement's place


def instrument(tree: ast.Module, text: SourceText) -> tuple[ast.Module, list[Point]]:
    """The tree with probes, and the program points that they name by index."""
    rewriter = _Rewriter(text)
    tree.body = rewriter.block(tree.body, keep_first=_leading(tree.body))
    return ast.fix_missing_locations(tree), rewriter.points


def _leading(body: list[ast.stmt]) -> int:
    """Statements that have to stay first: a docstring, and imports from the future."""
    count = 0
    for node in body:
        docstring = count == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (docstring or future):
            break
        count += 1
    return count


class _Rewriter(ast.NodeTransformer):
    def __init__(self, text: SourceText) -> None:
        self._text = text
        self._function: list[str] = []
        self._in_class = False
        self._point = 0
        self.points: list[Point] = []

    # ------------------------------------------------------------ statements

    def block(self, body: list[ast.stmt], first: Iterable[ast.stmt] = (), keep_first: int = 0) -> list[ast.stmt]:
        """A block with a probe before each statement and those of what it binds after it."""
        done = [*body[:keep_first], *first]
        for node in body[keep_first:]:
            done += self._statement(node)
        return done

    def _statement(self, node: ast.stmt) -> Iterator[ast.stmt]:
        place = describe(node, self._text).place
        self._point = point = len(self.points)
        self.points.append((".".join(self._function), place.line, place.col, place.end_line, place.end_col))
        if not isinstance(node, ast.Global | ast.Nonlocal):
            yield self._run("step", point, at=node)
        rewritten = self.visit(node)
        self._point = point
        yield rewritten
        if not self._in_class:
            yield from self._after(node, point)

    def _after(self, node: ast.stmt, point: int) -> Iterator[ast.stmt]:
        match node:
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from self._bound("let", target, point, node)
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target, value=ast.expr()):
                yield from self._bound("let", target, point, node)
            case ast.Expr(value=ast.Call() as call):
                for name in _names_touched(call):
                    yield self._run("mutated", point, ast.Constant(name), _load(name), at=node)

    def _bound(self, kind: str, target: ast.expr, point: int, at: ast.AST) -> Iterator[ast.stmt]:
        """A probe for each name that a target binds, and for each container that it writes into."""
        match target:
            case ast.Name(id=name):
                yield self._run(kind, point, ast.Constant(name), _load(name), at=at)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for element in elements:
                    yield from self._bound(kind, element, point, at)
            case ast.Starred(value=value):
                yield from self._bound(kind, value, point, at)
            case ast.Subscript(value=inner) | ast.Attribute(value=inner):
                root = inner
                while isinstance(root, ast.Subscript | ast.Attribute):
                    root = root.value
                if isinstance(root, ast.Name):
                    yield self._run("mutated", point, ast.Constant(root.id), _load(root.id), at=at)

    def visit_If(self, node: ast.If) -> ast.If:
        return self._branching(node)

    def visit_While(self, node: ast.While) -> ast.While:
        return self._branching(node)

    def _branching(self, node: _If) -> _If:
        node.test = self._branch(node.test)
        node.body = self.block(node.body)
        node.orelse = self.block(node.orelse)
        return node

    def visit_For(self, node: ast.For) -> ast.For:
        return self._looping(node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AsyncFor:
        return self._looping(node)

    def _looping(self, node: _For) -> _For:
        point = self._point
        node.iter = self.visit(node.iter)
        first = [] if self._in_class else list(self._bound("item", node.target, point, node))
        node.body = self.block(node.body, first)
        node.orelse = self.block(node.orelse)
        return node

    def visit_With(self, node: ast.With) -> ast.With:
        return self._entering(node)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AsyncWith:
        return self._entering(node)

    def _entering(self, node: _With) -> _With:
        point = self._point
        first: list[ast.stmt] = []
        for item in node.items:
            item.context_expr = self.visit(item.context_expr)
            if item.optional_vars is not None and not self._in_class:
                first += self._bound("let", item.optional_vars, point, node)
        node.body = self.block(node.body, first)
        return node

    def visit_Try(self, node: ast.Try) -> ast.Try:
        return self._trying(node)

    def visit_TryStar(self, node: ast.TryStar) -> ast.TryStar:
        return self._trying(node)

    def _trying(self, node: _Try) -> _Try:
        node.body = self.block(node.body)
        for handler in node.handlers:
            handler.body = self.block(handler.body)
        node.orelse, node.finalbody = self.block(node.orelse), self.block(node.finalbody)
        return node

    def visit_Match(self, node: ast.Match) -> ast.Match:
        node.subject = self.visit(node.subject)
        for case in node.cases:
            if case.guard is not None:
                case.guard = self._branch(case.guard)
            case.body = self.block(case.body)
        return node

    def visit_Return(self, node: ast.Return) -> ast.Return:
        value = self.visit(node.value) if node.value is not None else ast.Constant(None)
        node.value = self._call("returned", self._point, value)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return self._defining(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        return self._defining(node)

    def _defining(self, node: _Def) -> _Def:
        point: int = self._point
        outer_class = self._in_class
        self._function.append(node.name)
        arguments: ast.arguments = node.args
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        names += [a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None]
        self.points[point] = (".".join(self._function), *self.points[point][1:])
        first = [self._run("argument", point, ast.Constant(name), _load(name), at=node) for name in names]
        docstring = _leading(node.body[:1])
        self._in_class = False
        node.body = self.block(node.body, first, keep_first=docstring)
        self._in_class = outer_class
        self._function.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        outer_class, self._in_class = self._in_class, True
        self._function.append(node.name)
        node.body = self.block(node.body, keep_first=_leading(node.body[:1]))
        self._function.pop()
        self._in_class = outer_class
        return node

    # ------------------------------------------------------------ expressions

    def visit_IfExp(self, node: ast.IfExp) -> ast.IfExp:
        node.test = self._branch(node.test)
        node.body, node.orelse = self.visit(node.body), self.visit(node.orelse)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        node.iter = self.visit(node.iter)
        node.ifs = [self._branch(test) for test in node.ifs]
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.NamedExpr:
        node.value = self._call("named", self._point, ast.Constant(node.target.id), self.visit(node.value))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node  # runs when called, at a point that is not this statement's

    # ------------------------------------------------------------ probes

    def _branch(self, test: ast.expr) -> ast.expr:
        return self._call("branch", self._point, self.visit(test))

    def _call(self, probe: str, point: int, *arguments: ast.expr) -> ast.Call:
        function = ast.Attribute(value=_load(PROBE), attr=probe, ctx=ast.Load())
        call = ast.Call(func=function, args=[ast.Constant(point), *arguments], keywords=[])
        return ast.copy_location(call, arguments[-1]) if arguments else call

    def _run(self, probe: str, point: int, *arguments: ast.expr, at: ast.AST) -> ast.Expr:
        statement = ast.copy_location(ast.Expr(self._call(probe, point, *arguments)), at)
        for node in ast.walk(statement):  # the line of a traceback stays the program's
            if "lineno" in node._attributes:
                ast.copy_location(node, at)
        return statement


def _load(name: str) -> ast.Name:
    return ast.Name(id=name, ctx=ast.Load())


def _names_touched(call: ast.Call) -> list[str]:
    """Names whose objects a call may change: the one whose method it is, and those that it is given."""
    names = []
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        names.append(call.func.value.id)
    names += [argument.id for argument in call.args if isinstance(argument, ast.Name)]
    return list(dict.fromkeys(names))
