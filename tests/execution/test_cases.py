"""Tests split into cases: one call with known arguments and what is expected, from loops, tables and helpers."""

import pytest

from verl_egca.execution.cases import split_assertions

from .leetcode_preamble import PREAMBLE


def texts(*assertions, setup=""):
    return [case.text for case in split_assertions(setup, assertions)]


def calls(*assertions, setup="", **known):
    return [case.call and known_as(case.call) for case in split_assertions(setup, assertions, **known)]


def known_as(call):
    return (call.what, call.arguments, call.keywords) if call.keywords else (call.what, call.arguments)


def test_each_assertion_is_a_case_with_its_call():
    assert calls("assert f(1, [2]) == 3", "assert 4 < f('x')") == [("f", (1, [2])), ("f", ("x",))]


@pytest.mark.parametrize(
    "assertion",
    [
        "assert f(x) == 3",
        "assert f(1) == f(2)",
        "assert True or f(1)",
        "assert f(**{'a': 1})",
        "assert all(f(n) for n in [1])",
    ],
)
def test_a_call_that_is_not_the_only_one_or_not_certain_is_not_known(assertion):
    assert calls(assertion) == [None]


def test_loops_are_unrolled_with_the_values_of_their_round():
    assert texts("for n in range(2):\n    for m in 'ab':\n        assert f(n, m) == n") == [
        "assert f(n, m) == n  # n = 0, m = 'a'",
        "assert f(n, m) == n  # n = 0, m = 'b'",
        "assert f(n, m) == n  # n = 1, m = 'a'",
        "assert f(n, m) == n  # n = 1, m = 'b'",
    ]
    assert calls("for n in [1, 2]:\n    assert f(n) == n") == [("f", (1,)), ("f", (2,))]


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
    assert calls("check(f)", setup=TABLE) == [("f", (1, 2)), ("f", (3, 4))]
    assert [text.split("  # ")[1] for text in texts("check(f)", setup=TABLE)] == [
        "given = [1, 2], expected = 3",
        "given = [3, 4], expected = 7",
    ]


def test_a_helper_that_loops_over_assertions_is_unrolled_where_it_is_called():
    setup = "def every(pairs, g):\n    for given, expected in pairs:\n        assert g(given) == expected\n"
    check = setup + "def check(g):\n    every([(1, 2), (3, 4)], g)\n    assert g(5) == 6\n"
    assert calls("check(f)", setup=check) == [("f", (1,)), ("f", (3,)), ("f", (5,))]


def test_what_depends_on_the_program_s_answers_is_one_case():
    assert len(texts("for x in f(3):\n    assert x > 0")) == 1
    assert len(texts("n = 0\nwhile f(n) < 3:\n    assert f(n) >= 0\n    n += 1")) == 1


def test_calls_of_the_program_before_a_decision_belong_to_it():
    split = split_assertions("", ("for n in range(3):\n    coded = encode(n)\n    assert decode(coded) == n",))
    assert [case.text for case in split] == [f"assert decode(coded) == n  # n = {n}" for n in range(3)]


def test_random_draws_are_the_same_in_every_split():
    setup = "import random\ndef check(g):\n    for _ in range(5):\n        n = random.randint(0, 10 ** 9)\n        assert g(n) == n\n"
    once = calls("check(f)", setup=setup)
    split_assertions.cache_clear()
    assert len(set(once)) == 5
    assert once == calls("check(f)", setup=setup)


def test_code_after_the_last_assertion_that_calls_the_program_must_not_raise():
    assert len(texts("check(f)", setup="def check(g):\n    assert g(1) == 1\n    g(2)\n")) == 2


def test_keywords_are_arguments_of_a_known_call():
    assert calls("assert f(1, k=[2]) == 3") == [("f", (1,), {"k": [2]})]
    assert calls("for n in [1, 2]:\n    assert f(n=n) == n") == [("f", (), {"n": 1}), ("f", (), {"n": 2})]


@pytest.mark.parametrize("assertion", ["assert candidate(1) == 2", "check(candidate)"])
def test_candidate_is_the_entry_point(assertion):
    setup = "def check(candidate):\n    assert candidate(1) == 2\n"
    assert calls(assertion, setup=setup, entry="Solution().f") == [("Solution().f", (1,))]
    assert calls(assertion, setup=setup, entry="f") == [("f", (1,))]


def test_names_of_the_preamble_and_of_the_harness_are_none_of_the_program_s():
    setup = "def check(candidate):\n    assert is_same_list(candidate(head=list_node([1, 2]), k=2), list_node([2]))\n"
    (case,) = split_assertions(setup, ("check(candidate)",), PREAMBLE, "Solution().f")
    assert (case.call.what, case.call.keywords["k"], case.call.keywords["head"].next.val) == ("Solution().f", 2, 2)
    assert calls("assert Counter(f(1)) == Counter([1])") == [("f", (1,))]


def test_loops_over_nodes_of_the_preamble_are_unrolled():
    setup = "def check(candidate):\n    for values, k in [([1, 2], 1), ([3], 3)]:\n        head = list_node(values)\n        assert candidate(head).val == k\n"
    assert len(split_assertions(setup, ("check(candidate)",), PREAMBLE, "Solution().f")) == 2
