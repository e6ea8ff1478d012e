"""Advantage estimator ``egca``: GRPO's advantage of each response, put on the tokens that the credit rule names.

Its own name, not ``grpo``: under that name verl's v1 trainer keeps only each response's first token advantage and
broadcasts it (trainer/ppo/v1/utils.py:148).
"""

from __future__ import annotations

import torch
from verl.trainer.ppo.core_algos import register_adv_est

from verl_egca.credit import credit, group_advantages
from verl_egca.training.batch import current_rows


@register_adv_est("egca")
@torch.no_grad()
def egca_advantage(token_level_rewards, response_mask, config=None, index=None, **_):
    """Token advantages and, as for every outcome estimator of verl, the same tensor as returns; both (B, T).

    Of a session with several outputs only the final one counts in its group, and the others take its advantage
    uniformly, as in verl's GRPO.
    """
    rows = current_rows(len(response_mask))
    by_std = True if config is None else config.get("norm_adv_by_std_in_grpo", True)
    score_B = token_level_rewards.sum(dim=-1)
    finals = sorted(set(rows.final))
    place_of = {row: place for place, row in enumerate(finals)}
    adv_F = group_advantages(score_B[finals], [index[row] for row in finals], normalise_by_std=by_std)
    rows.mask_BT, rows.uids = response_mask, list(index)
    rows.adv_B = adv_F[[place_of[row] for row in rows.final]]
    scored = [row == final for row, final in enumerate(rows.final)]
    rows.adv_BT = credit(
        rows.adv_B,
        [record.mode if record else None for record in rows.records],
        [record.spans if record and own else () for record, own in zip(rows.records, scored, strict=True)],
        response_mask,
        normalisation=rows.settings.normalisation,
        soft=rows.settings.soft,
        unblamed=rows.settings.unblamed,
    )
    return rows.adv_BT, rows.adv_BT
