"""The share of a batch's tokens with the highest entropy."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from verl_egca.credit import most_uncertain


@given(st.integers(0, 2**31), st.integers(1, 5), st.integers(1, 12), st.sampled_from([0.01, 0.2, 0.5, 1.0]))
def test_it_is_the_share_with_the_highest_entropies_of_the_whole_batch(seed, rows, width, share):
    generator = torch.Generator().manual_seed(seed)
    entropy_BT = torch.rand(rows, width, generator=generator)
    mask_BT = (torch.rand(rows, width, generator=generator) < 0.8).long()
    chosen_BT, threshold = most_uncertain(entropy_BT, mask_BT, share)
    inside = sorted(entropy_BT[mask_BT.bool()].tolist(), reverse=True)
    count = math.ceil(share * len(inside))
    assert sorted(entropy_BT[chosen_BT].tolist(), reverse=True) == inside[:count]
    assert not (chosen_BT & (mask_BT == 0)).any()
    assert threshold == inside[count - 1] if inside else math.isnan(threshold)


def test_what_ties_with_the_last_one_counts_too():
    chosen_BT, threshold = most_uncertain(torch.tensor([[0.5, 0.5, 0.1, 0.0]]), torch.ones(1, 4), 0.25)
    assert (chosen_BT.tolist(), threshold) == ([[True, True, False, False]], 0.5)


@pytest.mark.parametrize(
    ("entropy_BT", "share", "words"),
    [
        (torch.ones(1, 3), 0.5, r"\(1, 3\) for a mask of shape \(1, 4\)"),
        (torch.ones(1, 4), 0.0, r"the share is 0.0"),
        (torch.full((1, 4), math.nan), 0.5, "4 of 4 tokens"),
    ],
)
def test_bad_input_is_an_error_with_the_numbers(entropy_BT, share, words):
    with pytest.raises(ValueError, match=words):
        most_uncertain(entropy_BT, torch.ones(1, 4), share)
