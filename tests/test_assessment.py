"""From a program to its mode: the gates' rules, and what happens when our own code fails."""

import logging
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace

import pytest

from verl_egca.assessment import Assessor
from verl_egca.execution.verdict import CaseVerdict, Outcome, Verdict
from verl_egca.gates.check import Broken
from verl_egca.gates.gate import NoConstraints, gate
from verl_egca.gates.mode import Mode
from verl_egca.localization.base import Localizer
from verl_egca.localization.options import Options
from verl_egca.localization.registry import localizers, make_localizer

from .problems import assertion_problem

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


class NoLoops(NoConstraints):
    """A constraint gate of one's own: the program may not loop."""

    def broken(self, problem, program):
        return Broken("loops", "Do not loop.", "a loop.") if "for " in program else None


def test_a_broken_constraint_is_its_own_mode_even_where_all_tests_pass(sandbox):
    program = "def f(x):\n    for _ in (1,):\n        x += 1\n    return x\n"
    assessor = Assessor(sandbox, make_localizer("trace"), NoLoops())
    assessment = assessor.assess(PROBLEM, program, seed=0)
    assert assessment.mode is Mode.CONSTRAINT
    assert assessment.localization is None


def test_the_first_failing_case_decides_the_mode():
    wrong, raised = CaseVerdict(0, "", Outcome.WRONG), CaseVerdict(1, "", Outcome.EXCEPTION)
    assert gate(PROBLEM, "", Verdict((wrong, raised)), NoConstraints()).mode is Mode.LOGIC
    assert gate(PROBLEM, "", Verdict((raised, wrong)), NoConstraints()).mode is Mode.SYNTAX


def test_no_cases_are_not_a_pass():
    assert gate(PROBLEM, "", Verdict(()), NoConstraints()).mode is Mode.LOGIC


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


class FakeBrokenLocalizer(Localizer):
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


def test_identical_programs_share_one_assessment(sandbox):
    assessor = Assessor(sandbox, make_localizer("trace"))
    first, second = (assessor.assess(PROBLEM, "def f(x):\n    return x\n", seed=seed) for seed in (1, 2))
    assert (first.shared, second.shared) == (False, True)
    assert (second.mode, second.verdict, second.localization) == (first.mode, first.verdict, first.localization)


def test_the_same_text_for_another_problem_of_that_name_shares_nothing(sandbox):
    other = assertion_problem("assert f(1) == 1", reference="def f(x):\n    return x\n")
    assert other.task_id == PROBLEM.task_id
    assessor = Assessor(sandbox, make_localizer("trace"))
    found = [assessor.assess(problem, "def f(x):\n    return x\n", seed=0) for problem in (PROBLEM, other)]
    assert [(one.mode, one.shared) for one in found] == [(Mode.LOGIC, False), (Mode.CORRECT, False)]


def test_a_localizer_that_draws_shares_only_what_is_drawn_by_one_seed(sandbox):
    program = "def f(x):\n    a = x\n    b = a\n    c = b\n    return c\n"
    assessor = Assessor(sandbox, make_localizer("random"))
    found = {seed: assessor.assess(PROBLEM, program, seed=seed) for seed in range(8)}
    assert len({one.localization.ranges for one in found.values()}) > 1
    for seed, one in found.items():
        again = assessor.assess(PROBLEM, program, seed=seed)
        alone = Assessor(sandbox, make_localizer("random")).assess(PROBLEM, program, seed=seed)
        assert (again.shared, again.localization) == (True, one.localization)
        assert alone.localization == one.localization


@pytest.mark.parametrize(
    "name", [name for name, kind in localizers().items() if not (kind.draws or kind.needs_debugger)]
)
def test_the_other_localizers_answer_the_same_whatever_the_seed(sandbox, name):
    program = "def f(x):\n    y = x\n    z = y\n    return z\n"
    found = [Assessor(sandbox, make_localizer(name)).assess(PROBLEM, program, seed=seed) for seed in range(4)]
    answers = [(_without_time(one.localization), one.not_localized) for one in found]
    assert all(answer == answers[0] for answer in answers)


def _without_time(found):
    if found is None:
        return None
    return replace(found, evidence={key: value for key, value in found.evidence.items() if key != "cpu_ms"})


class FakeLosingSandbox:
    """Loses its worker on the first program it is given, then works as the real one."""

    def __init__(self, sandbox):
        self._sandbox, self._lost = sandbox, False

    def run(self, problem, program, cases=None):
        if not self._lost:
            self._lost = True
            return Verdict((CaseVerdict(0, "", Outcome.INFRASTRUCTURE),))
        return self._sandbox.run(problem, program, cases)

    def __getattr__(self, name):
        return getattr(self._sandbox, name)


def test_a_failure_of_the_sandbox_is_no_later_samples_result(sandbox):
    assessor = Assessor(FakeLosingSandbox(sandbox), make_localizer("trace"))
    found = [assessor.assess(PROBLEM, "def f(x):\n    return x\n", seed=0) for _ in range(3)]
    assert [(one.mode, one.shared) for one in found] == [(None, False), (Mode.LOGIC, False), (Mode.LOGIC, True)]


def test_a_failure_of_a_localizer_is_no_later_samples_result(sandbox):
    assessor = Assessor(sandbox, FakeBrokenLocalizer())
    assert not any(assessor.assess(PROBLEM, "def f(x):\n    return x\n", seed=0).shared for _ in range(2))


def test_copies_of_a_program_that_hangs_hold_up_no_other(sandbox):
    assessor = Assessor(sandbox, make_localizer("trace"))
    hanging = "def f(x):\n    while True: pass\n"
    with ThreadPoolExecutor(8) as threads:
        copies = [threads.submit(assessor.assess, PROBLEM, hanging, seed=seed) for seed in range(4)]
        others = [threads.submit(assessor.assess, PROBLEM, f"def f(x): return {n}", seed=0) for n in range(2)]
        ended = list(as_completed([*copies, *others]))
    assert set(ended[:2]) == set(others)  # though there are but two workers
    assert sum(not copy.result().shared for copy in copies) == 1


def test_what_egca_can_not_prove_is_blamed_on_no_place_if_so_wanted(sandbox):
    program = "def f(x):\n    xs = [x] * 3\n    for i in range(len(xs)):\n        xs[i] = xs[i + 1 - x * 0] * 7\n    raise KeyError(xs)\n"

    def assessed(name, unconfirmed, program=program):
        options = Options(budget_ms=1, unconfirmed=unconfirmed)
        return Assessor(sandbox, make_localizer(name, options)).assess(PROBLEM, program, seed=0)

    guessed = assessed("egca", "span")
    assert (guessed.mode, guessed.localization.confirmed) == (Mode.SYNTAX, "none")
    unproven = assessed("egca", "uniform")
    assert (unproven.mode, unproven.localization, unproven.not_localized) == (Mode.SYNTAX, None, "no_twin")
    assert assessed("counterfactual", "uniform").localization.localizer == "reported"
    compiler = assessed("egca", "uniform", "def f(x)\n").localization
    assert compiler.localizer == "reported"
