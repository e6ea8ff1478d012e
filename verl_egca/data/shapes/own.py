"""The project's own rows: `Problem` as JSON."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from verl_egca.data.plain_values import shown
from verl_egca.data.pytest_modules import without_program_imports
from verl_egca.data.rows import BadInput, Row
from verl_egca.problem import AssertionTests, Problem

Bad = Callable[[str | None, str], BadInput]


def is_own(tests: Row) -> bool:
    inner = tests.get("tests")
    return {"task_id", "prompt"} <= tests.keys() and isinstance(inner, dict) and "kind" in inner


def own_problem(given: Row | str, bad: Bad) -> Problem:
    """The problem of an object or its JSON text; its tests may import the program.

    Raises BadInput, made by ``bad`` from a key and a reason.
    """
    try:
        problem = Problem.model_validate_json(given) if isinstance(given, str) else Problem.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise bad(key or None, f"{first['msg']} (got {shown(first['input'])})") from None
    if not isinstance(problem.tests, AssertionTests):
        return problem
    tests = without_program_imports(problem.tests, lambda why: bad("tests", why), problem.reference)
    return problem if tests is problem.tests else problem.model_copy(update={"tests": tests})
