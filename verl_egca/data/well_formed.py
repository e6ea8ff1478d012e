"""Whether a problem's tests can be judged: there are cases, source is Python, and text is UTF-8."""

from __future__ import annotations

from collections.abc import Callable

from verl_egca.data.misplaced import misplaced
from verl_egca.data.rows import BadInput
from verl_egca.problem import AssertionTests, CallTests, Problem, StdioTests
from verl_egca.statements import parse


def check_well_formed(problem: Problem, bad: Callable[[str], BadInput]) -> None:
    """Raises BadInput, made by ``bad`` from a reason, for no tests, tests that are not Python, and half a surrogate pair.

    Tests are trusted, so of any size. Values of calls may hold any text.
    """
    tests, texts = problem.tests, [problem.prompt, problem.reference or "", problem.task_id]
    inputs, outputs = _sizes(tests)
    if inputs != outputs or not inputs:
        raise bad(f"has {inputs} inputs and {outputs} outputs; as many, and one case at least, are wanted")
    if isinstance(tests, AssertionTests):
        for source in (tests.setup, *tests.assertions, problem.preamble):
            tree = parse(source, limit=None)
            if tree is None:
                raise bad(f"holds text that is not Python: {source[:80]!r}")
            if (why := misplaced(source, tree)) is not None:
                raise bad(f"holds text that is not Python ({why}): {source[:80]!r}")
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


def _sizes(tests: AssertionTests | CallTests | StdioTests) -> tuple[int, int]:
    if isinstance(tests, AssertionTests):
        return len(tests.assertions), len(tests.assertions)
    if isinstance(tests, CallTests):
        return len(tests.arguments), len(tests.expected)
    return len(tests.inputs), len(tests.outputs)
