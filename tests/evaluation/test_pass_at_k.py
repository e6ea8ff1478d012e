"""pass@k against its definition."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verl_egca.evaluation.pass_at_k import pass_at_k, pass_at_k_of_tasks


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_it_is_the_share_of_draws_with_a_pass(nck):
    n, c, k = nck
    draws = list(combinations([True] * c + [False] * (n - c), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_large_numbers_are_exact():
    assert pass_at_k(10_000, 1, 1) == pytest.approx(1e-4)


def test_a_tasks_estimates_need_k_samples_of_each():
    assert pass_at_k_of_tasks({"a": [True, False], "b": [False, False]}, 1) == [0.5, 0.0]
    assert pass_at_k_of_tasks({"a": [True], "b": [False, False]}, 2) is None
    assert pass_at_k_of_tasks({}, 1) is None


@pytest.mark.parametrize("nck", [(1, 0, 2), (1, 0, 0), (1, 2, 1), (1, -1, 1)])
def test_impossible_numbers_are_errors(nck):
    with pytest.raises(ValueError, match="samples"):
        pass_at_k(*nck)
