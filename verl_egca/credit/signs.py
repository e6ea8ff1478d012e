"""Factors on positive and on negative advantages: what correct and failing responses weigh against each other.

A factor of 0 on negative advantages leaves correct responses alone (positive sample reinforcement); one of 0.1 on positive
advantages is W-REINFORCE's lambda (Zhu et al. 2025, arXiv 2506.01347), here with the group's mean as baseline.
"""

from __future__ import annotations

import torch
from torch import Tensor


@torch.no_grad()
def weigh_signs(adv_B: Tensor, *, positive: float = 1.0, negative: float = 1.0) -> Tensor:
    """The advantages times ``positive`` where they are above zero, and times ``negative`` where they are below.

    Args:
        adv_B: one advantage a response, shape (B,).
        positive, negative: factors, 0 or more.

    Returns:
        Shape (B,); with factors of 1 the same bits, and never a negative zero of its own making.

    Raises:
        ValueError: a factor is negative, which would teach the opposite.
    """
    if positive < 0 or negative < 0:
        raise ValueError(f"the factors are {positive} and {negative}; neither may be negative")
    if positive != 1.0:
        adv_B = torch.where(adv_B > 0, adv_B * positive, adv_B)
    if negative != 1.0:
        adv_B = torch.where(adv_B < 0, adv_B * negative + 0.0, adv_B)
    return adv_B
