"""Where a run leaves the reference's, names and structure aligned."""

import pytest

from verl_egca.localization.base import FailingSample
from verl_egca.localization.divergence import Names, channel_divergence, first_divergence, tolerance
from verl_egca.localization.registry import make_localizer
from verl_egca.problem import StdioTests
from verl_egca.source import SourceRange
from verl_egca.tracing.trace import Event, Trace

from ..problems import SUM_ABOVE_ONE, assertion_problem

PROBLEM = assertion_problem(
    "assert f([1, 2, 3]) == 5",
    "assert f([]) == 0",
    "assert f([2]) == 2",
    "assert f([5, 2]) == 7",
    reference=SUM_ABOVE_ONE,
)
RENAMED = """def f(numbers):
    acc = 0
    for n in numbers:
        if n > 1:
            acc += n
    return acc
"""
REBUILT = """def f(numbers):
    acc, i = 0, 0
    while i < len(numbers):
        v = numbers[i]
        if v > 1:
            acc = acc + v
        i += 1
    return acc
"""


def localized(sandbox, program, problem=PROBLEM):
    verdict = sandbox.run(problem, program)
    assert not verdict.passed
    return make_localizer("trace").localize(FailingSample(problem, program, verdict, sandbox, 0))


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [("n > 1", "n >= 1", 4), ("acc += n", "acc += 2", 5), ("in numbers:", "in numbers[:2]:", 3), ("acc = 0", "acc = 1", 2)],
)  # fmt: skip
def test_renamed_variables_are_compared_with_their_counterparts(sandbox, right, wrong, line):
    assert localized(sandbox, RENAMED.replace(right, wrong)).ranges[0].line == line


@pytest.mark.parametrize(("right", "wrong", "line"), [("acc + v", "acc + 2", 6), ("v > 1", "v >= 1", 5)])
def test_a_program_that_is_built_otherwise_is_compared_by_what_agrees_in_passing_cases(sandbox, right, wrong, line):
    assert localized(sandbox, REBUILT.replace(right, wrong)).ranges[0].line == line


def test_a_renamed_helper_is_compared_with_its_counterpart(sandbox):
    reference = "def double(x):\n    return x * 2\ndef f(x):\n    y = double(x)\n    return y + 1\n"
    program = "def twice(v):\n    return v * 3\ndef f(v):\n    w = twice(v)\n    return w + 1\n"
    problem = assertion_problem("assert f(1) == 3", "assert f(0) == 1", reference=reference)
    assert localized(sandbox, program, problem).ranges[0].line == 2


def test_an_exception_that_the_reference_does_not_raise_is_a_divergence(sandbox):
    program = SUM_ABOVE_ONE.replace("total += x", "total += xs[3]")
    found = localized(sandbox, program)
    assert found.ranges[0].line == 5
    assert found.evidence["candidate"]["value"] == "IndexError"


def test_printed_text_that_differs_is_a_divergence(sandbox):
    reference = "n = int(input())\nfor i in range(n):\n    print(i)\n"
    program = "n = int(input())\nfor i in range(n):\n    print(i + 1)\n"
    tests = StdioTests(inputs=("2\n",), outputs=("0\n1\n",))
    problem = PROBLEM.model_copy(update={"tests": tests, "entry_point": None, "reference": reference})
    found = localized(sandbox, program, problem)
    assert found.ranges[0].line == 3
    assert (found.evidence["candidate"], found.evidence["reference"]["value"]) == (
        {"kind": "print", "name": "", "value": "1\n"},
        "0\n",
    )


# ------------------------------------------------------------ events by hand


def at(line, kind, name, value, function="f"):
    return Event(SourceRange(line, 4, line, 9), function, kind, name, str(value), str(value))


def trace(*events, cut=False):
    return Trace(events, (), cut)


SAME = Names({"f": "f"}, {"f": {"a": "x", "b": "y"}})


def test_names_are_translated():
    ours = trace(at(1, "let", "a", 1), at(2, "let", "b", 2), at(3, "return", "", 3))
    theirs = trace(at(1, "let", "x", 1), at(2, "let", "y", 5), at(3, "return", "", 6))
    assert first_divergence(ours, theirs, SAME).index == 1
    assert first_divergence(ours, theirs).index == 2
    assert (
        first_divergence(ours, trace(at(7, "let", "x", 1), at(8, "let", "y", 2), at(9, "return", "", 3)), SAME) is None
    )


def test_a_budget_that_ends_a_run_is_no_divergence():
    longer = (at(1, "let", "a", 1), at(2, "let", "a", 2))
    assert first_divergence(trace(longer[0], cut=True), trace(*longer)) is None
    assert first_divergence(trace(*longer), trace(longer[0], cut=True)) is None
    assert first_divergence(trace(longer[0]), trace(*longer)).reference.key == "2"


def test_numbers_may_differ_as_far_as_the_tests_allow():
    ours, theirs = trace(at(1, "return", "", [0.1 + 0.2, 1])), trace(at(1, "return", "", [0.3, 1]))
    assert first_divergence(ours, theirs).index == 0
    assert first_divergence(ours, theirs, tolerance=1e-6) is None
    assert first_divergence(ours, trace(at(1, "return", "", [0.31, 1])), tolerance=1e-6).index == 0


@pytest.mark.parametrize(
    ("assertion", "allowed"),
    [("assert f(1) == 0.3", 0.0), ("assert abs(f(1) - 0.3) < 1e-6", 1e-6), ("assert math.isclose(f(1), 2)", 1e-6)],
)
def test_tests_that_speak_of_nearness_allow_for_it(assertion, allowed):
    assert tolerance(assertion_problem(assertion)) == allowed


def test_channels_that_differ_in_passing_cases_are_no_evidence():
    passing = trace(at(1, "let", "a", 1), at(2, "let", "b", 2)), trace(at(1, "let", "x", 9), at(2, "let", "y", 2))
    ours, theirs = (
        trace(at(1, "let", "a", 5), at(2, "let", "b", 6)),
        trace(at(1, "let", "x", 9), at(2, "let", "y", 7)),
    )
    assert channel_divergence(ours, theirs, SAME, [passing]).index == 1
    assert channel_divergence(ours, theirs, SAME, []).index == 0


def test_order_between_channels_and_values_that_stay_are_no_evidence():
    ours = trace(at(1, "let", "a", 1), at(2, "let", "b", 2), at(3, "let", "b", 2))
    assert channel_divergence(ours, trace(at(1, "let", "y", 2), at(2, "let", "x", 1)), SAME, []) is None
