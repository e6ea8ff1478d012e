"""What tests may call: a function, a method of an object made anew, a class, anything callable."""

import pytest

from verl_egca.execution.verdict import Outcome

from ..problems import assertion_problem, call_problem

CALLABLES = {
    "a function": "def f(a, b):\n    return a + b\n",
    "a lambda": "f = lambda a, b: a + b\n",
    "a partial": "import functools\nf = functools.partial(lambda n, a, b: a + b, 0)\n",
    "an object": "class Adder:\n    def __call__(self, a, b):\n        return a + b\nf = Adder()\n",
    "a cached function": "from functools import lru_cache\n@lru_cache(None)\ndef f(a, b):\n    return a + b\n",
    "a bound method": "class A:\n    def add(self, a, b):\n        return a + b\nf = A().add\n",
    "a method of Solution": "class Solution:\n    def f(self, a, b):\n        return a + b\n",
    "a static method of Solution": "class Solution:\n    @staticmethod\n    def f(a, b):\n        return a + b\n",
    "a class method of Solution": "class Solution:\n    @classmethod\n    def f(cls, a, b):\n        return a + b\n",
    "a method that Solution inherits": "class A:\n    def f(self, a, b):\n        return a + b\nclass Solution(A): pass\n",
    "a function beside a Solution without it": "class Solution:\n    pass\ndef f(a, b):\n    return a + b\n",
}


@pytest.mark.parametrize("program", CALLABLES.values(), ids=CALLABLES.keys())
def test_pairs_call_whatever_the_program_has_of_the_name(sandbox, program):
    problem = call_problem(((1, 2), 3), ((4, 5), 9))
    assert sandbox.run(problem, program).passed
    assert not sandbox.run(problem, program.replace("a + b", "a - b")).passed


@pytest.mark.parametrize("program", CALLABLES.values(), ids=CALLABLES.keys())
def test_assertions_call_whatever_the_program_has_of_the_name(sandbox, program):
    entry = "Solution().f" if "class Solution" in program and "\ndef f" not in program else "f"
    problem = assertion_problem("assert candidate(1, b=2) == 3", f"assert {entry}(4, 5) == 9", entry_point=entry)
    assert sandbox.run(problem, program).passed


COUNTS = "class Solution:\n    def __init__(self):\n        self.calls = 0\n    def f(self):\n        self.calls += 1\n        return self.calls\n"


@pytest.mark.parametrize(
    "problem",
    [
        call_problem(((), 1), ((), 1)),
        assertion_problem("assert candidate() == 1", "assert candidate() == 1", entry_point="Solution().f"),
        assertion_problem("assert Solution().f() == 1", "assert Solution().f() == 1", entry_point="Solution().f"),
        assertion_problem(
            "check(candidate)",
            setup="def check(g):\n    assert g() == 1\n    assert g() == 1\n",
            entry_point="Solution().f",
        ),
        assertion_problem(
            "check(Solution().f)",
            setup="def check(g):\n    assert g() == 1\n    assert g() == 1\n",
            entry_point="Solution().f",
        ),
    ],
)
def test_a_method_s_object_is_made_anew_for_each_call(sandbox, problem):
    verdict = sandbox.run(problem, COUNTS)
    assert [case.outcome for case in verdict.cases] == ["passed", "passed"]


def test_an_object_that_the_test_makes_keeps_its_state(sandbox):
    problem = assertion_problem("s = Solution()\ns.f()\nassert s.f() == 2", entry_point="Solution().f")
    assert sandbox.run(problem, COUNTS).passed


@pytest.mark.parametrize(
    ("entry", "program"),
    [
        ("f", "def g(a, b):\n    return 3\n"),
        ("f", "f = 3\n"),
        ("f", "class Solution:\n    def g(self, a, b):\n        return 3\n"),
        ("gcd", ""),
        ("Solution().f", "def f(a, b):\n    return 3\n"),
        ("Solution().f", "class Solution:\n    def g(self, a, b):\n        return 3\n"),
        (
            "Solution().f",
            "class Solution:\n    def __init__(self, n): pass\n    def f(self, a, b):\n        return 3\n",
        ),
    ],
)
def test_a_program_without_what_the_tests_call_fails(sandbox, entry, program):
    for problem in (
        call_problem(((6, 3), 3), entry_point=entry),
        assertion_problem("assert candidate(6, 3) == 3", entry_point=entry),
        assertion_problem(f"assert {entry}(6, 3) == 3", entry_point=entry),
    ):
        (case,) = sandbox.run(problem, program).cases
        assert case.outcome in (Outcome.EXCEPTION, Outcome.WRONG), problem.tests


def test_a_name_that_a_program_only_imports_may_be_called(sandbox):
    assert sandbox.run(call_problem(((6, 4), 2), entry_point="gcd"), "from math import gcd\n").passed
    imported = assertion_problem("assert gcd(6, 4) == 2", entry_point="gcd", preamble="from math import *")
    assert sandbox.run(imported, "from math import gcd\n").passed
    assert not sandbox.run(imported, "").passed


def test_keywords_are_given_and_changed_as_arguments_by_place_are(sandbox):
    problem = assertion_problem(
        "xs = [3, 1]\nassert f(k=1, xs=xs) is xs\nassert xs == [1, 3]", "assert f(xs=[2], k=5) == [2]"
    )
    assert sandbox.run(problem, "def f(xs, k):\n    xs.sort()\n    return xs\n").passed


def test_a_case_that_ends_the_process_comes_after_those_before_it(sandbox):
    problem = assertion_problem(*(f"assert candidate(n={n}) == {n}" for n in range(20)), entry_point="Solution().f")
    program = "import os\nclass Solution:\n    def f(self, n):\n        return n if n < 19 else os._exit(0)\n"
    outcomes = [case.outcome for case in sandbox.run(problem, program).cases]
    assert outcomes == ["passed"] * 19 + ["crashed"]


def test_a_class_of_pairs_makes_an_object_that_can_t_be_judged(sandbox):
    program = "class f:\n    def __init__(self, n): self.n = n\n    def __eq__(self, other): return True\n"
    (case,) = sandbox.run(call_problem(((3,), "3")), program).cases
    assert case.outcome is Outcome.UNSUPPORTED


DEEP = "def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\n"


@pytest.mark.parametrize("program", [DEEP, "from functools import lru_cache\n@lru_cache(None)\n" + DEEP])
def test_calls_may_recurse_as_deep_as_under_the_field_s_harness(sandbox, program):
    assert sandbox.run(call_problem(((20_000,), 20_000)), program).passed
