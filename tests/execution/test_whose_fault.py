"""Failures of the tests themselves, and of the program: only the second are held against it."""

import pytest

from verl_egca.execution.verdict import Outcome

from ..problems import assertion_problem

FINE = "def f(x):\n    return x\n"


@pytest.mark.parametrize(
    ("test", "setup", "reason"),
    [
        ("assert f(1) == nothing_of_that_name", "", "nothing_of_that_name"),
        ("assert helper(f(1)) == 1", "", "helper"),
        ("assert np.isclose(f(1), 1)", "", "np"),
        ("assert f(1) == 1", "import no_such_package", "No module named 'no_such_package'"),
        ("import no_such_package\nassert f(1) == 1", "", "No module named 'no_such_package'"),
        ("assert f(1) == 1", "from math import no_such_name", "no_such_name"),
        ("assert f(1) == 1", "1 / 0", "ZeroDivisionError"),
        ("assert f(1) == 1", "x = nothing_of_that_name", "nothing_of_that_name"),
        ("assert f(open('/nowhere').read()) == 1", "", "No such file"),
    ],
)
def test_what_the_tests_lack_is_held_against_no_program(sandbox, test, setup, reason):
    (case,) = sandbox.run(assertion_problem(test, setup=setup), FINE).cases
    assert case.outcome is Outcome.UNSUPPORTED
    assert reason in case.error.message


@pytest.mark.parametrize(
    ("program", "tests", "reference"),
    [
        ("def g(x): return x", ("assert f(1) == 1",), None),
        ("", ("assert candidate(1) == 1",), None),
        (FINE, ("assert g(f(1)) == 1",), "def f(x): return x\ndef g(x): return x\n"),
        (FINE, ("assert f(1) == LIMIT",), FINE + "LIMIT = 1\n"),
        ("def f(x): return undefined", ("assert f(1) == 1",), None),
    ],
)
def test_what_the_program_lacks_is(sandbox, program, tests, reference):
    (case,) = sandbox.run(assertion_problem(*tests, reference=reference), program).cases
    assert (case.outcome, case.error.type) == (Outcome.EXCEPTION, "NameError")


def test_without_an_entry_point_the_program_has_to_define_what_tests_call(sandbox):
    problem = assertion_problem("assert g(1) == 1", entry_point=None)
    assert sandbox.run(problem, FINE).cases[0].outcome is Outcome.EXCEPTION


def test_a_name_that_the_test_did_not_come_to_bind_is_a_wrong_value(sandbox):
    test = "if f(1) == 1:\n    seen = 1\nassert seen == 1"
    assert sandbox.run(assertion_problem(test), FINE).passed
    (case,) = sandbox.run(assertion_problem(test), "def f(x): return 2").cases
    assert case.outcome is Outcome.WRONG


def test_names_that_harnesses_give_need_no_import_in_tests(sandbox):
    problem = assertion_problem(
        "assert math.isclose(f(1), 1)", "assert Counter([f(1)]) == Counter([1])", "assert f(inf) == inf"
    )
    assert sandbox.run(problem, FINE).passed


def test_packages_of_this_machine_may_be_imported_by_tests_however_long_that_takes(sandbox):
    test = "import networkx\nassert f(networkx.Graph().number_of_nodes()) == 0"
    assert sandbox.run(
        assertion_problem(test, setup="import numpy as np\nimport pytest\nimport scipy.stats"), FINE
    ).passed


def test_set_up_that_asserts_on_the_program_fails_it(sandbox):
    problem = assertion_problem("assert f(1) == 1", setup="assert f(2) == 3")
    assert sandbox.run(problem, FINE).cases[0].outcome is Outcome.WRONG
