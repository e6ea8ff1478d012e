"""Twins as passing members of groups in which every sample fails.

Without a correct response a group has no advantages under GRPO, since all of its rewards are equal. Its proven twins
(`twin_tokens.WrittenTwin`) pass, so n failing responses and m twins form a group of n + m with rewards 0 and 1,
normalised as in GRPO. A failing response keeps its rule of credit, with its now negative advantage. A twin has its
positive advantage on the changed tokens alone: only the change is known to be right.

Shapes: B sampled responses, M twins of T tokens, right-padded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from verl_egca.credit.group import group_advantages
from verl_egca.credit.operator import Normalisation, span_mask
from verl_egca.twin_tokens import WrittenTwin


@dataclass(frozen=True, slots=True)
class FailedGroups:
    """The groups in which every sample failed, and their chosen twins.

    ``rows``: the responses whose twins are chosen, by group, in the order of the twins' tokens. ``groups``: number of
    failed groups; ``without``: of those, groups without a twin. ``unknown``: groups in which nothing passed, but a
    reward is unknown. ``repeated``: twins left out because another of the group has the same program or tokens.
    """

    rows: tuple[int, ...] = ()
    groups: int = 0
    without: int = 0
    unknown: int = 0
    repeated: int = 0


def failed_groups(
    rewards: Sequence[float | None],
    groups: Sequence[Hashable],
    programs: Sequence[Hashable],
    twins: Sequence[WrittenTwin | None],
) -> FailedGroups:
    """Choose the twins of a batch: one per distinct program of the group.

    Args:
        rewards: of B responses; None if unknown.
        groups: B group names, equal for responses to one prompt.
        programs: B identifiers of the failing programs, equal for equal programs.
        twins: B twins, or None.

    Raises:
        ValueError: the lists differ in length.
    """
    members: dict[Hashable, list[int]] = defaultdict(list)
    for row, (group, *_) in enumerate(zip(groups, rewards, programs, twins, strict=True)):
        members[group].append(row)
    chosen: list[int] = []
    failed = without = unknown = repeated = 0
    for rows in members.values():
        if any(rewards[row] not in (0.0, None) for row in rows):
            continue
        if any(rewards[row] is None for row in rows):
            unknown += 1
            continue
        failed += 1
        repaired = sorted((twin.ids, twin.changed, row) for row in rows if (twin := twins[row]) is not None)
        seen: set[Hashable] = set()
        for ids, changed, row in repaired:
            if (ids, changed) in seen or programs[row] in seen:
                repeated += 1
                continue
            seen |= {(ids, changed), programs[row]}
            chosen.append(row)
        without += not repaired
    return FailedGroups(tuple(chosen), failed, without, unknown, repeated)


@torch.no_grad()
def advantages_with_twins(
    score_B: Tensor, groups: Sequence[Hashable], twin_groups: Sequence[Hashable], *, normalise_by_std: bool = True
) -> tuple[Tensor, Tensor]:
    """GRPO's advantages of the responses, shape (B,), and of the twins, (M,), which have reward 1 in their groups.

    For groups without twins, bit-equal to `group_advantages`.

    Args:
        score_B: one reward per response, shape (B,), float.
        groups: B group names.
        twin_groups: M group names, one per twin.
        normalise_by_std: as for `group_advantages`.
    """
    score = torch.cat([score_B, score_B.new_ones(len(twin_groups))])
    adv = group_advantages(score, [*groups, *twin_groups], normalise_by_std=normalise_by_std)
    return adv[: len(score_B)], adv[len(score_B) :]


@torch.no_grad()
def twin_credit(
    adv_M: Tensor,
    changed: Sequence[Sequence[tuple[int, int]]],
    mask_MT: Tensor,
    *,
    normalisation: Normalisation = "mean",
) -> Tensor:
    """Token advantages of twins: GRPO's for a passing response, on the changed tokens alone.

    Args:
        adv_M: one advantage per twin, shape (M,).
        changed: M twins' half-open ranges of changed tokens, in order.
        mask_MT: 1 on each twin's own tokens, shape (M, T).
        normalisation: as for `credit`; "sum" divides by the twin's number of tokens.

    Returns:
        Shape (M, T), zero on all other tokens.

    Raises:
        ValueError: as `span_mask` says, or ``normalisation`` is unknown.
    """
    if normalisation not in ("sum", "mean"):
        raise ValueError(f"normalisation is {normalisation!r}; choose 'sum' or 'mean'")
    if normalisation == "sum":
        adv_M = adv_M / mask_MT.sum(-1).clamp(min=1)
    return span_mask(changed, mask_MT) * adv_M[:, None]
