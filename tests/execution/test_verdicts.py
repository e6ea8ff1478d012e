"""One verdict a case: what each kind of test and each way to fail comes out as."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from verl_egca.data.formats import load_problems
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Outcome

from ..problems import assertion_problem, call_problem, stdio_problem


def outcomes(verdict):
    return [case.outcome for case in verdict.cases]


def test_each_assertion_is_a_case_with_what_it_got_and_expected(sandbox):
    problem = assertion_problem("assert f(1) == 2", "assert f(2) == 4", "assert 3 in f(3)")
    verdict = sandbox.run(problem, "def f(x):\n    return x + 1\n")
    assert outcomes(verdict) == [Outcome.PASSED, Outcome.WRONG, Outcome.WRONG]
    assert (verdict.cases[1].got, verdict.cases[1].expected) == ("3", "4")
    assert verdict.cases[1].case == "assert f(2) == 4"
    assert (verdict.tests_passed, verdict.passed) == (1, False)
    assert verdict.first_failure is verdict.cases[1]


def test_a_check_function_is_split_into_its_assertions(sandbox):
    check = "def check(g):\n    big = 10\n    assert g(1) == 1\n    for n in (2, 3):\n        assert g(n) == n\n    assert g(big) == 10\n    assert True, 'always'\n"
    problem = assertion_problem("check(f)", setup=check)
    verdict = sandbox.run(problem, "def f(x):\n    return min(x, 9)\n")
    assert outcomes(verdict) == ["passed", "passed", "passed", "wrong_value"]
    assert [case.case for case in verdict.cases[1:3]] == ["assert g(n) == n  # n = 2", "assert g(n) == n  # n = 3"]


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("def f(x)\n    return x\n", Outcome.SYNTAX),
        ("def f(x):\n    return 1 / 0\n", Outcome.EXCEPTION),
        ("import nothing_of_that_name\ndef f(x): return x\n", Outcome.IMPORT),
        ("def g(x):\n    return x\n", Outcome.EXCEPTION),
        ("def f(x):\n    while True: pass\n", Outcome.TIMEOUT),
        ("import time\ndef f(x):\n    time.sleep(60)\n", Outcome.TIMEOUT),
        ("def f(x):\n    return [0] * (1 << 40)\n", Outcome.MEMORY),
        ("import os\ndef f(x):\n    os._exit(0)\n", Outcome.CRASHED),
        ("while True: pass\n", Outcome.TIMEOUT),
        ("raise SystemExit(0)\n", Outcome.IMPORT),
        ("x = '\\ud800\n", Outcome.SYNTAX),
        ("\0", Outcome.SYNTAX),
        ("def f(x):\n    return " + "(" * 300 + "x" + ")" * 300, Outcome.SYNTAX),
        ("", Outcome.EXCEPTION),
    ],
)
def test_ways_to_fail(sandbox, program, outcome):
    assert outcomes(sandbox.run(assertion_problem("assert f(1) == 2"), program)) == [outcome]


def test_sets_of_objects_of_the_program_are_shown(sandbox):
    program = "def f(x):\n    return {[].append, [].pop, x}\n"
    (case,) = sandbox.run(assertion_problem("assert f(1) == {1}"), program).cases
    assert (case.outcome, case.got) == (Outcome.WRONG, "<set>")


def test_programs_that_change_their_arguments_leave_those_of_the_tests_alone(sandbox):
    problem = call_problem((([3, 1, 2],), [1, 2, 3]), (([2, 1],), [1, 2]))
    consuming = "def f(xs):\n    found = []\n    while xs:\n        found.append(min(xs))\n        xs.remove(found[-1])\n    return found\n"
    assert [sandbox.run(problem, consuming).passed for _ in range(3)] == [True, True, True]
    assert sandbox.run(problem, consuming).cases[0].case == "f([3, 1, 2]) == [1, 2, 3]"


def test_recursion_without_end_is_an_error_of_the_program():
    with Sandbox(Limits(cpu_seconds=20, wall_seconds=60, memory_bytes=1 << 28), workers=1) as patient:
        verdict = patient.run(assertion_problem("assert f(1) == 2"), "def f(x):\n    return f(x)\n")
    assert outcomes(verdict) == [Outcome.EXCEPTION]


def test_an_error_names_its_last_line_inside_the_program(sandbox):
    program = "import json\n\ndef g(x):\n    return json.loads(x)\n\ndef f(x):\n    return g('{')\n"
    error = sandbox.run(assertion_problem("assert f(1) == 2"), program).cases[0].error
    assert (error.type, error.line) == ("JSONDecodeError", 4)


def test_a_compile_error_names_its_place_in_columns_from_0(sandbox):
    error = sandbox.run(assertion_problem("assert f(1)"), "def f(x):\n    return (x +\n").cases[0].error
    assert (error.type, error.line, error.col) == ("SyntaxError", 2, 11)


def test_an_endless_case_does_not_take_the_others_with_it(sandbox):
    problem = assertion_problem(*(f"assert f({n}) == {n}" for n in range(4)))
    verdict = sandbox.run(problem, "def f(x):\n    while x == 1: pass\n    return x\n")
    assert outcomes(verdict) == ["passed", "timeout", "passed", "passed"]


def test_expected_exceptions_of_the_tests_are_the_programs_own(sandbox):
    test = "try:\n    f(-1)\n    assert False\nexcept ValueError as error:\n    assert 'negative' in str(error)"
    program = "def f(x):\n    if x < 0:\n        raise ValueError('negative')\n"
    assert sandbox.run(assertion_problem(test), program).passed
    assert not sandbox.run(assertion_problem(test), program.replace("ValueError", "KeyError")).passed


def test_a_mutated_argument_is_seen_by_the_test(sandbox):
    test = "xs = [3, 1, 2]\nf(xs)\nassert xs == [1, 2, 3]"
    assert sandbox.run(assertion_problem(test), "def f(xs):\n    xs.sort()\n").passed


def test_a_callable_of_the_tests_is_called_back(sandbox):
    program = "def f(g):\n    return [g(n) for n in range(3)]\n"
    assert sandbox.run(assertion_problem("assert f(lambda x: x * x) == [0, 1, 4]"), program).passed
    assert sandbox.run(assertion_problem("assert f(len) == 1"), "def f(g):\n    return g('x')\n").passed


def test_a_set_up_that_fails_by_itself_is_unsupported_and_not_failed(sandbox):
    problem = assertion_problem("assert f(1) == 1", setup="import no_such_package")
    (case,) = sandbox.run(problem, "def f(x):\n    return x\n").cases
    assert case.outcome is Outcome.UNSUPPORTED
    assert "No module named 'no_such_package'" in case.error.message


def test_call_pairs_take_a_tuple_for_json_s_list(sandbox):
    problem = call_problem(((1, 2), [1, 2]), (([1], {"a": 1}), [[1], {"a": 1}]))
    assert sandbox.run(problem, "def f(a, b):\n    return a, b\n").passed
    assert outcomes(sandbox.run(problem, "def f(a, b):\n    return [b, a]\n")) == ["wrong_value", "wrong_value"]


def test_scripts_read_standard_input_in_every_way(sandbox):
    problem = stdio_problem(("2 3\n", "5\n"), ("10 -4\n", "6"))
    for program in (
        "a, b = map(int, input().split())\nprint(a + b)\n",
        "import sys\nprint(sum(map(int, sys.stdin.read().split())))\n",
        "print(sum(map(int, open(0).read().split())))\n",
        "if __name__ == '__main__':\n    print(sum(map(int, input().split())))\n    raise SystemExit(0)\n",
    ):
        assert sandbox.run(problem, program).passed, program


@pytest.mark.parametrize(
    ("got", "expected", "same"),
    [
        ("1 2 \n\n", "1 2", True),
        ("1  2", "1 2", True),
        ("0.3333333", "0.33333333", True),
        ("1", "1.0", True),
        ("1", "2", False),
        ("1000000001", "1000000000", False),
        ("1\n2", "1 2", False),
        ("abc", "abd", False),
        ("nan", "1.0", False),
    ],
)
def test_what_counts_as_equal_output(sandbox, got, expected, same):
    assert sandbox.run(stdio_problem(("", expected)), f"print({got!r})").passed is same


def test_a_rerun_repeats(sandbox):
    program = "import random\ndef f():\n    return [random.random(), list({'a', 'b', 'c', 'd'}), hash('x')]\n"
    cases = [sandbox.run(assertion_problem("assert f() == 0"), program).cases[0].got for _ in range(3)]
    assert len(set(cases)) == 1


def test_humanevals_references_pass(sandbox, shared_data):
    problems = load_problems(shared_data / "HumanEval.jsonl.gz")
    failed = [problem.task_id for problem in problems if not sandbox.run(problem, problem.reference).passed]
    assert failed == []
    assert len(problems) == 164


def test_mbpps_references_pass(shared_data):
    problems = load_problems(shared_data / "mbpp.jsonl")
    slow = Limits(cpu_seconds=20)  # some references take seconds
    with Sandbox(slow, workers=2) as sandbox, ThreadPoolExecutor(2) as threads:
        verdicts = threads.map(lambda problem: sandbox.run(problem, problem.reference), problems)
        failed = {problem.task_id for problem, verdict in zip(problems, verdicts, strict=True) if not verdict.passed}
    assert failed == set()
    assert len(problems) == 974


COUNTS = "calls = []\ndef f(x):\n    calls.append(x)\n    return len(calls)\n"


def test_a_case_that_fails_for_what_others_left_behind_says_so(sandbox):
    verdict = sandbox.run(assertion_problem("assert f(5) == 1", "assert f(6) == 1"), COUNTS)
    assert [(case.passed, case.passes_alone) for case in verdict.cases] == [(True, None), (False, True)]


def test_cases_are_apart_where_that_is_asked_for():
    with Sandbox(Limits(isolate=True)) as sandbox:
        assert sandbox.run(assertion_problem("assert f(5) == 1", "assert f(6) == 1"), COUNTS).passed
        assert not sandbox.run(assertion_problem("assert f(5) == 1", "assert f(6) == 2"), COUNTS).passed


@pytest.mark.parametrize("items", ["6, 7, 8, 9, 10, 11", "12, 13, 14, 15, 16", "1, 2, 3"])
def test_a_set_is_listed_in_the_order_of_bare_python(sandbox, items):
    expected = eval(f"tuple({{{items}}})")
    problem = assertion_problem(
        f"assert f({{{items}}}) == {expected}", f"assert f(set([{items}])) == {tuple(eval(f'set([{items}])'))}"
    )
    assert sandbox.run(problem, "def f(s):\n    return tuple(s)\n").passed
