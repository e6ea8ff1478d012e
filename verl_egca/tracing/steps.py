"""A budget of steps for a program: each iteration of a loop and each call of its own functions is one.

Steps, not seconds: a run's outcome must not depend on the machine's speed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import CodeType
from typing import Any

STEP = "__egca_step__"

_Block = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


class StepsExceeded(BaseException):
    """Not an Exception, and raised again at each further step, so that a program's handlers can't stop it."""


def compile_counted(source: str, name: str) -> CodeType:
    """The program, which calls STEP of its globals at each step. Raises the errors of its compilation."""
    try:
        tree = ast.parse(source, name)
        _count(tree.body)
        return compile(tree, name, "exec", dont_inherit=True)
    except SyntaxError:
        compile(source, name, "exec", dont_inherit=True)  # for the error of the program's own compilation
        raise


def counter(most: int) -> Callable[[], None]:
    """The function for STEP, for ``most`` steps."""
    left = most

    def step() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise StepsExceeded(f"more than {most} steps")

    return step


def _count(body: list[Any]) -> None:
    """Counts in statements only: expressions loop over existing values, or call functions of the program."""
    for node in body:
        kind = type(node)
        if kind in (ast.FunctionDef, ast.AsyncFunctionDef):
            _count(node.body)
            docstring = isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
            node.body.insert(1 if docstring else 0, _step(node))
        elif kind is ast.ClassDef:
            _count(node.body)
        elif kind in _Block:
            for field in ("body", "orelse", "finalbody"):
                _count(getattr(node, field, []))
            for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
                _count(part.body)
            if kind in (ast.For, ast.AsyncFor, ast.While):
                node.body.insert(0, _step(node))


def _step(at: ast.stmt) -> ast.Expr:
    place = {
        "lineno": at.lineno,
        "col_offset": at.col_offset,
        "end_lineno": at.lineno,
        "end_col_offset": at.col_offset,
    }
    return ast.Expr(ast.Call(ast.Name(STEP, ast.Load(), **place), [], [], **place), **place)
