"""A problem from files of Python: tests that assert, and a reference if there is one."""

from __future__ import annotations

import ast
from pathlib import Path

from verl_egca.data.rows import BadInput
from verl_egca.data.shapes.mbpp import called_function
from verl_egca.problem import AssertionTests, Problem
from verl_egca.statements import parse


def read_python(path: Path) -> str:
    """The file's text. Raises BadInput."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(path, None, None, "there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(path, None, None, f"can't be read ({error}); Python source in UTF-8 is wanted") from None


def problem_of(name: str, program: str, tests: str, tests_path: Path, reference: str | None) -> Problem:
    """A problem whose cases are the statements of ``tests`` that assert; its other statements run before them.

    A function ``check(candidate)`` does in their place, as in HumanEval, and gets the last function that the reference
    defines. ``tests_path`` is what errors name.

    Raises:
        BadInput: the tests are not Python, or assert nothing.
    """
    tree = parse(tests, limit=None)
    if tree is None:
        raise BadInput(tests_path, None, None, f"is not Python{_where(tests)}; assertions are wanted")
    asserting = [node for node in tree.body if _asserts(node)]
    setup = [node for node in tree.body if not _asserts(node) and not _calls_check(node)]
    assertions = [ast.get_source_segment(tests, node) or ast.unparse(node) for node in asserting]
    entry = called_function(reference or program, assertions)
    if not assertions and any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in setup):
        entry = _last_function(reference or program)
        assertions = [f"check({entry})"] if entry else []
    if not assertions:
        raise BadInput(
            tests_path, None, None, "asserts nothing; lines such as `assert f(1) == 2` are wanted, at the left edge"
        )
    return Problem(
        task_id=name,
        prompt="",
        entry_point=entry,
        reference=reference,
        tests=AssertionTests(setup="\n".join(map(ast.unparse, setup)), assertions=tuple(assertions)),
    )


def _asserts(node: ast.stmt) -> bool:
    """Whether running the statement asserts something itself: what a function asserts, its caller does."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    return any(isinstance(inner, ast.Assert) for inner in ast.walk(node))


def _calls_check(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "check"


def _last_function(source: str) -> str | None:
    tree = parse(source)
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] if tree else []
    return names[-1] if names else None


def _where(text: str) -> str:
    try:
        ast.parse(text)
    except SyntaxError as error:
        return f" (line {error.lineno}: {error.msg})"
    except ValueError as error:
        return f" ({error})"
    return ""
