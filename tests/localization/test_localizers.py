"""What each localizer blames on small programs whose fault is known, and why it may blame nothing."""

import random

import pytest

from verl_egca.debugger.client import Debugger
from verl_egca.debugger.settings import DebuggerSettings
from verl_egca.execution.verdict import Outcome
from verl_egca.localization.base import FailingSample, NotLocalized
from verl_egca.localization.options import Options
from verl_egca.localization.registry import localizers, make_localizer
from verl_egca.localization.reported import ReportedLocalizer

from ..problems import SUM_ABOVE_ONE, assertion_problem

PROBLEM = assertion_problem("assert f([1, 2, 3]) == 5", "assert f([]) == 0", reference=SUM_ABOVE_ONE)


def localized(sandbox, name, program, problem=PROBLEM, seed=0):
    verdict = sandbox.run(problem, program)
    options = Options(failing_case="first")  # as in the paper
    localizer = ReportedLocalizer() if name == "reported" else make_localizer(name, options)
    return localizer.localize(FailingSample(problem, program, verdict, sandbox, seed))


def lines(localization):
    return [place.line for place in localization.ranges]


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("total = 0", "total = 1", 2),
        ("x > 1", "x >= 1", 4),
        ("total += x", "total += 1", 5),
        ("return total", "return total + 1", 6),
        ("in xs:", "in xs[2:]:", 3),
        ("in xs:", "in xs[:-1]:", 3),
        ("    return total", "        return total", 6),
        ("total += x", "total = x + 0 if total else 5", 5),
    ],
)
def test_trace_blames_the_statement_where_the_run_leaves_the_reference(sandbox, right, wrong, line):
    program = SUM_ABOVE_ONE.replace(right, wrong)
    assert program != SUM_ABOVE_ONE
    if sandbox.run(PROBLEM, program).passed:
        pytest.fail("the change breaks nothing")
    found = localized(sandbox, "trace", program)
    assert lines(found) == [line]
    assert found.ranked[0] == (line, line)
    assert found.confirmed == "none"
    assert found.evidence["case"].startswith("assert f(")


def test_trace_passes_over_names_that_only_one_program_has(sandbox):
    program = "def f(xs):\n    kept = sorted(xs)\n    more = len(kept)\n    total = 0\n    for x in xs:\n        if x > 0:\n            total += x\n    return total\n"
    assert lines(localized(sandbox, "trace", program)) == [6]


def test_trace_works_where_the_candidate_never_ends(sandbox):
    program = "def f(xs):\n    total = 0\n    while True:\n        total += 1\n    return total\n"
    assert lines(localized(sandbox, "trace", program)) == [3]


def test_executed_blames_all_that_ran_and_nothing_else(sandbox):
    program = "def f(xs):\n    if not xs:\n        return 1\n    total = 0\n    if xs == 5:\n        total = 9\n    return total\n"
    assert lines(localized(sandbox, "executed", program)) == [1, 2, 4, 5, 7]


def test_late_blames_after_the_divergence(sandbox):
    found = localized(sandbox, "late", SUM_ABOVE_ONE.replace("total = 0", "total = 1"))
    assert lines(found)[0] > 2


def test_random_draws_from_the_statements_by_the_samples_seed(sandbox):
    program = 'def f(xs):\n    """Doc."""\n    import math\n    a = 1\n    b = 2\n    return b\n'
    drawn = [lines(localized(sandbox, "random", program, seed=seed))[0] for seed in range(30)]
    assert drawn == [lines(localized(sandbox, "random", program, seed=seed))[0] for seed in range(30)]
    assert set(drawn) == {4, 5, 6}


@pytest.mark.parametrize(
    ("name", "program", "problem", "reason"),
    [
        ("uniform", "def f(xs): return 1", PROBLEM, "uniform"),
        ("trace", "def f(xs): return 1", PROBLEM.model_copy(update={"reference": None}), "no_reference"),
        ("late", "def f(xs):\n    return 9\n", PROBLEM, "nothing_later"),
        ("random", "def f(xs): pass\n", PROBLEM, "no_statements"),
        ("trace", SUM_ABOVE_ONE, assertion_problem("assert f([5]) == 4", reference=SUM_ABOVE_ONE), "no_divergence"),
    ],
)
def test_what_is_not_localized_says_why(sandbox, name, program, problem, reason):
    with pytest.raises(NotLocalized, match=f"^{reason}$"):
        localized(sandbox, name, program, problem)


def test_reported_blames_the_compilers_place(sandbox):
    program = "def f(xs):\n    é = 'é'; return (xs ++)\n"
    place = localized(sandbox, "reported", program).ranges[0]
    assert (place.line, place.end_line) == (2, 2)
    assert program.split("\n")[1][place.col : place.end_col] == ")"


def test_reported_blames_the_statement_that_the_traceback_names_last(sandbox):
    program = "def g(x):\n    return [1,\n        2][x]\n\ndef f(xs):\n    return g(7)\n"
    place = localized(sandbox, "reported", program).ranges[0]
    assert (place.line, place.end_line) == (2, 3)


@pytest.mark.parametrize(
    "program", ["def f(xs):\n", "(", "'''", "def f(xs):\n\tif 1:\n        return 2", "f(\n\n\n", "\x0c\n)"]
)
def test_a_compile_error_anywhere_has_a_place_with_code(sandbox, program):
    verdict = sandbox.run(PROBLEM, program)
    assert verdict.first_failure.outcome is Outcome.SYNTAX
    place = localized(sandbox, "reported", program).ranges[0]
    assert program.split("\n")[place.line - 1].strip()


def test_every_localizer_has_its_own_name():
    names = "egca counterfactual debugger suspicious trace executed random late uniform"
    assert set(localizers()) == set(names.split())
    with Debugger(DebuggerSettings()) as debugger:
        assert all(make_localizer(name, None, debugger).name == name for name in localizers())
    with pytest.raises(ValueError, match="choose one of 'counterfactual', 'debugger', 'egca', 'executed', 'late'"):
        make_localizer("oracle")


def test_localizers_answer_or_say_why_on_random_mutilations(sandbox):
    rng = random.Random(0)
    for _ in range(40):
        words = SUM_ABOVE_ONE.split(" ")
        words[rng.randrange(len(words))] = rng.choice(["0", "xs", "total", "", "x", "1:", "not"])
        program = " ".join(words)
        verdict = sandbox.run(PROBLEM, program)
        if verdict.passed:
            continue
        for name in set(localizers()) - {"debugger"}:
            try:
                found = make_localizer(name).localize(FailingSample(PROBLEM, program, verdict, sandbox, 0))
            except NotLocalized:
                continue
            assert found.ranges
            assert len(found.ranked) <= 5
