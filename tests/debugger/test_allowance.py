"""What questions without an answer may cost in all."""

import pytest

from verl_egca.debugger.allowance import Allowance


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def allowance(clock):
    return Allowance(60, clock)


def test_time_that_led_to_an_answer_costs_nothing(allowance, clock):
    begun = allowance.begin()
    clock.now = 50
    assert allowance.left() == 10  # it may yet come to nothing
    allowance.end(begun, lost=False)
    assert allowance.left() == 60


def test_times_that_overlap_count_once(allowance, clock):
    first = allowance.begin()
    clock.now = 5
    second = allowance.begin()
    clock.now = 10
    allowance.end(first, lost=True)
    clock.now = 15
    assert allowance.left() == 45
    allowance.end(second, lost=True)
    clock.now = 100
    assert allowance.left() == 45
    third = allowance.begin()
    clock.now = 110
    allowance.end(third, lost=True)
    assert allowance.left() == 35


def test_what_is_under_way_and_what_was_lost_meanwhile_count_once(allowance, clock):
    lone = allowance.begin()
    clock.now = 5
    allowance.end(lone, lost=True)
    clock.now = 10
    allowance.begin()
    for now in (12, 16):
        short = allowance.begin()
        clock.now = now
        allowance.end(short, lost=True)
    clock.now = 20
    assert allowance.left() == 60 - 5 - 10


def test_a_long_question_covers_the_short_ones_within_it(allowance, clock):
    long = allowance.begin()
    for _ in range(3):
        clock.now += 4
        short = allowance.begin()
        clock.now += 4
        allowance.end(short, lost=True)
    assert allowance.left() == 36
    allowance.end(long, lost=True)
    assert allowance.left() == 36


def test_an_answer_that_is_found_useless_later_counts_until_then(allowance, clock):
    begun = allowance.begin()
    clock.now = 3
    allowance.end(begun, lost=False)
    clock.now = 8
    allowance.lose(begun)
    assert allowance.left() == 52
    allowance.lose(begun)  # twice is once
    assert allowance.left() == 52


def test_it_runs_out_while_questions_are_under_way(allowance, clock):
    allowance.begin()
    clock.now = 61
    assert allowance.left() <= 0


def test_without_a_bound_it_never_does(clock):
    allowance = Allowance(None, clock)
    begun = allowance.begin()
    clock.now = 1e9
    allowance.end(begun, lost=True)
    assert allowance.left() == float("inf")
