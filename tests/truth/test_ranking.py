"""The fit of the costs: it finds what made candidates right."""

import random

import pytest

from truth.ranking import Group, bits_of, fitted, surprise

TRUE = {"common": -3.0, "rare": 2.0, "far": 0.5}


def drawn(count, seed=1):
    rng = random.Random(seed)
    groups = []
    for number in range(count):
        candidates = []
        for _ in range(12):
            signs = {sign: 1.0 for sign in ("common", "rare") if rng.random() < 0.3}
            candidates.append({**signs, "far": rng.uniform(0, 4)})
        worth = [2.0 ** -bits_of(candidate, TRUE) for candidate in candidates]
        chosen = rng.choices(range(12), worth)[0]
        groups.append(Group(str(number), candidates, [place == chosen for place in range(12)], [1.0] * 12))
    return groups


def test_the_bits_are_those_that_the_right_ones_were_drawn_by():
    assert fitted(drawn(3_000), penalty=0.0) == pytest.approx(TRUE, abs=0.35)


def test_a_penalty_draws_the_bits_to_nothing_and_a_rare_sign_has_none():
    groups = drawn(50)
    assert all(abs(bits) < 0.1 for bits in fitted(groups, penalty=1e4).values())
    assert fitted(groups, penalty=0.0, least_seen=10**6) == {}


def test_what_stands_for_many_counts_for_many():
    def group(stands_for):
        return Group("", [{"a": 1.0}, {"b": 1.0}], [True, False], [1.0, stands_for])

    once = fitted([group(1.0)], penalty=0.1, least_seen=1)
    many = fitted([group(64.0)], penalty=0.1, least_seen=1)
    assert many["a"] < once["a"] < 0 < once["b"] < many["b"]


def test_several_right_ones_are_as_good_as_one():
    right = Group("", [{"a": 1.0}, {"a": 1.0}, {"b": 1.0}], [True, True, False], [1.0] * 3)
    bits, before = surprise([right], {"a": 0.0, "b": 1.0})
    assert bits == pytest.approx(0.3219, abs=1e-3)
    assert before == 0.0
    assert fitted([right], penalty=0.1, least_seen=1)["a"] < 0
