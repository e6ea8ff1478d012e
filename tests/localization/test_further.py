"""Further inputs: like the tests' own, and a twin that breaks what was right on them is not trusted."""

import random

import pytest

from verl_egca.assessment import Assessor
from verl_egca.localization.agreement import Agreement
from verl_egca.localization.further import Further, _variations, arguments_of
from verl_egca.localization.registry import make_localizer

from ..problems import assertion_problem, call_problem

REFERENCE = "def f(xs, n):\n    return sorted(xs)[:n]\n"


def variations(*given):
    return list(_variations(given, random.Random(1)))


def test_arguments_are_those_of_the_calls_in_the_tests():
    check = "def check(candidate):\n    assert candidate([1], n=2) == 3\n    assert candidate(made(), 1) == 2\n"
    problem = assertion_problem("check(f)", "assert f([2], 1) == 2", setup=check, reference="def f(xs, n):\n    pass\n")
    assert arguments_of(problem) == [([1], 2), ([2], 1)]
    assert arguments_of(call_problem(((1, "a"), 2), ((1, "a"), 2), ((2, "b"), 3))) == [(1, "a"), (2, "b")]


def test_variations_keep_what_all_arguments_have_in_common():
    made = variations(([1, 3, 7], 3, "ab"), ([2, 5, 6, 9], 4, "ba"), ([4, 5], 2, "b"))
    assert len(made) > 20
    for numbers, size, letters in made:
        assert numbers == sorted(set(numbers))
        assert size == len(numbers) > 0
        assert set(letters) <= {"a", "b"}


def test_a_matrix_stays_one():
    for (rows,) in variations(([[1, 2], [3, 4]],), ([[5, 6], [7, 8]],)):
        assert len({len(row) for row in rows}) == 1


def test_what_the_reference_does_is_expected(sandbox):
    problem = call_problem((([3, 1, 2], 2), [1, 2]), (([5, 4], 1), [4])).model_copy(update={"reference": REFERENCE})
    further = Further(problem)
    with sandbox.trials(problem) as trials:
        right = further.passed(REFERENCE, trials)
        assert len(right) > 10
        assert all(right)
        wrong = further.passed("def f(xs, n):\n    return xs[:n]\n", trials)
        assert 0 < sum(wrong) < len(wrong)


@pytest.mark.parametrize(
    "reference",
    [None, "def f(xs, n):\n    raise ValueError\n", "def f(xs, n):\n    return [].append\n"],
)
def test_where_nothing_can_be_expected_there_are_no_inputs(sandbox, reference):
    problem = call_problem((([3, 1, 2], 2), [1, 2]), (([5, 4], 1), [4])).model_copy(update={"reference": reference})
    with sandbox.trials(problem) as trials:
        assert Further(problem).passed(REFERENCE, trials) == []


@pytest.mark.parametrize(
    ("mended", "broken", "sound"), [(0, 0, True), (5, 1, True), (2, 2, False), (9, 3, True), (9, 4, False)]
)
def test_an_edit_that_breaks_what_was_right_is_not_sound(mended, broken, sound):
    before = [False] * mended + [True] * broken + [False]
    assert Agreement.of(before, [not one for one in before[:-1]] + [False]) == Agreement(mended, broken, 1)
    assert Agreement(mended, broken).sound is sound


def test_an_edit_that_suits_weak_tests_by_chance_is_passed_over(sandbox):
    reference = "def f(a, n, p):\n    total = 1\n    for i in range(n):\n        total *= a[i]\n    return 'ODD' if total % 2 and p % 2 else 'EVEN'\n"
    program = "def f(a, n, p):\n    total = 1\n    for i in range(n):\n        total *= a[i]\n    return 'ODD' if total % 2 and p % 3 else 'EVEN'\n"
    tests = (
        "assert f([5, 7, 9], 3, 1) == 'ODD'",
        "assert f([1, 3], 2, 2) == 'EVEN'",
        "assert f([8, 2], 2, 4) == 'EVEN'",
    )
    problem = assertion_problem(*tests, reference=reference)
    found = Assessor(sandbox, make_localizer("counterfactual")).assess(problem, program, seed=0).localization
    (edit,) = found.evidence["edits"]
    twin = program[: edit["start"]] + edit["text"] + program[edit["end"] :]
    assert found.confirmed == "full"
    assert "p % 2" in twin
