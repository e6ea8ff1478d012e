"""Which statements of the tests can fail a program."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator

from verl_egca.execution.warm import WARM

_RAISING = ("fail", "raises", "warns", "deprecated_call")  # pytest's and unittest's, beside what starts with `assert`


class Deciding:
    """A statement decides if it asserts, raises, expects an exception, or calls a function of the tests that does.

    ``defined`` are the tests' own statements, with those functions and classes among them. What is called ``assert…``
    and is not the tests' own asserts: ``self.assertEqual``, ``np.testing.assert_allclose``.
    """

    def __init__(self, defined: Iterable[ast.stmt], around: Deciding | None = None) -> None:
        """``around`` knows what is defined around these."""
        defined = list(defined)
        self._functions: dict[str, ast.AST] = dict(around._functions) if around is not None else {}
        self._methods: dict[str, ast.AST] = dict(around._methods) if around is not None else {}
        functions: dict[str, ast.AST] = {n.name: n for n in defined if isinstance(n, ast.FunctionDef)}
        methods: dict[str, ast.AST] = {
            method.name: method
            for node in defined
            if isinstance(node, ast.ClassDef)
            for method in node.body
            if isinstance(method, ast.FunctionDef)
        }
        self._bound = {name for node in defined for name in _binds(node)}
        self._bound |= around._bound if around is not None else {*WARM, *dir(builtins)}
        self._functions |= functions
        self._methods |= methods
        self._asserting: set[ast.AST] = set(around._asserting) if around is not None else set()
        own = [*functions.values(), *methods.values()]
        for _ in own:
            more = {n for n in own if any(map(self._is_decision, ast.walk(n)))} - self._asserting
            if not more:
                break
            self._asserting |= more
        self._looping = {name for name, node in functions.items() if self._loops_over_decisions(node)}
        if around is not None:
            self._looping |= around._looping - functions.keys()

    def decides(self, statement: ast.stmt) -> bool:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return False
        return any(map(self._is_decision, ast.walk(statement)))

    def loops(self, statement: ast.stmt) -> bool:
        """Whether decisions are inside a loop of the statement, or of a helper that it calls."""
        return self.calls_table(statement) or self._loops_over_decisions(statement)

    def calls_table(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
                return name in self._looping
        return False

    def is_program_s(self, name: str, bound: set[str]) -> bool:
        """Whether neither the tests nor Python define it; ``bound`` are names of the place that asks."""
        return name not in bound and name not in self._bound

    def _loops_over_decisions(self, node: ast.AST) -> bool:
        loops = [n for n in ast.walk(node) if isinstance(n, ast.For | ast.While)]
        return any(self.decides(statement) for loop in loops for statement in (*loop.body, *loop.orelse))

    def _is_decision(self, node: ast.AST) -> bool:
        match node:
            case ast.Assert() | ast.Raise():
                return True
            case ast.Call(func=ast.Name(id=name)):
                return self._functions[name] in self._asserting if name in self._functions else _asserts(name)
            case ast.Call(func=ast.Attribute(attr=name)):
                return self._methods[name] in self._asserting if name in self._methods else _asserts(name)
        return False


def _binds(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Assert | ast.Expr):
        return
    for node in ast.walk(statement):
        match node:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((alias.asname or alias.name).partition(".")[0] for alias in names)
            case ast.Name(id=name, ctx=ast.Store()):
                yield name


def _asserts(name: str) -> bool:
    return name.startswith("assert") or name in _RAISING
