"""GRPO's group-relative advantage of whole responses, operation for operation as verl computes it.

The order of floating-point operations follows ``compute_grpo_outcome_advantage`` (verl 0.9.1,
trainer/ppo/core_algos.py:268), so that results are bit-equal to verl's (``tests/credit/test_group.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

import torch
from torch import Tensor


@torch.no_grad()
def group_advantages(
    score_B: Tensor, groups: Sequence[Hashable], *, normalise_by_std: bool = True, epsilon: float = 1e-6
) -> Tensor:
    """(score - group mean) / (group std + epsilon), or without the division (Dr. GRPO).

    Args:
        score_B: one reward per response, shape (B,), float.
        groups: B hashable group names, equal for responses to one prompt.
        normalise_by_std: divide by the group's standard deviation (verl's ``norm_adv_by_std_in_grpo``).
        epsilon: added to the standard deviation.

    Returns:
        Shape (B,). A group of one has mean 0 and std 1, as in verl, so its score passes through.

    Raises:
        ValueError: the number of groups is not B.
    """
    if len(groups) != len(score_B):
        raise ValueError(f"{len(groups)} group names for {len(score_B)} scores")
    rows_of = defaultdict(list)
    for row, group in enumerate(groups):
        rows_of[group].append(row)
    adv_B = torch.empty_like(score_B)
    for rows in rows_of.values():
        group_score = score_B[rows]
        mean, std = (group_score.mean(), group_score.std()) if len(rows) > 1 else (torch.tensor(0.0), torch.tensor(1.0))
        adv_B[rows] = (group_score - mean) / (std + epsilon) if normalise_by_std else group_score - mean
    return adv_B
