"""Advantage estimator ``egca``: GRPO's advantages, distributed over tokens by the credit rule.

It can't be named ``grpo``: for that name verl's v1 trainer broadcasts each response's first token advantage
(trainer/ppo/v1/utils.py:148).
"""

from __future__ import annotations

from collections import Counter

import torch
from verl.trainer.ppo.core_algos import register_adv_est

from verl_egca.credit import credit, most_uncertain, weigh_signs
from verl_egca.credit.twins import advantages_with_twins, twin_credit
from verl_egca.sample import SampleRecord
from verl_egca.training.batch import Rows, current_rows


@register_adv_est("egca")
@torch.no_grad()
def egca_advantage(token_level_rewards, response_mask, config=None, index=None, **_):
    """Token advantages, and the same tensor as returns, as in verl's outcome estimators; both (B, T).

    In a session with several outputs only the final one counts in its group; the others take its advantage uniformly,
    as in verl's GRPO. A sample with an unknown reward counts in no group and gets no advantage: it may be right. A
    sample that remains alone in its group gets none either.
    """
    rows = current_rows(len(response_mask))
    by_std = True if config is None else config.get("norm_adv_by_std_in_grpo", True)
    score_B = token_level_rewards.sum(dim=-1)
    finals = sorted(set(rows.final) - set(rows.twin_of))
    known = [row for row in finals if not _is_unknown(rows.records[row])]
    sizes, left = Counter(index[row] for row in finals), Counter(index[row] for row in known)
    known = [row for row in known if left[index[row]] > 1 or sizes[index[row]] == 1]
    of_final_B = torch.zeros_like(score_B)
    of_final_B[known], of_final_B[list(rows.twin_of)] = advantages_with_twins(
        score_B[known],
        [index[row] for row in known],
        [index[failing] for failing in rows.twin_of.values()],
        normalise_by_std=by_std,
    )
    rows.mask_BT, rows.uids = response_mask, list(index)
    settings = rows.settings
    rows.adv_B = weigh_signs(
        of_final_B[list(rows.final)], positive=settings.positive_weight, negative=settings.negative_weight
    )
    scored = [row == final for row, final in enumerate(rows.final)]
    rows.adv_BT = credit(
        rows.adv_B,
        [record.mode if record else None for record in rows.records],
        [record.spans if record and own else () for record, own in zip(rows.records, scored, strict=True)],
        response_mask,
        normalisation=settings.normalisation,
        soft=settings.soft,
        span_weight=settings.span_weight,
    )
    if settings.entropy_share < 1.0:
        rows.adv_BT = _of_uncertain_tokens(rows, response_mask)
    if rows.twin_of:
        _credit_twins(rows)
    return rows.adv_BT, rows.adv_BT


def _of_uncertain_tokens(rows: Rows, mask_BT: torch.Tensor) -> torch.Tensor:
    """The token advantages at the highest entropies, zero elsewhere; padding rows are not considered."""
    if rows.entropy_BT is None:
        raise RuntimeError(
            f"egca.entropy_share={rows.settings.entropy_share}: the batch carries no entropies; "
            "set algorithm.rollout_correction.bypass_mode=False"
        )
    real_B = torch.tensor([record is not None for record in rows.records], device=mask_BT.device)
    chosen_BT, rows.entropy_threshold = most_uncertain(
        rows.entropy_BT.to(mask_BT.device), mask_BT * real_B[:, None], rows.settings.entropy_share
    )
    return torch.where(chosen_BT, rows.adv_BT, 0.0)


def _credit_twins(rows: Rows) -> None:
    """Put the twins' advantages on their changed tokens, although their rows are still masked."""
    at, twins = list(rows.twin_of), [rows.records[failing].twin for failing in rows.twin_of.values()]
    length_M = torch.tensor([len(twin.ids) for twin in twins], device=rows.mask_BT.device)
    mask_MT = torch.arange(rows.mask_BT.shape[1], device=rows.mask_BT.device) < length_M[:, None]
    rows.mask_BT = rows.mask_BT.index_put((torch.tensor(at),), mask_MT.to(rows.mask_BT.dtype))
    rows.adv_BT[at] = twin_credit(
        rows.adv_B[at],
        [twin.changed for twin in twins],
        mask_MT,
        normalisation=rows.settings.normalisation,
    )


def _is_unknown(record: SampleRecord | None) -> bool:
    return record is not None and record.mode is None
