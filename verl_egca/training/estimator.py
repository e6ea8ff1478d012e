"""Advantage estimator ``egca``: GRPO's advantage of each response, put on the tokens that the credit rule names.

Its own name, not ``grpo``: under that name verl's v1 trainer keeps only each response's first token advantage and
broadcasts it (trainer/ppo/v1/utils.py:148).
"""

from __future__ import annotations

from collections import Counter

import torch
from verl.trainer.ppo.core_algos import register_adv_est

from verl_egca.credit import credit, group_advantages
from verl_egca.sample import SampleRecord
from verl_egca.training.batch import current_rows


@register_adv_est("egca")
@torch.no_grad()
def egca_advantage(token_level_rewards, response_mask, config=None, index=None, **_):
    """Token advantages and, as for every outcome estimator of verl, the same tensor as returns; both (B, T).

    Of a session with several outputs only the final one counts in its group, and the others take its advantage
    uniformly, as in verl's GRPO. A sample whose reward is unknown counts in no group and gets no advantage, since what our
    own code failed on may be right; nor does one that it leaves alone in its group.
    """
    rows = current_rows(len(response_mask))
    by_std = True if config is None else config.get("norm_adv_by_std_in_grpo", True)
    score_B = token_level_rewards.sum(dim=-1)
    finals = sorted(set(rows.final))
    known = [row for row in finals if not _is_unknown(rows.records[row])]
    sizes, left = Counter(index[row] for row in finals), Counter(index[row] for row in known)
    known = [row for row in known if left[index[row]] > 1 or sizes[index[row]] == 1]
    of_final_B = torch.zeros_like(score_B)
    of_final_B[known] = group_advantages(score_B[known], [index[row] for row in known], normalise_by_std=by_std)
    rows.mask_BT, rows.uids = response_mask, list(index)
    rows.adv_B = of_final_B[list(rows.final)]
    scored = [row == final for row, final in enumerate(rows.final)]
    rows.adv_BT = credit(
        rows.adv_B,
        [record.mode if record else None for record in rows.records],
        [record.spans if record and own else () for record, own in zip(rows.records, scored, strict=True)],
        response_mask,
        normalisation=rows.settings.normalisation,
        soft=rows.settings.soft,
        span_weight=rows.settings.span_weight,
    )
    return rows.adv_BT, rows.adv_BT


def _is_unknown(record: SampleRecord | None) -> bool:
    return record is not None and record.mode is None
