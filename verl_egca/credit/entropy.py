"""The share of a batch's tokens with the highest entropy (Wang et al. 2025, arXiv 2506.01939).

The paper trains on the fifth of all tokens at which the sampling policy's next-token distribution has the highest
entropy; the other tokens get no advantage.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


@torch.no_grad()
def most_uncertain(entropy_BT: Tensor, mask_BT: Tensor, share: float) -> tuple[Tensor, float]:
    """The ``share`` of the batch's response tokens with the highest entropy, and their lowest entropy.

    Args:
        entropy_BT: in nats, of the distribution that each token was drawn from, shape (B, T).
        mask_BT: 1 on the response tokens that may be chosen, shape (B, T).
        share: in (0, 1]; rounded up to whole tokens, plus those that tie with the last one.

    Returns:
        True on the chosen tokens, shape (B, T), and the threshold; nan if the mask is empty.

    Raises:
        ValueError: shapes do not fit, ``share`` is outside (0, 1], or a token's entropy is not a number.
    """
    if entropy_BT.shape != mask_BT.shape:
        raise ValueError(f"entropies of shape {tuple(entropy_BT.shape)} for a mask of shape {tuple(mask_BT.shape)}")
    if not 0.0 < share <= 1.0:
        raise ValueError(f"the share is {share}; it must lie in (0, 1]")
    inside_BT = mask_BT.bool()
    entropy_N = entropy_BT[inside_BT]
    if not len(entropy_N):
        return inside_BT, math.nan
    if entropy_N.isnan().any():
        raise ValueError(f"{int(entropy_N.isnan().sum())} of {len(entropy_N)} tokens have an entropy that is no number")
    threshold = entropy_N.topk(math.ceil(share * len(entropy_N))).values[-1]
    return inside_BT & (entropy_BT >= threshold), float(threshold)
