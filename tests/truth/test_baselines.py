"""Baselines on programs where it is plain what they have to say."""

from __future__ import annotations

import pytest

from truth.baselines import BASELINES, code_lines
from verl_egca.execution.sandbox import Sandbox
from verl_egca.localization.base import FailingSample, Localization, NotLocalized

from ..problems import assertion_problem

REFERENCE = "def f(x):\n    y = x + 1\n    if y > 5:\n        return y\n    return -y\n"
TESTS = ("assert f(1) == -2", "assert f(9) == 10")


def localized(sandbox: Sandbox, name: str, program: str, seed: int = 0) -> Localization:
    problem = assertion_problem(*TESTS, reference=REFERENCE)
    sample = FailingSample(problem, program, sandbox.run(problem, program), sandbox, seed)
    return BASELINES[name]().localize(sample)


@pytest.mark.parametrize(
    ("name", "line"), [("trace-names", 2), ("text-diff", 2), ("last-executed", 5), ("always-return", 5)]
)
def test_what_is_blamed_for_a_wrong_value(sandbox: Sandbox, name: str, line: int) -> None:
    found = localized(sandbox, name, REFERENCE.replace("x + 1", "x + 2"))
    assert found.localizer == name
    assert [place.line for place in found.ranges] == [line]
    assert found.ranked[0] == (line, line)


def test_ochiai_blames_what_only_the_failing_case_ran(sandbox: Sandbox) -> None:
    assert localized(sandbox, "ochiai", REFERENCE.replace("return y", "return y + 1")).ranges[0].line == 4


def test_a_statement_that_did_not_run_is_never_drawn(sandbox: Sandbox) -> None:
    program = REFERENCE.replace("return -y", "return y")
    lines = {localized(sandbox, "random-executed", program, seed).ranges[0].line for seed in range(12)}
    assert lines == {2, 3, 5}


def test_text_diff_blames_the_line_after_a_gap_and_passes_over_words(sandbox: Sandbox) -> None:
    program = 'import re\n\ndef f(y):  # other\n    """Doc."""\n    y = x + 1  # one\n    return -y\n'
    assert localized(sandbox, "text-diff", program).ranges[0].line == 6
    with pytest.raises(NotLocalized, match="no_difference"):
        localized(sandbox, "text-diff", "import re\n" + REFERENCE)


def test_the_reported_line_is_known_of_exceptions_only(sandbox: Sandbox) -> None:
    assert localized(sandbox, "reported", REFERENCE.replace("y > 5", "y > '5'")).ranges[0].line == 3
    with pytest.raises(NotLocalized, match="no_line_reported"):
        localized(sandbox, "reported", REFERENCE.replace("x + 1", "x + 2"))


def test_returns_of_other_functions_are_not_the_entry_points(sandbox: Sandbox) -> None:
    program = "def f(x):\n    def g():\n        return 2\n    return g()\ndef h():\n    return 1\n"
    assert localized(sandbox, "always-return", program).ranges[0].line == 4


def test_code_lines_are_whole_statements_without_definitions_and_docstrings() -> None:
    program = (
        'def f(x):\n    """D."""\n    y = [1,  # one\n\n         x]\n    for z in y:\n        pass\n    return "#"\n'
    )
    assert [number for number, _ in code_lines(program)] == [3, 5, 6, 8]
