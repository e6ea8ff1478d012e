"""Names that programs and tests find without importing them: the harnesses', and those of the problem's preamble."""

import builtins

import pytest

from verl_egca.execution.given import given_names
from verl_egca.execution.verdict import Outcome
from verl_egca.tracing.trace import decode

from ..problems import assertion_problem, call_problem, stdio_problem

# verl 0.9.1's prime_code runs programs after these lines
PRIME_CODE = (
    "from string import *\nfrom re import *\nfrom datetime import *\nfrom collections import *\nfrom heapq import *\n"
    "from bisect import *\nfrom copy import *\nfrom math import *\nfrom random import *\nfrom statistics import *\n"
    "from itertools import *\nfrom functools import *\nfrom operator import *\nfrom io import *\nfrom sys import *\n"
    "from json import *\nfrom builtins import *\nfrom typing import *\nimport string\nimport re\nimport datetime\n"
    "import collections\nimport heapq\nimport bisect\nimport copy\nimport math\nimport random\nimport statistics\n"
    "import itertools\nimport functools\nimport operator\nimport io\nimport sys\nimport json\n"
)


def test_the_names_are_those_of_the_field_s_harness():
    theirs = {}
    exec(PRIME_CODE, theirs)
    wanted = {
        name: value for name, value in theirs.items() if not name.startswith("__") and not hasattr(builtins, name)
    }
    ours = given_names()
    assert wanted.keys() <= ours.keys()
    others = {name for name, value in wanted.items() if ours[name] is not value}
    aliases = {name for name in others if getattr(wanted[name], "__origin__", None) is ours[name]}  # typing's
    assert others - aliases <= {
        "unraisablehook",
        "excepthook",
        "displayhook",
        "stdin",
        "stdout",
        "stderr",
    }  # what pytest and its workers set
    assert aliases == {"Counter", "OrderedDict", "ChainMap", "Match", "Pattern"} & others


def test_assertions_give_them_to_methods_alone_as_the_fields_harnesses_do(sandbox):
    """HumanEval's and MBPP's run a program as it is; LeetCode's import names before it."""
    program = "class Solution:\n    def f(self, n: int) -> List[int]:\n        return [floor(n)]\n"
    function = "def f(n):\n    return [floor(n)]\n"
    of_method = assertion_problem("assert candidate(2.5) == [2]", entry_point="Solution().f")
    of_function = assertion_problem("assert f(2.5) == [2]")
    assert sandbox.run(of_method, program).passed
    failure = sandbox.run(of_function, function).first_failure
    assert (failure.outcome, failure.error.type) == (Outcome.EXCEPTION, "NameError")
    assert sandbox.run(of_function.model_copy(update={"preamble": "from math import floor"}), function).passed


@pytest.mark.parametrize(
    ("program", "result"),
    [
        ("def f(xs: List[int]) -> Optional[int]:\n    return Counter(xs).most_common(1)[0][0]", 2),
        ("def f(xs):\n    return math.floor(sqrt(sum(xs)))", 2),
        ("def f(xs):\n    return reduce(lambda a, b: a + b, xs) - inf > 0", False),
        (
            "def f(xs):\n    d = defaultdict(int)\n    heap = []\n    heappush(heap, 3)\n    return bisect_left(xs, 2) + len(d) + heap[0]",
            4,
        ),
        ("@cache\ndef f(n):\n    return 2\nf = (lambda g: lambda xs: g(0))(f)", 2),
        (
            "class Solution:\n    @lru_cache(None)\n    def g(self, n): return n\n    def f(self, xs): return self.g(2)",
            2,
        ),
        ("def f(xs):\n    return pow(xs[0], 1, 7) + abs(-1)", 2),
        ("def f(xs):\n    return ListNode(2).val", 2),
        ("def f(xs):\n    return datetime.date(2020, 1, 2).day", 2),
    ],
)
def test_programs_that_tests_call_find_them(sandbox, program, result):
    problem = call_problem((([1, 2, 2],), result))
    assert sandbox.run(problem, program).passed


@pytest.mark.parametrize(
    "program",
    [
        "count = 2\ndef f(): return count",
        "def f():\n    try:\n        return index\n    except NameError:\n        return 2\nindex = 2",
        "def f(): return len([n for n in globals() if not n.startswith('__')]) + 1",
        "def f(): return 2 if 'math' not in dir() and 'math' not in globals() and 'math' not in vars() else 0",
        "class deque:\n    def __init__(self): self.x = 2\ndef f(): return deque().x",
        "from operator import *\ndef f(): return add(1, 1)",
    ],
)
def test_they_shadow_nothing_and_are_no_names_of_the_program_s(sandbox, program):
    assert sandbox.run(call_problem(((), 2)), program).passed


def test_scripts_do_not_find_them(sandbox):
    assert not sandbox.run(stdio_problem(("", "3\n")), "print(floor(3.5))").passed
    assert sandbox.run(stdio_problem(("", "no\n")), "try: floor\nexcept NameError: print('no')").passed


def test_a_program_s_function_of_a_given_name_is_the_one_that_tests_call(sandbox):
    problem = assertion_problem(
        "assert mean([1, 2]) == 'mean'", "assert count() == 7", "assert median([1]) == 1", entry_point="mean"
    )
    program = "def mean(xs): return 'mean'\ndef count(): return 7\nfrom statistics import median\n"
    assert sandbox.run(problem, program).passed


def test_classes_and_modules_of_python_s_are_the_judge_s_own_in_tests(sandbox):
    problem = assertion_problem("assert Counter(f()) == Counter([1])", "assert math.isclose(f()[0], 1)")
    lies = "class Counter:\n    def __new__(cls, xs): return 0\nclass math:\n    def isclose(a, b): return True\ndef f(): return [5]\n"
    assert [case.outcome for case in sandbox.run(problem, lies).cases] == [Outcome.WRONG, Outcome.WRONG]
    assert sandbox.run(problem, "def f(): return [1]\n").passed


PREAMBLE = "import math\nfrom typing import *\nSCALE = 10\ndef scaled(x):\n    return unit(x) * SCALE\ndef unit(x):\n    return x\n"


def preamble_problem(*assertions, setup="", preamble=PREAMBLE):
    return assertion_problem(*assertions, setup=setup, preamble=preamble)


def test_a_program_finds_what_its_preamble_defines_and_tests_do_too(sandbox):
    problem = preamble_problem("assert f(2) == scaled(2) == 20", "assert f(1.5) == math.floor(15.9)")
    assert sandbox.run(problem, "def f(x: Optional[float]):\n    return math.floor(scaled(x))\n").passed
    calls = call_problem(((2,), 20)).model_copy(update={"preamble": PREAMBLE})
    assert sandbox.run(calls, "def f(x): return scaled(x)").passed


def test_a_program_may_define_the_preamble_s_names_anew_and_tests_keep_theirs(sandbox):
    problem = preamble_problem("assert f(2) == 60 and scaled(2) == 20")
    assert sandbox.run(problem, "def unit(x):\n    return 3 * x\ndef f(x):\n    return scaled(x)\n").passed


def test_the_tests_own_names_win_over_the_preamble_s(sandbox):
    problem = preamble_problem("assert f(2) == scaled(2)", setup="def scaled(x):\n    return 7\n")
    assert sandbox.run(problem, "def f(x):\n    return 7\n").passed


def test_lines_of_errors_are_the_program_s_own(sandbox):
    problem = preamble_problem("assert f(2) == 1", preamble=PREAMBLE + "def fails(x):\n    return x / 0\n")
    (case,) = sandbox.run(problem, "def f(x):\n    y = x\n    return fails(y)\n").cases
    assert (case.error.type, case.error.line) == ("ZeroDivisionError", 3)


def test_traces_are_of_the_program_alone(sandbox):
    problem = preamble_problem("assert f(2) == 1")
    _, data = sandbox.trace(problem, "def f(x):\n    y = scaled(x)\n    return y\n", 0)
    trace = decode(data)
    assert {event.name for event in trace.events if event.name} == {"x", "y"}
    assert {place.line for place in trace.executed} == {1, 2, 3}


def test_trials_have_the_preamble_and_their_steps_are_the_program_s(sandbox):
    problem = preamble_problem(
        "assert f(2) == 20", preamble=PREAMBLE + "def long():\n    for _ in range(10_000): pass\n"
    )
    with sandbox.trials(problem) as trials:
        texts = [
            "def f(x):\n    long()\n    return scaled(x)\n",
            "def f(x):\n    return unit(x)\n",
            "def unit(x): return 20\ndef f(x): return unit(x)\n",
        ]
        assert trials.passed(texts, [0], max_steps=100) == [[True], [False], [True]]


@pytest.mark.parametrize("preamble", ["import no_such_package", "1 / 0", "def ("])
def test_a_preamble_that_fails_by_itself_is_no_fault_of_a_program_s(sandbox, preamble):
    for problem in (
        preamble_problem("assert f(1) == 1", preamble=preamble),
        call_problem(((1,), 1)).model_copy(update={"preamble": preamble}),
    ):
        (case,) = sandbox.run(problem, "def f(x): return x").cases
        assert case.outcome is Outcome.UNSUPPORTED
        assert "preamble failed" in case.error.message
