"""What equals what: results of calls and standard output. And a value that crosses to a program and back is the same value."""

import math
from collections import Counter, deque
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verl_egca.execution.compare import call_result_matches, output_matches
from verl_egca.execution.verdict import Outcome

from ..problems import assertion_problem, call_problem

NEST = []
for _ in range(50_000):
    NEST = [NEST]
OTHER_NEST = []
for _ in range(50_000):
    OTHER_NEST = [OTHER_NEST]

EQUAL = [
    (1, 1), (True, 1), (1, True), (2, 2.0), (10**400, 10**400), (0.1 + 0.2, 0.3), (1482.2222222222224, 1482.2222222222222),
    (1e-7, 0), (0, -1e-7), (1e12 + 1, 1e12), (math.nan, math.nan), (math.inf, math.inf), (-0.0, 0.0), (5e16, 5 * 10**16),
    (Decimal("1.5"), 1.5), (Fraction(1, 2), 0.5), (Fraction(1, 3), 1 / 3), (Decimal("NaN"), math.nan), (1 + 0j, 1), (1e-9 + 1j, 1j),
    ((1, 2), [1, 2]), ([(1, 2), (3, 4)], [[1, 2], [3, 4]]), ({"a": (1, (2,))}, {"a": [1, [2]]}), ([[0.1 + 0.2]], [[0.3]]),
    ({1: 2}, {"1": 2}), ({"1": 2}, {1: 2}), ({True: 1, None: 2, 1.5: 3}, {"true": 1, "null": 2, "1.5": 3}), ({1: {2: 3}}, {"1": {"2": 3}}),
    (3, [3]), ([2, 1], [[2, 1]]), ([], [[]]), ("a", ["a"]), ((1, 2), [[1, 2]]), (None, [None]),
    (Counter("aab"), {"a": 2, "b": 1}), ({"b": 2, "a": 1}, {"a": 1, "b": 2}), ({1, 2}, {2, 1}), (NEST, OTHER_NEST), (None, None),
]  # fmt: skip
DIFFERENT = [
    (1, 2), (1, "1"), ("12", 12), ("1.0", "1"), (True, "true"), (None, 0), (None, ""), ("", []), (0.33333, 1 / 3), (1.00001, 1),
    (10**17 + 1, 10**17), (50000000000000001, 5e16), (10**400, 1.5), (1.5, 10**400), (math.nan, 1.0), (math.inf, -math.inf), (1, math.inf),
    (Decimal("1.50001"), 1.5), (1 + 1j, 1), ([1, 2], [2, 1]), ([1], [1, 2]), ([1], 1), (1, [1, 2]), (1, [2]), ([1, 2], [[1], [2]]),
    ({1, 2}, [1, 2]), (deque([1, 2]), [1, 2]), (range(2), [0, 1]), ({1: 2}, {"1": 3}), ({1: 2, "1": 3}, {"1": 2}), ({1: 2}, {"2": 2}), ({}, []),
    (b"a", "a"), (NEST, [OTHER_NEST, 1]),
]  # fmt: skip


@pytest.mark.parametrize(("got", "expected"), EQUAL, ids=range(len(EQUAL)))
def test_results_that_are_equal(got, expected):
    assert call_result_matches(got, expected)


@pytest.mark.parametrize(("got", "expected"), DIFFERENT, ids=range(len(DIFFERENT)))
def test_results_that_differ(got, expected):
    assert not call_result_matches(got, expected)


PRINTED = [
    ("1 2 \n\n", "1 2"), ("1  2", "1 2"), ("1\t2", "1 2"), ("1\r\n2\r\n", "1\n2"), ("\n1\n\n2", "1\n2"), ("1\n2", "1\n\n2\n"), ("", "\n"),
    ("0.3333333", "0.33333333"), ("1", "1.0"), ("3.0000001 2.9999999", "3 3"), ("1000000000", "1e9"), ("nan", "nan"), ("5e16", "50000000000000000"),
]  # fmt: skip
PRINTED_OTHERWISE = [
    ("1", "2"), ("1000000001", "1000000000"), ("1\n2", "1 2"), ("abc", "abd"), ("Yes", "YES"), ("nan", "1.0"), ("5.83", "5.828427"), ("10", "0010"),
    ("50000000000000001", "50000000000000000"), ("50000000000000001.0", "50000000000000000"), ("5.0000000000000008e+16", "50000000000000000"), ("1 2", "1"), ("inf", "1e999999"),
]  # fmt: skip


@pytest.mark.parametrize(("got", "expected"), PRINTED)
def test_output_that_is_equal(got, expected):
    assert output_matches(got, expected)


@pytest.mark.parametrize(("got", "expected"), PRINTED_OTHERWISE[:-1])
def test_output_that_differs(got, expected):
    assert not output_matches(got, expected)


# ---------------------------------------------------------------- to the program and back

NUMBERS = (
    st.integers() | st.floats(allow_nan=False) | st.booleans() | st.integers(min_value=10**4290, max_value=10**4310)
)
TEXTS = st.text(st.characters())
VALUES = st.recursive(
    st.none() | NUMBERS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(TEXTS | st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)
TYPES = "def types(x):\n    if isinstance(x, dict): return {'dict': [[types(k), types(v)] for k, v in x.items()]}\n    if isinstance(x, (list, tuple)): return [type(x).__name__, *map(types, x)]\n    return type(x).__name__ + (str(x) if x == 0 else '')\n"


def types_of(value):
    names: dict = {}
    exec(TYPES, names)
    return names["types"](value)


@settings(max_examples=60)
@given(st.lists(VALUES, min_size=1, max_size=6))
def test_a_value_that_a_program_is_given_and_returns_is_the_same(sandbox, values):
    back = call_problem(*(((value,), value) for value in values))
    assert sandbox.run(back, "def f(x): return x\n").passed
    typed = call_problem(*(((value,), types_of(value)) for value in values if "1" not in repr(type(value))))
    verdict = sandbox.run(typed, TYPES + "f = types\n")
    assert verdict.passed, verdict.first_failure


@settings(max_examples=20)
@given(st.lists(VALUES, min_size=1, max_size=4))
def test_another_value_is_another(sandbox, values):
    problem = call_problem(*(((value,), value) for value in values))
    verdict = sandbox.run(problem, "def f(x): return [x, 'more']\n")
    assert {case.outcome for case in verdict.cases} == {Outcome.WRONG}


DIGITS = "def f(d): return sum(d[n] for n in (1, 2))\n"


@pytest.mark.parametrize(
    ("arguments", "program"),
    [
        (({"1": 5, "2": 6},), DIGITS),
        (({"1": 5, "2": 6},), DIGITS.replace("(1, 2)", "'12'")),
        (({"1": 5, "2": 6}, 0), "def f(d, k): return d[1] + d[2] + k\n"),
        ((0, {"1": 5, "2": 6}), "def f(k, d): return d[1] + d[2] + k\n"),
        ((0, {"1": 5, "2": 6}), "def f(k, d): return d['1'] + d['2'] + k\n"),
        (({"1": {"2": 11}},), "def f(d): return d[1][2]\n"),
        (([{"1": 11}],), "def f(ds): return ds[0][1]\n"),
        (({"1": 11, "x": 2},), "def f(d): return d['1']\n"),
    ],
)
def test_digits_as_keys_are_integers_or_text_whichever_the_program_asks_for(sandbox, arguments, program):
    assert sandbox.run(call_problem((arguments, 11)), program).passed
    (case,) = sandbox.run(call_problem((arguments, 12)), program).cases
    assert case.outcome in (Outcome.WRONG, Outcome.EXCEPTION)


def test_values_of_subclasses_are_what_they_hold(sandbox):
    program = "from enum import Enum, IntEnum\nfrom collections import namedtuple, defaultdict\nclass E(str, Enum):\n    A = 'a'\nclass I(IntEnum):\n    ONE = 1\nclass L(list):\n    def __iter__(self): return iter([9])\nP = namedtuple('P', 'x y')\ndef f(n): return [E.A, I.ONE, L([1, 2]), P(1, 2), defaultdict(int, a=1), {E.A: 1}]\n"
    assert sandbox.run(call_problem(((0,), ["a", 1, [1, 2], [1, 2], {"a": 1}, {"a": 1}])), program).passed


def test_an_integer_of_ten_thousand_digits_crosses_and_is_written_as_text(sandbox):
    problem = call_problem(((10**10_000,), 10**10_000 + 1))
    assert sandbox.run(problem, "def f(x): return x + 1\n").passed
    assert sandbox.run(assertion_problem("assert len(f(5)) == 5001"), "def f(x): return str(10 ** 5000)\n").passed
    assert sandbox.run(
        assertion_problem("assert str(f(5)) == '1' + '0' * 5000"), "def f(x): return 10 ** 5000\n"
    ).passed
