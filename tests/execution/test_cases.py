"""Tests split into cases: one call and what is expected of it, from loops, tables and helpers."""

from verl_egca.execution.cases import split_assertions

from .leetcode_preamble import PREAMBLE


def texts(*assertions, setup=""):
    return [case.text for case in split_assertions(setup, assertions)]


def test_loops_are_unrolled_with_the_values_of_their_round():
    assert texts("for n in range(2):\n    for m in 'ab':\n        assert f(n, m) == n") == [
        "assert f(n, m) == n  # n = 0, m = 'a'",
        "assert f(n, m) == n  # n = 0, m = 'b'",
        "assert f(n, m) == n  # n = 1, m = 'a'",
        "assert f(n, m) == n  # n = 1, m = 'b'",
    ]


TABLE = """
def close(got, expected, tolerance):
    assert abs(got - expected) <= tolerance

def check(candidate):
    inputs = [[1, 2], [3, 4]]
    results = [3, 7]
    for i, (given, expected) in enumerate(zip(inputs, results)):
        close(candidate(*given), expected, 0.5)
"""


def test_a_table_of_inputs_and_results_is_unrolled_to_its_rows():
    assert [text.split("  # ")[1] for text in texts("check(f)", setup=TABLE)] == [
        "given = [1, 2], expected = 3",
        "given = [3, 4], expected = 7",
    ]


def test_a_helper_that_loops_over_assertions_is_unrolled_where_it_is_called():
    setup = "def every(pairs, g):\n    for given, expected in pairs:\n        assert g(given) == expected\n"
    check = setup + "def check(g):\n    every([(1, 2), (3, 4)], g)\n    assert g(5) == 6\n"
    assert texts("check(f)", setup=check) == [
        "assert g(given) == expected  # given = 1, expected = 2",
        "assert g(given) == expected  # given = 3, expected = 4",
        "assert g(5) == 6",
    ]


def test_what_depends_on_the_program_s_answers_is_one_case():
    assert len(texts("for x in f(3):\n    assert x > 0")) == 1
    assert len(texts("n = 0\nwhile f(n) < 3:\n    assert f(n) >= 0\n    n += 1")) == 1


def test_calls_of_the_program_before_a_decision_belong_to_it():
    split = split_assertions("", ("for n in range(3):\n    coded = encode(n)\n    assert decode(coded) == n",))
    assert [case.text for case in split] == [f"assert decode(coded) == n  # n = {n}" for n in range(3)]


def test_random_draws_are_the_same_in_every_split():
    setup = "import random\ndef check(g):\n    for _ in range(5):\n        n = random.randint(0, 10 ** 9)\n        assert g(n) == n\n"

    def bound():
        return [case.bound for case in split_assertions(setup, ("check(f)",))]

    once = bound()
    split_assertions.cache_clear()
    assert len(set(once)) == 5
    assert once == bound()


def test_code_after_the_last_assertion_that_calls_the_program_must_not_raise():
    assert len(texts("check(f)", setup="def check(g):\n    assert g(1) == 1\n    g(2)\n")) == 2


def test_loops_over_nodes_of_the_preamble_are_unrolled():
    setup = "def check(candidate):\n    for values, k in [([1, 2], 1), ([3], 3)]:\n        head = list_node(values)\n        assert candidate(head).val == k\n"
    assert len(split_assertions(setup, ("check(candidate)",), PREAMBLE, "Solution().f")) == 2
