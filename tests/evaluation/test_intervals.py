"""Intervals against published values and against what they promise."""

import random

import pytest

from verl_egca.evaluation.intervals import interval


def test_one_sample_a_task_has_wilsons_interval():
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3
    found = interval([1.0] * 81 + [0.0] * 182)
    assert (round(found.low, 4), round(found.high, 4), found.method) == (0.2553, 0.3662, "Wilson")


@pytest.mark.parametrize("all_or_none", [0.0, 1.0])
def test_none_or_all_that_pass_are_not_certain(all_or_none):
    found = interval([all_or_none] * 20)
    assert 0.1 < found.high - found.low < 0.2
    assert found.low <= all_or_none <= found.high


def test_several_samples_a_task_have_the_bootstrap_over_tasks():
    rng = random.Random(0)
    estimates = [rng.choice([0.0, 0.25, 0.5, 1.0]) for _ in range(400)]
    mean = sum(estimates) / 400
    spread = (sum((one - mean) ** 2 for one in estimates) / 400 / 400) ** 0.5
    found = interval(estimates)
    assert found.method == "bootstrap"
    assert (found.low, found.high) == pytest.approx((mean - 1.96 * spread, mean + 1.96 * spread), abs=0.003)
    assert interval(estimates) == found


def test_one_task_tells_nothing_of_others():
    assert interval([0.25]) is None


def test_it_holds_the_truth_as_often_as_it_says():
    rng = random.Random(1)
    held = 0
    for _ in range(400):
        found = interval([float(rng.random() < 0.7) for _ in range(100)])
        held += found.low <= 0.7 <= found.high
    assert 0.92 <= held / 400 <= 0.98
