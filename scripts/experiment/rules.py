"""The compared rules: the rows of a batch, and their token advantages.

A rule starts from GRPO's advantages and EGCA's credit operator (`credit`). Rows that a rule adds are proven twins, or
references for a control: a prompt, a response, and credit on some of its tokens.

Shapes: B sampled responses, R rows including added ones, T tokens of the longest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from experiment.actor import Actor, Sampled
from experiment.scoring import Locates
from verl_egca.config.choices import SpanWeight
from verl_egca.credit import credit, most_uncertain, weigh_signs
from verl_egca.credit.twins import advantages_with_twins, failed_groups
from verl_egca.problem import Problem
from verl_egca.sample import SampleRecord

_DOUBT = 0.1  # the constant in a row's weight p / (p + 0.1)

Rows = tuple[list[Sampled], Tensor]  # rows, and advantages (R, T)


@dataclass(frozen=True, slots=True)
class Rule:
    """``localizer`` is a name of ``egca.localizer``.

    ``positive`` and ``negative`` are factors on advantages of that sign. ``entropy`` is the share of a batch's tokens,
    of highest entropy, that is kept. ``failed`` names the passing rows that are added to groups in which all samples
    fail: ``whole`` credits all tokens of a twin, ``doubted`` weighs a row by p / (p + 0.1), p the policy's probability
    of its first credited token (LUFFY, Yan et al. 2025, arXiv 2504.14945).
    """

    name: str
    says: str
    localizer: Locates = "egca"
    span_weight: SpanWeight = "grpo"
    positive: float = 1.0
    negative: float = 1.0
    entropy: float = 1.0
    failed: Literal["", "twins", "references"] = ""
    whole: bool = False
    doubted: bool = False


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("grpo", "every token of a response", localizer="uniform"),
        Rule("correct_only", "correct responses alone", localizer="uniform", negative=0.0),
        Rule("negative_tenth", "every token, failing responses a tenth", localizer="uniform", negative=0.1),
        Rule("w_reinforce", "every token, correct responses a tenth (W-REINFORCE)", localizer="uniform", positive=0.1),
        Rule("entropy", "the fifth of all tokens with the highest entropy", localizer="uniform", entropy=0.2),
        Rule("executed", "of failing responses the tokens that ran (StepCoder)", localizer="executed"),
        Rule("random", "of failing responses a statement drawn at random (control)", localizer="random"),
        Rule("paper", "of failing responses the blamed span, all of the advantage moved there", span_weight="full"),
        Rule("egca", "of failing responses the blamed span, each token at GRPO's weight"),
        Rule("egca_4", "egca, failing responses four times", negative=4.0),
        Rule("twins", "egca; where all fail, twins pass, credit on what changed", failed="twins"),
        Rule("twins_whole", "twins, credit on all tokens (control)", failed="twins", whole=True),
        Rule("twins_blind", "twins by edits that need no reference (control)", localizer="blind", failed="twins"),
        Rule("sft", "where all fail, the reference passes, credit on all tokens (control)", failed="references"),
        Rule("luffy", "the same, by p / (p + 0.1) of its first token (control)", failed="references", doubted=True),
    )
}

# Deleted rules, which gained no more than a remaining one; the evidence keeps their figures.
REMOVED = {
    "pair": "egca; each proven twin is a row, its first changed token gets what the blamed one lost, times p / (p + 0.1)",
    "pair_p": "the same, times p, the policy's probability of that token",
    "value": "egca; a blamed token loses V(s), which is about p, in the place of the group's mean",
    "both_sides": "egca; a correct response is credited where its siblings were blamed",
    "resets": "egca; half of a group is sampled from just before a proven mistake",
    "twins_first": "twins, credit on the first changed token",
    "twins_first_luffy": "the same, by p / (p + 0.1)",
}


@dataclass(frozen=True, slots=True)
class Batch:
    """B sampled responses with their problems and records; those to one problem are a group."""

    asked: Sequence[Problem]
    sampled: Sequence[Sampled]
    records: Sequence[SampleRecord]

    @property
    def groups(self) -> list[str]:
        return [problem.task_id for problem in self.asked]

    @property
    def rewards(self) -> Tensor:
        return torch.tensor([record.reward for record in self.records])


def rows(rule: Rule, batch: Batch, actor: Actor) -> Rows:
    """The rule's rows and their token advantages."""
    added = _added(rule, batch, actor)
    passing = [batch.groups[one.of] for one in added]
    adv_B, _ = advantages_with_twins(batch.rewards, batch.groups, passing)
    adv_B = weigh_signs(adv_B, positive=rule.positive, negative=rule.negative)
    mask_BT = _mask(batch.sampled)
    adv_BT = credit(
        adv_B,
        [record.mode for record in batch.records],
        [record.spans for record in batch.records],
        mask_BT,
        normalisation="mean",
        span_weight=rule.span_weight,
    )
    if rule.entropy < 1:
        adv_BT *= most_uncertain(actor.entropies(batch.sampled), mask_BT, rule.entropy)[0]
    return _with(batch.sampled, adv_BT, added)


# ---------------------------------------------------------------- added rows


@dataclass(frozen=True, slots=True)
class _Added:
    """An added row; ``of`` is the failing response behind it."""

    of: int
    sampled: Sampled
    advantage: float
    places: Sequence[int]


def _added(rule: Rule, batch: Batch, actor: Actor) -> list[_Added]:
    found = list(_in_failed_groups(rule, batch, actor.tokenizer)) if rule.failed else []
    if not rule.doubted or not found:
        return found
    weighed = []
    for one, log_prob_T in zip(found, actor.log_probs([one.sampled for one in found]), strict=True):
        p = float(log_prob_T[one.places[0]].exp())
        weighed.append(replace(one, advantage=one.advantage * p / (p + _DOUBT)))
    return weighed


def _in_failed_groups(rule: Rule, batch: Batch, tokenizer: Any) -> Iterator[_Added]:
    twins = [record.twin for record in batch.records]
    digests = [record.program_digest for record in batch.records]
    chosen = failed_groups(batch.rewards.tolist(), batch.groups, digests, twins).rows
    _, adv_M = advantages_with_twins(batch.rewards, batch.groups, [batch.groups[row] for row in chosen])
    for row, advantage in zip(chosen, adv_M.tolist(), strict=True):
        twin = twins[row]
        assert twin is not None
        ids = twin.ids if rule.failed == "twins" else _reference(batch.asked[row], tokenizer)
        everything = rule.whole or rule.failed == "references"
        places = (
            list(range(len(ids))) if everything else [at for start, end in twin.changed for at in range(start, end)]
        )
        yield _Added(row, Sampled(batch.sampled[row].prompt, ids), advantage, places)


def _reference(problem: Problem, tokenizer: Any) -> tuple[int, ...]:
    text = str(problem.reference)[len(problem.code_prefix) :]
    return (*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id)


def _with(sampled: Sequence[Sampled], adv_BT: Tensor, added: Sequence[_Added]) -> Rows:
    width = max([adv_BT.shape[1], *(len(one.sampled.response) for one in added)])
    out_RT = torch.zeros(len(sampled) + len(added), width)
    out_RT[: len(sampled), : adv_BT.shape[1]] = adv_BT
    for row, one in enumerate(added, start=len(sampled)):
        out_RT[row, list(one.places)] = one.advantage
    return [*sampled, *(one.sampled for one in added)], out_RT


def _mask(sampled: Sequence[Sampled]) -> Tensor:
    mask_BT = torch.zeros(len(sampled), max(len(one.response) for one in sampled))
    for row, one in enumerate(sampled):
        mask_BT[row, : len(one.response)] = 1
    return mask_BT
