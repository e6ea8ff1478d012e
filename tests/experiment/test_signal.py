"""Signal and noise of gradients whose truth is known: an expected gradient, and normal noise around it."""

import math

import pytest
import torch

from experiment.signal import signal_of

BATCHES, WIDTH, TRIALS = 16, 200, 300


def drawn(expected_N, spread, generator):
    return expected_N + spread * torch.randn(BATCHES, WIDTH, generator=generator, dtype=torch.double)


@pytest.fixture(scope="module")
def trials():
    """Of a method with twice the gradient and half the spread of uniform credit, each with noise of its own."""
    generator = torch.Generator().manual_seed(1)
    expected_N = torch.randn(WIDTH, generator=generator, dtype=torch.double)
    rows = [signal_of(drawn(2 * expected_N, 0.5, generator), drawn(expected_N, 1.0, generator)) for _ in range(TRIALS)]
    return float(expected_N.square().sum()), rows


def mean(values):
    return sum(values) / len(values)


def spread(values):
    return float(torch.tensor(values).std())


def test_signal_and_noise_are_without_bias(trials):
    size, rows = trials
    for found, truth in (([r.signal for r in rows], 4 * size), ([r.noise for r in rows], 0.25 * WIDTH)):
        assert abs(mean(found) - truth) < 4 * spread(found) / math.sqrt(TRIALS)


def test_pure_noise_has_no_signal():
    generator = torch.Generator().manual_seed(2)
    nothing_N = torch.zeros(WIDTH, dtype=torch.double)
    found = [(rows := drawn(nothing_N, 1.0, generator), signal_of(rows, rows))[1].signal for _ in range(TRIALS)]
    assert abs(mean(found)) < 4 * spread(found) / math.sqrt(TRIALS)


def test_the_same_direction_is_fully_aligned_and_uniform_credit_once_itself(trials):
    _, rows = trials
    assert mean([r.alignment for r in rows]) == pytest.approx(1, abs=0.01)
    generator = torch.Generator().manual_seed(3)
    rows_KN = drawn(torch.ones(WIDTH, dtype=torch.double), 1.0, generator)
    itself = signal_of(rows_KN, rows_KN)
    assert (itself.alignment, itself.times, itself.times_error) == (pytest.approx(1), 1, 0)


@pytest.mark.parametrize("name", ["ratio", "times"])
def test_the_standard_error_is_how_far_repetitions_lie_apart(trials, name):
    _, rows = trials
    told = mean([getattr(r, f"{name}_error") for r in rows])
    assert told == pytest.approx(spread([getattr(r, name) for r in rows]), rel=0.35)


def test_two_batches_have_no_standard_error():
    rows_KN = torch.tensor([[1.0, 0.0], [1.0, 1.0]], dtype=torch.double)
    found = signal_of(rows_KN, rows_KN)
    assert (found.signal, found.noise) == (1.0, 0.5)
    assert math.isnan(found.ratio_error)
    assert math.isnan(found.times_error)
