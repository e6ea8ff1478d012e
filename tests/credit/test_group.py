"""Plain GRPO through the project's own estimator is verl's, to the last bit."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from verl.trainer.ppo import core_algos

from verl_egca.credit import credit, group_advantages
from verl_egca.gates.mode import Mode


@st.composite
def rollouts(draw):
    sizes = draw(st.lists(st.integers(1, 9), min_size=1, max_size=5))
    groups = np.array([f"prompt{i}" for i, n in enumerate(sizes) for _ in range(n)], dtype=object)
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    order = torch.randperm(len(groups), generator=generator)
    groups = groups[order.numpy()]
    width = draw(st.integers(1, 20))
    length_B = torch.randint(1, width + 1, (len(groups),), generator=generator)
    mask_BT = (torch.arange(width) < length_B[:, None]).float()
    binary = draw(st.booleans())
    score_B = torch.rand(len(groups), generator=generator)
    score_B = score_B.round() if binary else score_B * 3 - 1
    reward_BT = torch.zeros_like(mask_BT)
    reward_BT[torch.arange(len(groups)), length_B - 1] = score_B
    return reward_BT, mask_BT, groups


@settings(max_examples=300)
@given(rollouts(), st.booleans())
def test_grpo_through_our_operator_is_bit_equal_to_verls(rollout, by_std):
    reward_BT, mask_BT, groups = rollout
    theirs, _ = core_algos.compute_grpo_outcome_advantage(
        reward_BT.clone(), mask_BT, groups, norm_adv_by_std_in_grpo=by_std
    )
    adv_B = group_advantages(reward_BT.sum(-1), list(groups), normalise_by_std=by_std)
    ours = credit(adv_B, [Mode.CORRECT] * len(groups), [()] * len(groups), mask_BT, normalisation="mean")
    assert torch.equal(ours, theirs)


def test_a_group_of_one_keeps_its_score_like_verls():
    assert group_advantages(torch.tensor([0.7]), ["a"], normalise_by_std=False).tolist() == torch.tensor([0.7]).tolist()


def test_group_names_for_another_number_of_scores_are_an_error():
    with pytest.raises(ValueError, match="2 group names for 1 scores"):
        group_advantages(torch.tensor([1.0]), ["a", "b"])
