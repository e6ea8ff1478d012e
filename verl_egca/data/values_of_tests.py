"""Whether a problem's texts and values can travel: as JSON, in UTF-8, nested as deeply as JSON's readers go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from verl_egca.data.rows import BadInput
from verl_egca.problem import AssertionTests, CallTests, Problem
from verl_egca.statements import parse

MOST_NESTED = 100
Bad = Callable[[str], BadInput]


def check_values(problem: Problem, bad: Bad) -> None:
    """Raises BadInput, made by ``bad`` from a reason, for text with half a surrogate pair, a value that JSON doesn't have, or tests that are not Python."""
    tests = problem.tests
    if isinstance(tests, CallTests):
        for value in (*tests.arguments, *tests.expected):
            _check_value(value, bad, 0)
        texts = [problem.prompt]
    elif isinstance(tests, AssertionTests):
        texts = [tests.setup, *tests.assertions, problem.preamble, problem.code_prefix, problem.prompt]
        for source in texts[:-2]:
            if parse(source, limit=None) is None:
                raise bad(f"holds tests that are not Python: {source[:80]!r}")
    else:
        texts = [*tests.inputs, *tests.outputs, problem.prompt]
    for text in (*texts, problem.reference or "", problem.task_id):
        _check_text(text, bad)


def _check_value(value: Any, bad: Bad, depth: int) -> None:
    if isinstance(value, str):
        _check_text(value, bad)
    elif isinstance(value, list | tuple):
        if depth > MOST_NESTED:
            raise bad(f"holds values nested more than {MOST_NESTED} deep; leave the row out")
        for item in value:
            _check_value(item, bad, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_value([key, item], bad, depth + 1)
    elif value is not None and not isinstance(value, int | float):
        raise bad(f"holds {value!r:.60}, a {type(value).__name__}, in its tests; values of JSON are wanted")


def _check_text(text: str, bad: Bad) -> None:
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        near = text[max(0, error.start - 20) : error.end + 20]
        raise bad(f"holds half a surrogate pair, which is no character: {near!r}; leave the row out") from None
