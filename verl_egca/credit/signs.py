"""Factors on positive and negative advantages: the relative weight of correct and failing responses.

A factor of 0 on negative advantages trains on correct responses only (positive sample reinforcement); 0.1 on positive
advantages is W-REINFORCE's lambda (Zhu et al. 2025, arXiv 2506.01347), with the group's mean as baseline.
"""

from __future__ import annotations

import torch
from torch import Tensor


@torch.no_grad()
def weigh_signs(adv_B: Tensor, *, positive: float = 1.0, negative: float = 1.0) -> Tensor:
    """Multiply positive advantages by ``positive`` and negative ones by ``negative``.

    Args:
        adv_B: one advantage per response, shape (B,).
        positive, negative: factors, 0 or more.

    Returns:
        Shape (B,); bit-equal with factors of 1; creates no negative zero.

    Raises:
        ValueError: a factor is negative.
    """
    if positive < 0 or negative < 0:
        raise ValueError(f"the factors are {positive} and {negative}; neither may be negative")
    if positive != 1.0:
        adv_B = torch.where(adv_B > 0, adv_B * positive, adv_B)
    if negative != 1.0:
        adv_B = torch.where(adv_B < 0, adv_B * negative + 0.0, adv_B)
    return adv_B
