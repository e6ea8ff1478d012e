"""Whether a problem's texts can be judged at all: source that is Python, and characters that UTF-8 has."""

from __future__ import annotations

from collections.abc import Callable

from verl_egca.data.rows import BadInput
from verl_egca.problem import AssertionTests, Problem, StdioTests
from verl_egca.statements import parse


def check_well_formed(problem: Problem, bad: Callable[[str], BadInput]) -> None:
    """Raises BadInput, made by ``bad`` from a reason, for tests that are not Python, and for half a surrogate pair.

    Tests are trusted, so of any size. The values of calls may hold any text.
    """
    tests, texts = problem.tests, [problem.prompt, problem.reference or "", problem.task_id]
    if isinstance(tests, AssertionTests):
        for source in (tests.setup, *tests.assertions, problem.preamble):
            if parse(source, limit=None) is None:
                raise bad(f"holds what is not Python: {source[:80]!r}")
        texts += [tests.setup, *tests.assertions, problem.preamble, problem.code_prefix]
    elif isinstance(tests, StdioTests):
        texts += [*tests.inputs, *tests.outputs]
    for text in texts:
        if text.isascii():
            continue
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            near = text[max(0, error.start - 20) : error.end + 20]
            raise bad(f"holds half a surrogate pair, which is no character: {near!r}; leave the row out") from None
