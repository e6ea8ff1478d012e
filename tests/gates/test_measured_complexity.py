"""Complexity by counting events over growing inputs."""

import pytest

from verl_egca.gates.complexity import measured_complexity
from verl_egca.problem import CallTests

from .constrained_problems import constrained_problem

LOOP = "def f(xs):\n    t = 0\n    for a in xs:\n        t += a\n    return t\n"
PROGRAMS = {
    "constant": "def f(xs):\n    return xs[0]\n",
    "logarithmic": "def f(xs):\n    low, high = 0, len(xs)\n    while low < high:\n        mid = (low + high) // 2\n"
    "        if xs[mid] < 99:\n            low = mid + 1\n        else:\n            high = mid\n    return low\n",
    "linear": LOOP,
    "quadratic": "def f(xs):\n    return [a for a in xs for b in xs if a < b]\n",
    "cubic": "def f(xs):\n    n = 0\n    for a in xs:\n        for b in xs:\n            for c in xs:\n                n += 1\n    return n\n",
    "exponential": "def f(xs):\n    if not xs:\n        return 1\n    return f(xs[1:]) + f(xs[1:])\n",
}


@pytest.mark.parametrize(("name", "program"), PROGRAMS.items())
def test_growth_gives_the_class(sandbox, name, program):
    problem = constrained_problem(reference=LOOP, tests=("assert f([3, 1, 2]) == 6", "assert f([]) == 0"))
    assert measured_complexity(sandbox, problem, program) == name


def test_numbers_grow_where_there_is_nothing_else(sandbox):
    problem = constrained_problem(tests=("assert f(5) == 10",))
    assert measured_complexity(sandbox, problem, "def f(n):\n    return sum(i for i in range(n))\n") == "linear"


def test_a_length_grows_with_its_sequence(sandbox):
    problem = constrained_problem(tests=("assert f([1, 2, 3], 3) == 6",))
    program = "def f(xs, n):\n    t = 0\n    for i in range(n):\n        t += xs[i]\n    return t\n"
    assert measured_complexity(sandbox, problem, program) == "linear"


def test_arguments_of_calls_grow_as_well(sandbox):
    problem = constrained_problem().model_copy(update={"tests": CallTests(arguments=(("abc",),), expected=(3,))})
    assert (
        measured_complexity(sandbox, problem, "def f(s):\n    n = 0\n    for c in s:\n        n += 1\n    return n\n")
        == "linear"
    )


@pytest.mark.parametrize(
    "program",
    [
        "def f(xs):\n    raise ValueError\n",
        "def g(xs):\n    return 1\n",
        "def f(",
        "def f(xs):\n    import os\n    os._exit(0)\n",
    ],
)
def test_what_does_not_run_is_not_measured(sandbox, program):
    assert measured_complexity(sandbox, constrained_problem(), program) is None


def test_a_run_that_spends_its_budget_on_the_smallest_input_says_nothing_of_growth(sandbox):
    assert (
        measured_complexity(sandbox, constrained_problem(), "def f(xs):\n    n = 0\n    while True:\n        n += 1\n")
        is None
    )


def test_nothing_to_grow_is_nothing_measured(sandbox):
    assert (
        measured_complexity(sandbox, constrained_problem(tests=("assert f() == 1",)), "def f():\n    return 1\n")
        is None
    )
