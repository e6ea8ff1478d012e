"""Rewrites a program's syntax tree with probes; the program's meaning stays.

Probes see values that the program computes anyway, and read names right after their binding; names that the program has
unbound meanwhile are skipped. A test becomes its truth value, all that ``if`` and ``while`` use, so that ``__bool__``
runs once as before. A ``try`` around a function's body records its exception and raises it again: it costs nothing
without an exception, and tracebacks keep their lines.

The probes are in the module `builtins`, where ``globals()``, ``locals()``, ``vars()`` and ``dir()`` don't show them. A
program can still detect them by its bytecode, the syntax tree's depth, or the depth of recursion (see child.py).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from verl_egca.source import SourceText
from verl_egca.statements import describe

PROBE = "__egca__"
LAMBDA = "<lambda>"  # the name of a lambda's value in events

_If = TypeVar("_If", ast.If, ast.While)
_For = TypeVar("_For", ast.For, ast.AsyncFor)
_With = TypeVar("_With", ast.With, ast.AsyncWith)
_Try = TypeVar("_Try", ast.Try, ast.TryStar)
_Def = TypeVar("_Def", ast.FunctionDef, ast.AsyncFunctionDef)

Place = tuple[int, int, int, int]
_LOOKS_AT_NAMES = frozenset({"exec", "eval", "globals", "locals", "vars", "delattr", "__dict__"})
_MUTATING = frozenset(
    "append appendleft extend extendleft insert pop popleft popitem remove discard clear sort reverse rotate add update "
    "setdefault subtract".split()
)


@dataclass
class Probes:
    """The tables for the numbers in the probes.

    ``points``: function and place of each statement (its header, if compound). ``spans``: the places of whole
    statements, in the interpreter's columns (bytes). ``sites``: point, kind and name of each probe's event.
    """

    points: list[tuple[str, *Place]] = field(default_factory=list)
    spans: list[Place] = field(default_factory=list)
    sites: list[tuple[int, str, str]] = field(default_factory=list)


def instrument(tree: ast.Module, text: SourceText) -> tuple[ast.Module, Probes]:
    """The tree, changed in place, and its probes."""
    rewriter = _Rewriter(text, _unbound_somewhere(tree))
    tree.body = rewriter.body(tree.body, _leading(tree.body))
    return ast.fix_missing_locations(tree), rewriter.probes


def _unbound_somewhere(tree: ast.Module) -> set[str] | None:
    """Names that the program may unbind; None for all."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in _LOOKS_AT_NAMES:
                return None
            case ast.Name(id=name, ctx=ast.Del()) | ast.ExceptHandler(name=str(name)):
                found.add(name)
    return found


def _leading(body: list[ast.stmt]) -> int:
    """The number of statements that must stay first: a docstring, and imports from the future."""
    count = 0
    for node in body:
        docstring = count == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (docstring or future):
            break
        count += 1
    return count


class _Rewriter(ast.NodeTransformer):
    def __init__(self, text: SourceText, unbound: set[str] | None) -> None:
        self._text, self._unbound = text, unbound
        self._function: list[str] = []
        self._in_class = False
        self._point = 0
        self.probes = Probes()

    # ------------------------------------------------------------ statements

    def body(self, body: list[ast.stmt], leading: int, first: Iterable[ast.stmt] = ()) -> list[ast.stmt]:
        """The body of a function or module, which also records its exception."""
        inner = self.block(body[leading:], first)
        if not inner:
            return body
        at = body[leading] if leading < len(body) else body[-1]
        recording = self._statement_at(self._call("raised"), at)
        handler = ast.ExceptHandler(type=None, name=None, body=[recording, ast.Raise(exc=None, cause=None)])
        return [*body[:leading], ast.copy_location(ast.Try(inner, [handler], [], []), at)]

    def block(self, body: list[ast.stmt], first: Iterable[ast.stmt] = ()) -> list[ast.stmt]:
        """A block with a probe before each statement, and probes of its bindings after it."""
        done = [*first]
        for node in body:
            done += self._statement(node)
        return done

    def _statement(self, node: ast.stmt) -> Iterator[ast.stmt]:
        self._point = point = self._new_point(node)
        if not isinstance(node, ast.Global | ast.Nonlocal):
            seen = ast.Subscript(_probe("new"), ast.Constant(point), ast.Load())
            step = ast.BoolOp(ast.And(), [seen, self._call("step", ast.Constant(point))])
            yield self._statement_at(step, node)
        if (
            isinstance(node, ast.Return) and node.value is None
        ):  # stays without a value, as asynchronous generators need
            yield self._statement_at(self._event("return", "", ast.Constant(None)), node)
        yield self.visit(node)
        self._point = point
        if not self._in_class:
            yield from self._after(node, point)

    def _new_point(self, node: ast.stmt) -> int:
        place = describe(node, self._text).place
        self.probes.points.append((".".join(self._function), place.line, place.col, place.end_line, place.end_col))
        starts = [(at.lineno, at.col_offset) for at in (node, *getattr(node, "decorator_list", ()))]
        self.probes.spans.append((*min(starts), node.end_lineno or node.lineno, node.end_col_offset or 0))
        return len(self.probes.points) - 1

    def _after(self, node: ast.stmt, point: int) -> Iterator[ast.stmt]:
        match node:
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from self._bound("let", target, point, node)
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target, value=ast.expr()):
                yield from self._bound("let", target, point, node)
            case ast.Delete(targets=targets):
                for target in targets:
                    yield from self._bound("mutated", target, point, node)
            case ast.Expr(value=ast.Call() as call):
                for name in _names_touched(call):
                    yield self._read("mutated", name, point, node)
        match node:
            case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                for name in dict.fromkeys(_names_mutated(value)):
                    yield self._read("mutated", name, point, node)

    def _bound(self, kind: str, target: ast.expr, point: int, at: ast.AST) -> Iterator[ast.stmt]:
        """A probe for each name that a target binds, and for each container that it changes."""
        match target:
            case ast.Name(id=name, ctx=ast.Store()):
                yield self._read(kind, name, point, at)
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
                    yield self._read("mutated", root.id, point, at)

    def _read(self, kind: str, name: str, point: int, at: ast.AST) -> ast.stmt:
        """A probe of a name's value."""
        self._point = point
        probe = self._statement_at(self._event(kind, name, _load(name)), at)
        if self._unbound is not None and name not in self._unbound:
            return probe
        handler = ast.ExceptHandler(type=_probe("Unbound"), name=None, body=[ast.Pass()])
        return ast.copy_location(ast.Try([probe], [handler], [], []), at)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        node.target = self.visit(node.target)  # annotations stay: programs read them, as text or as values
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

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
        point = self._point
        node.body = self.block(node.body)
        for handler in node.handlers:
            if handler.type is not None:
                self._point = point
                handler.type = self.visit(handler.type)
            first: list[ast.stmt] = [self._statement_at(self._call("raised"), handler)]
            if handler.name is not None and not self._in_class:
                first.append(self._read("let", handler.name, point, handler))
            handler.body = self.block(handler.body, first)
        node.orelse, node.finalbody = self.block(node.orelse), self.block(node.finalbody)
        return node

    def visit_Match(self, node: ast.Match) -> ast.Match:
        point = self._point
        node.subject = self.visit(node.subject)
        for case in node.cases:
            self._point = point
            if case.guard is not None:
                case.guard = self._branch(case.guard)
            captured = [] if self._in_class else dict.fromkeys(_captures(case.pattern))
            case.body = self.block(case.body, [self._read("let", name, point, case.body[0]) for name in captured])
        return node

    def visit_Return(self, node: ast.Return) -> ast.Return:
        if node.value is not None:
            node.value = self._event("return", "", self.visit(node.value))
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return self._defining(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        return self._defining(node)

    def _defining(self, node: _Def) -> _Def:
        point: int = self._point
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        self._visit_defaults(node.args)
        outer_class = self._in_class
        self._function.append(node.name)
        self.probes.points[point] = (".".join(self._function), *self.probes.points[point][1:])
        self._in_class = False
        first = [self._read("argument", name, point, node) for name in _parameters(node.args)]
        node.body = self.body(node.body, _leading(node.body[:1]), first)
        self._in_class = outer_class
        self._function.pop()
        return node

    def _visit_defaults(self, arguments: ast.arguments) -> None:
        arguments.defaults = [self.visit(value) for value in arguments.defaults]
        arguments.kw_defaults = [value and self.visit(value) for value in arguments.kw_defaults]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        for part in ("decorator_list", "bases"):
            setattr(node, part, [self.visit(value) for value in getattr(node, part)])
        outer_class, self._in_class = self._in_class, True
        self._function.append(node.name)
        leading = _leading(node.body[:1])
        own = ast.copy_location(ast.Global([PROBE]), node)  # the class's namespace may define any name
        node.body = [*node.body[:leading], own, *self.block(node.body[leading:])]
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
        node.value = self._event("let", node.target.id, self.visit(node.value))
        return node

    def visit_Yield(self, node: ast.Yield) -> ast.Yield:
        if node.value is not None:
            node.value = self._event("yield", "", self.visit(node.value))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        self._visit_defaults(node.args)
        node.body = self._event("return", LAMBDA, self.visit(node.body))
        return node

    # ------------------------------------------------------------ probes

    def _branch(self, test: ast.expr) -> ast.expr:
        value = self.visit(test)
        return ast.copy_location(self._call("branch", self._site("branch", ""), value), value)

    def _event(self, kind: str, name: str, value: ast.expr) -> ast.expr:
        """A call that records a value, and returns it."""
        probe = "mutated" if kind == "mutated" else "event"
        return ast.copy_location(self._call(probe, self._site(kind, name), value), value)

    def _site(self, kind: str, name: str) -> ast.Constant:
        self.probes.sites.append((self._point, kind, name))
        return ast.Constant(len(self.probes.sites) - 1)

    def _call(self, probe: str, *arguments: ast.expr) -> ast.Call:
        return ast.Call(func=_probe(probe), args=[*arguments], keywords=[])

    def _statement_at(self, probe: ast.expr, at: ast.AST) -> ast.Expr:
        """The probe as a statement at the place of ``at``, so that tracebacks keep the program's lines."""
        return ast.copy_location(ast.Expr(probe), at)


def _load(name: str) -> ast.Name:
    return ast.Name(id=name, ctx=ast.Load())


def _probe(name: str) -> ast.Attribute:
    return ast.Attribute(value=_load(PROBE), attr=name, ctx=ast.Load())


def _parameters(arguments: ast.arguments) -> list[str]:
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return names + [a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None]


def _captures(pattern: ast.pattern) -> Iterator[str]:
    for node in ast.walk(pattern):
        match node:
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name


def _names_touched(call: ast.Call) -> list[str]:
    """Names whose objects a call may change: the method's object, and the arguments."""
    names = []
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        names.append(call.func.value.id)
    names += [argument.id for argument in call.args if isinstance(argument, ast.Name)]
    return list(dict.fromkeys(names))


def _names_mutated(value: ast.expr) -> Iterator[str]:
    """Names whose objects an expression surely changes, by ``xs.pop()`` and similar calls."""
    todo: list[ast.AST] = [value]
    while todo:
        node = todo.pop()
        match node:
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                continue  # they have their own names, and may run later
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _MUTATING:
                yield name
        todo.extend(ast.iter_child_nodes(node))
