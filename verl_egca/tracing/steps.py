"""A budget of steps for a program: each round of a loop and each call of a function of its own is one.

Steps and not seconds, so that what comes of a run does not depend on the machine's speed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import CodeType
from typing import Any

STEP = "__egca_step__"

_Block = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


class StepsExceeded(BaseException):
    """No Exception, and raised again at each further step: a program's own handlers don't keep it."""


def compile_counted(source: str, name: str) -> CodeType:
    """The program with its steps counted by what STEP names in its globals. Raises what compiling it raises."""
    try:
        tree = ast.parse(source, name)
        _count(tree.body)
        return compile(tree, name, "exec", dont_inherit=True)
    except SyntaxError:
        compile(source, name, "exec", dont_inherit=True)  # the error as the program's own compilation has it
        raise


def counter(most: int) -> Callable[[], None]:
    """What STEP has to name, for ``most`` steps."""
    left = most

    def step() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise StepsExceeded(f"more than {most} steps")

    return step


def _count(body: list[Any]) -> None:
    """Only statements are looked at: expressions loop over what exists, or call functions of the program."""
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
