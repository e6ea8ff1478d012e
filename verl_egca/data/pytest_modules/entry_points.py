"""The entry point: the program's function or method that tests call."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterable, Iterator

from verl_egca.data.pytest_modules.reading import bound_by
from verl_egca.execution.warm import WARM
from verl_egca.statements import parse


def entry_point_of(setup: str, assertions: Iterable[str], reference: str | None = None) -> str | None:
    """The program's name that the tests call first, or None. With a reference, one of its names; else the first name
    that is no builtin, import or definition of the tests. ``Solution().f`` for ``Solution().f(1)``, if the tests use
    the class for nothing else.

    A function comes before a class, which may only make arguments (``ListNode``).
    """
    tree = parse(setup, limit=None)
    defined = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)} if tree else {}
    tests_own = {name for statement in tree.body for name in bound_by(statement)} if tree else set()
    items = [parsed for text in assertions if (parsed := parse(text, limit=None)) is not None]
    tests_own |= {name for item in items for statement in item.body for name in bound_by(statement)}
    used = [*_used([*items], defined)]
    tests_own |= {node.arg for node in used if isinstance(node, ast.arg)}
    tests_own |= {n.id for n in used if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    names = _Names(reference, tests_own, used)
    return _first(filter(None, map(names.called, used))) or _first(filter(None, map(names.passed_on, used)))


def defined_in(program: str | None) -> dict[str, ast.stmt]:
    """Names that a program's top level defines, not by imports, and their statements."""
    tree = parse(program) if program else None
    return {
        name: statement
        for statement in (tree.body if tree else ())
        if not isinstance(statement, ast.Import | ast.ImportFrom)
        for name in bound_by(statement)
    }


class _Names:
    """Tells the program's names from those of tests and Python."""

    def __init__(self, reference: str | None, tests_own: set[str], used: list[ast.AST]) -> None:
        self._defined = defined_in(reference)
        known = {*WARM, *dir(builtins), "pytest", "candidate"} - self._defined.keys()  # MBPP/126 defines sum
        self._tests_own = tests_own | known

        self._uses = Counter(node.id for node in used if isinstance(node, ast.Name))
        self._methods = Counter(filter(None, map(_method_of_new, used)))

    def called(self, node: ast.AST) -> tuple[bool, str] | None:
        match node:
            case ast.Call(func=ast.Name(id=name)) if self._is_program_s(name):
                return self._is_class(name), name
            case ast.Call(func=function):
                return self._method(function)
        return None

    def passed_on(self, node: ast.AST) -> tuple[bool, str] | None:
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if self._is_program_s(name):
                return self._is_class(name), name
        return self._method(node)

    def _method(self, node: ast.AST) -> tuple[bool, str] | None:
        found = _method_of_new(node)
        if found is not None and self._is_program_s(found[0]) and self._methods[found] == self._uses[found[0]]:
            return False, f"{found[0]}().{found[1]}"
        return None

    def _is_program_s(self, name: str) -> bool:
        return name not in self._tests_own and (not self._defined or name in self._defined)

    def _is_class(self, name: str) -> bool:
        return isinstance(self._defined[name], ast.ClassDef) if self._defined else name[:1].isupper()


def _method_of_new(node: ast.AST) -> tuple[str, str] | None:
    """``Solution().f``, as both names."""
    match node:
        case ast.Attribute(value=ast.Call(func=ast.Name(id=name), args=[], keywords=[]), attr=method):
            return name, method
    return None


def _first(found: Iterator[tuple[bool, str]]) -> str | None:
    names = [*found]
    return next((name for is_class, name in sorted(names, key=lambda one: one[0])), None)


def _used(nodes: list[ast.AST], defined: dict[str, ast.FunctionDef | ast.ClassDef]) -> Iterator[ast.AST]:
    """The nodes of the tests, outer calls first; those of the tests' functions follow their first use."""
    seen: set[str] = set()
    for node in nodes:
        todo: list[ast.AST] = [*ast.walk(node)]
        while todo:
            one = todo.pop(0)
            yield one
            if isinstance(one, ast.Name) and one.id in defined and one.id not in seen:
                seen.add(one.id)
                todo.extend(ast.walk(defined[one.id]))
