"""A problem from files of Python: a program, tests and perhaps a reference."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from verl_egca.data.pytest_modules import module_tests
from verl_egca.data.rows import BadInput
from verl_egca.problem import Problem


def read_python(path: Path) -> str:
    """The file's text. Raises BadInput."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadInput(path, None, None, "there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(path, None, None, f"can't be read ({error}); Python source in UTF-8 is wanted") from None


def problem_of(
    name: str, program: str, tests: str, tests_path: Path, reference: str | None, modules: Collection[str] = ()
) -> Problem:
    """A problem of a program, a module of tests (see `pytest_modules`) and perhaps a reference.

    Args:
        tests_path: the path that errors name.
        modules: names by which the tests may import the program, besides ``solution``, ``main`` and similar.

    Raises:
        BadInput: the tests are not Python, assert nothing, never call the program, or can't be judged.
    """
    assertions, entry = module_tests(
        tests, lambda why: BadInput(tests_path, None, None, why), reference=reference or program, modules=modules
    )
    return Problem(task_id=name, prompt="", entry_point=entry, reference=reference, tests=assertions)
