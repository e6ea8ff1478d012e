"""Means over seeds, and whether two methods differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.statistics import difference, estimate

values = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@given(values)
def test_a_mean_lies_within_its_interval_and_both_within_the_values(data):
    found = estimate(data)
    assert min(data) - 1e-9 <= found.low <= found.mean + 1e-9
    assert found.mean - 1e-9 <= found.high <= max(data) + 1e-9
    assert found.count == len(data)


def test_equal_values_leave_no_doubt():
    found = estimate([0.25] * 5)
    assert (found.mean, found.low, found.high) == (0.25, 0.25, 0.25)


def test_nothing_is_estimated_from_nothing():
    with pytest.raises(ValueError, match="no values"):
        estimate([])


def test_five_pairs_of_one_sign_have_the_smallest_p_that_five_can_have():
    assert difference([0.9, 0.8, 0.7, 0.9, 0.8], [0.1, 0.2, 0.3, 0.2, 0.1]).p == 2 / 32


def test_pairs_without_a_difference_have_p_1():
    assert difference([0.5, 0.6, 0.7], [0.5, 0.6, 0.7]).p == 1.0


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=7))
def test_the_order_of_two_methods_changes_the_sign_alone(pairs):
    one, other = ([pair[side] for pair in pairs] for side in (0, 1))
    forth, back = difference(one, other), difference(other, one)
    assert forth.p == back.p
    assert forth.estimate.mean == pytest.approx(-back.estimate.mean)


def test_pairs_must_be_pairs():
    with pytest.raises(ValueError, match="2 values beside 1"):
        difference([0.1, 0.2], [0.1])
