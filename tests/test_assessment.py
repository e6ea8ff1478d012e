"""From a program to its mode: the gates' rules, and what happens when our own code fails."""

import logging

import pytest
from problems import assertion_problem

from verl_egca.assessment import Assessor
from verl_egca.execution.verdict import CaseVerdict, Outcome, Verdict
from verl_egca.gates.gate import NoConstraints, gate
from verl_egca.gates.mode import Mode
from verl_egca.localization import make_localizer

PROBLEM = assertion_problem("assert f(1) == 2", "assert f(3) == 4", reference="def f(x):\n    return x + 1\n")


@pytest.mark.parametrize(
    ("program", "mode"),
    [
        ("def f(x):\n    return x + 1\n", Mode.CORRECT),
        ("def f(x):\n    return x\n", Mode.LOGIC),
        ("def f(x):\n    while x: pass\n", Mode.LOGIC),
        ("def f(x)\n", Mode.SYNTAX),
        ("def f(x):\n    return y\n", Mode.SYNTAX),
        ("import os\nos._exit(0)", Mode.SYNTAX),
        ("", Mode.SYNTAX),
    ],
)
def test_each_program_goes_to_one_mode(sandbox, program, mode):
    assert Assessor(sandbox, make_localizer("trace")).assess(PROBLEM, program, seed=0).mode is mode


class NoLoops:
    """A constraint gate as a later one may be: the program may not loop."""

    def broken(self, problem, program):
        return "no loops" if "for " in program else None


def test_a_broken_constraint_is_its_own_mode_even_where_all_tests_pass(sandbox):
    program = "def f(x):\n    for _ in (1,):\n        x += 1\n    return x\n"
    assessor = Assessor(sandbox, make_localizer("trace"), NoLoops())
    assessment = assessor.assess(PROBLEM, program, seed=0)
    assert assessment.mode is Mode.CONSTRAINT
    assert assessment.localization is None


def test_the_first_failing_case_decides_the_mode():
    wrong, raised = CaseVerdict(0, "", Outcome.WRONG), CaseVerdict(1, "", Outcome.EXCEPTION)
    assert gate(PROBLEM, "", Verdict((wrong, raised)), NoConstraints()) is Mode.LOGIC
    assert gate(PROBLEM, "", Verdict((raised, wrong)), NoConstraints()) is Mode.SYNTAX


def test_no_cases_are_not_a_pass():
    assert gate(PROBLEM, "", Verdict(()), NoConstraints()) is Mode.LOGIC


def test_a_syntax_sample_blames_what_was_reported_whatever_the_localizer(sandbox):
    for name in ("trace", "random", "executed"):
        found = Assessor(sandbox, make_localizer(name)).assess(PROBLEM, "def f(x):\n    return y\n", seed=0)
        assert found.localization.localizer == "reported"
    uniform = Assessor(sandbox, make_localizer("uniform")).assess(PROBLEM, "def f(x):\n    return y\n", seed=0)
    assert (uniform.localization, uniform.not_localized) == (None, "uniform")


def test_tests_that_cannot_judge_give_no_mode(sandbox):
    problem = assertion_problem("assert f(object()) == 2")  # neither data nor callable
    assessment = Assessor(sandbox, make_localizer("trace")).assess(problem, "def f(x):\n    return 2\n", seed=0)
    assert (assessment.mode, assessment.not_localized) == (None, "unsupported")


class FakeBrokenLocalizer:
    """Fails as no localizer should."""

    name = "broken"

    def localize(self, sample):
        raise KeyError("a bug of ours")


def test_a_localizer_that_fails_costs_the_localization_and_is_logged_with_the_task(sandbox, caplog):
    with caplog.at_level(logging.ERROR):
        assessment = Assessor(sandbox, FakeBrokenLocalizer()).assess(PROBLEM, "def f(x):\n    return x\n", seed=0)
    assert (assessment.mode, assessment.not_localized) == (Mode.LOGIC, "localizer_error")
    assert "task task" in caplog.text
    assert "a bug of ours" in caplog.text
