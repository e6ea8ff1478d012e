"""A problem's values are the same after it was written and read again."""

import json
import math
from collections import deque, namedtuple
from decimal import Decimal
from fractions import Fraction

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from verl_egca.problem import CallTests, Problem

from .problems import call_problem

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**4290, max_value=10**4310)
    | st.floats(allow_nan=False)
    | st.text(st.characters())  # lone surrogates, too
    | st.binary(max_size=8)
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.complex_numbers(allow_nan=False)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(SCALARS, inner, max_size=3)
        | st.sets(SCALARS, max_size=3)
        | st.lists(inner, max_size=3).map(deque)
    ),
    max_leaves=12,
)


def read_again(problem):
    return Problem.model_validate_json(problem.model_dump_json())


def same(one, two):
    """Of one type and one value, at every depth."""
    if type(one) is not type(two):
        return False
    if isinstance(one, list | tuple | deque):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict):
        return len(one) == len(two) and all(same(*pair) for pair in zip(one.items(), two.items(), strict=True))
    if isinstance(one, float):
        return math.copysign(1, one) == math.copysign(1, two) and (one == two or (one != one and two != two))
    return one == two


@given(st.lists(st.tuples(st.lists(VALUES, max_size=2), VALUES), min_size=1, max_size=3))
def test_values_are_the_same_after_they_were_written_and_read(pairs):
    problem = call_problem(*((tuple(arguments), expected) for arguments, expected in pairs))
    found = read_again(problem).tests
    assert same(found.arguments, problem.tests.arguments)
    assert same(found.expected, problem.tests.expected)


ODD = {
    "NaN": math.nan,
    "Infinity": math.inf,
    "minus zero": -0.0,
    "a float without a fraction": 2.0,
    "an integer of 10,000 digits": 10**10_000,
    "digits as text": "12",
    "JSON as text": '{"a": [1, null]}',
    "text of nothing": "null",
    "a lone surrogate": "\ud800",
    "a zero byte": "\0",
    "a tuple in a list": [(1, 2)],
    "integers as keys": {1: 2},
    "digits as keys": {"1": 2},
    "a set": {1, 2},
    "a Decimal": Decimal("1.50"),
    "a Fraction": Fraction(1, 3),
    "a truth in a list": [True, 1, 1.0],
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD.keys())
def test_a_value_of_the_table_goes_through_parquet_as_it_is(tmp_path, value):
    problem = call_problem(((value,), value))
    table = pyarrow.table({"reward_model": [{"ground_truth": problem.model_dump_json()}]})
    pyarrow.parquet.write_table(table, tmp_path / "one.parquet")
    (row,) = pyarrow.parquet.read_table(tmp_path / "one.parquet").to_pylist()
    tests = Problem.model_validate_json(row["reward_model"]["ground_truth"]).tests
    assert same(tests.arguments, ((value,),))
    assert same(tests.expected, (value,))


def test_values_that_json_has_are_written_as_json():
    written = json.loads(call_problem((([1, "a"], {"b": None}), 2.5)).model_dump_json())["tests"]
    assert written["arguments"] == [[[1, "a"], {"b": None}]]
    assert written["expected"] == [2.5]


def test_a_nest_of_400_lists_is_kept():
    nest = []
    for _ in range(400):
        nest = [nest]
    assert read_again(call_problem(((nest,), nest))).tests.expected == (nest,)


def test_a_subclass_is_its_base_afterwards():
    pair = namedtuple("pair", "x y")
    assert type(read_again(call_problem(((pair(1, 2),), 1))).tests.arguments[0][0]) is tuple


def test_what_is_no_plain_data_is_refused_where_it_is_written():
    with pytest.raises(ValueError, match="a object is no plain data"):
        call_problem(((object(),), 1)).model_dump_json()


@pytest.mark.parametrize("text", ["", "[", "{}", '[{"z": 1}]', '[{"i": "x"}]', "[{}]", "7"])
def test_a_text_that_holds_no_values_is_refused(text):
    with pytest.raises(ValidationError, match="a list of values is wanted"):
        CallTests(arguments=text, expected=(1,))
