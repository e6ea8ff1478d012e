"""The rules that are compared: which rows a batch has, and what advantage each token of them gets.

A rule starts from GRPO's advantages of the sampled responses and EGCA's credit operator (`credit`); what it does beyond is
one function each, below. Rows that a rule adds are proven twins, or, for a control, references: a prompt, a response, and
credit on some of its tokens.

Shapes: B sampled responses, R rows with those that the rule adds, T tokens of the longest.
"""

from __future__ import annotations

from ast import fix_missing_locations
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import torch
from torch import Tensor

from verl_egca.config.choices import SpanWeight
from verl_egca.credit import credit, group_advantages, most_uncertain, weigh_signs
from verl_egca.credit.twins import advantages_with_twins, failed_groups
from verl_egca.experiment.actor import Actor, Sampled
from verl_egca.experiment.scoring import Locates
from verl_egca.gates.mode import Mode
from verl_egca.localization.twins.alignment import align
from verl_egca.localization.twins.views import Reference
from verl_egca.problem import Problem
from verl_egca.sample import SampleRecord
from verl_egca.source import SourceRange, SourceText
from verl_egca.spans import token_pieces
from verl_egca.statements import describe, parse
from verl_egca.twin_tokens import Twin

_BLAMABLE = (Mode.LOGIC, Mode.SYNTAX)
_DOUBT = 0.1  # of a row's weight p / (p + 0.1), from LUFFY (Yan et al. 2025, arXiv 2504.14945)
_MOST = 4.0  # times GRPO's weight that a blamed token has by its value

Rows = tuple[list[Sampled], Tensor]  # of the batch, and (R, T)
Credited = Literal["first", "changed", "all"]  # of a twin's tokens: the first that differs, those that do, every one
Weight = Literal["one", "p", "luffy"]  # of an added row, by the policy's probability p of its first credited token


@dataclass(frozen=True, slots=True)
class Rule:
    """``localizer`` is a name of ``egca.localizer``.

    ``positive`` and ``negative`` are factors on advantages of that sign. ``entropy`` keeps that share of a batch's tokens,
    the most uncertain ones. ``failed`` names the rows that join a group that failed altogether, as members that pass;
    ``pair``: twins are rows in the other groups. ``credited`` and ``weight`` are of these rows. ``value``: a blamed token loses the
    value of its state in the place of the group's mean. ``both_sides``: a correct response is credited where its siblings
    were blamed. ``resets``: half of a group is sampled from just before a proven mistake.
    """

    name: str
    says: str
    localizer: Locates = "egca"
    span_weight: SpanWeight = "grpo"
    positive: float = 1.0
    negative: float = 1.0
    entropy: float = 1.0
    failed: Literal["", "twins", "references"] = ""
    pair: bool = False
    credited: Credited = "changed"
    weight: Weight = "one"
    value: bool = False
    both_sides: bool = False
    resets: bool = False


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
        Rule("pair", "egca, and twins as rows, by p / (p + 0.1)", pair=True, credited="first", weight="luffy"),
        Rule("pair_p", "egca, and twins as rows, by p", pair=True, credited="first", weight="p"),
        Rule("value", "egca, blamed tokens by the value of their state", value=True),
        Rule("both_sides", "egca, and correct responses where their siblings were blamed", both_sides=True),
        Rule("resets", "egca, half of a group from just before a proven mistake", resets=True),
        Rule("twins", "egca; where all fail, twins pass, credit on what changed", failed="twins"),
        Rule("twins_first", "the same, credit on the first changed token", failed="twins", credited="first"),
        Rule("twins_luffy", "twins, by p / (p + 0.1)", failed="twins", weight="luffy"),
        Rule("twins_first_luffy", "twins_first, by p / (p + 0.1)", failed="twins", credited="first", weight="luffy"),
        Rule("twins_whole", "twins, credit on all tokens (control)", failed="twins", credited="all"),
        Rule("twins_blind", "twins by edits that need no reference (control)", localizer="blind", failed="twins"),
        Rule("sft", "where all fail, the reference passes, credit on all tokens (control)", failed="references"),
        Rule("luffy", "the same, by p / (p + 0.1) of its first token (control)", failed="references", weight="luffy"),
    )
}


@dataclass(frozen=True, slots=True)
class Batch:
    """What was sampled: B responses, each with its problem, its record and the name of its group."""

    asked: Sequence[Problem]
    sampled: Sequence[Sampled]
    records: Sequence[SampleRecord]
    groups: Sequence[Any]

    @property
    def members(self) -> dict[Any, list[int]]:
        found: dict[Any, list[int]] = defaultdict(list)
        for row, group in enumerate(self.groups):
            found[group].append(row)
        return found

    @property
    def rewards(self) -> Tensor:
        return torch.tensor([record.reward for record in self.records])


def rows(rule: Rule, batch: Batch, actor: Actor) -> Rows:
    """The rule's rows and their token advantages."""
    added = _added(rule, batch, actor)
    passing = [batch.groups[one.of] for one in added if one.failed]
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
    if rule.value:
        adv_BT *= _by_value(batch, actor, mask_BT)
    if rule.both_sides:
        _credit_both_sides(batch, adv_B, adv_BT, actor.tokenizer)
    if rule.entropy < 1:
        adv_BT *= most_uncertain(actor.entropies(batch.sampled), mask_BT, rule.entropy)[0]
    return _with(batch.sampled, adv_BT, added)


# ---------------------------------------------------------------- rows that are added


@dataclass(frozen=True, slots=True)
class _Added:
    """``of`` is the failing response that it was made from, ``failed`` whether its whole group failed."""

    of: int
    failed: bool
    sampled: Sampled
    advantage: float
    places: Sequence[int]


def _added(rule: Rule, batch: Batch, actor: Actor) -> list[_Added]:
    found = [*(_in_failed_groups(rule, batch, actor.tokenizer) if rule.failed else ())]
    found += [*(_in_mixed_groups(rule, batch) if rule.pair else ())]
    if rule.weight == "one" or not found:
        return found
    weighed = []
    for one, log_prob_T in zip(found, actor.log_probs([one.sampled for one in found]), strict=True):
        p = float(log_prob_T[one.places[0]].exp())
        weighed.append(replace(one, advantage=one.advantage * (p if rule.weight == "p" else p / (p + _DOUBT))))
    return weighed


def _in_failed_groups(rule: Rule, batch: Batch, tokenizer: Any) -> Iterator[_Added]:
    twins = [record.twin for record in batch.records]
    digests = [record.program_digest for record in batch.records]
    chosen = failed_groups(batch.rewards.tolist(), batch.groups, digests, twins).rows
    _, adv_M = advantages_with_twins(batch.rewards, batch.groups, [batch.groups[row] for row in chosen])
    for row, advantage in zip(chosen, adv_M.tolist(), strict=True):
        twin = twins[row]
        assert twin is not None
        ids, places = twin.ids, _places(twin, rule.credited)
        if rule.failed == "references":
            ids = _reference(batch.asked[row], tokenizer)
            places = list(range(len(ids)))
        yield _Added(row, True, Sampled(batch.sampled[row].prompt, ids), advantage, places)


def _in_mixed_groups(rule: Rule, batch: Batch) -> Iterator[_Added]:
    """Each twin gets what its failing response lost."""
    adv_B = group_advantages(batch.rewards, batch.groups)
    for row, record in enumerate(batch.records):
        if record.twin is not None and adv_B[row] < 0:
            made = Sampled(batch.sampled[row].prompt, record.twin.ids)
            yield _Added(row, False, made, -float(adv_B[row]), _places(record.twin, rule.credited))


def _places(twin: Twin, credited: Credited) -> list[int]:
    if credited == "all":
        return list(range(len(twin.ids)))
    places = [place for start, end in twin.changed for place in range(start, end)]
    return places[:1] if credited == "first" else places


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


# ---------------------------------------------------------------- other rules


def _by_value(batch: Batch, actor: Actor, mask_BT: Tensor) -> Tensor:
    """Factors (B, T): a blamed token loses V(s) where GRPO's would lose the group's mean.

    V(s), the value of the state that the mistake was made in, is about the policy's probability of the twin's token there: had
    that been sampled, the response would have passed.
    """
    factors_BT = torch.ones_like(mask_BT)
    with_twin = [row for row, record in enumerate(batch.records) if record.twin is not None]
    twins = [batch.records[row].twin for row in with_twin]
    log_probs = actor.log_probs(
        [Sampled(batch.sampled[r].prompt, t.ids) for r, t in zip(with_twin, twins, strict=True) if t]
    )
    mean = {row: float(batch.rewards[rows].mean()) for rows in batch.members.values() for row in rows}
    for row, twin, log_prob_T in zip(with_twin, twins, log_probs, strict=True):
        if twin is not None and mean[row] > 0:
            value = float(log_prob_T[twin.changed[0][0]].exp())
            factors_BT[row] = min(_MOST, value / mean[row])
    return factors_BT


def _credit_both_sides(batch: Batch, adv_B: Tensor, adv_BT: Tensor, tokenizer: Any) -> None:
    """A correct response's credit goes to the statements that play the part of those that its siblings' repairs changed.

    Where none of them is found in it, the credit stays on all of its tokens.
    """
    for members in batch.members.values():
        repaired = [
            place
            for row in members
            if (twin := batch.records[row].twin) is not None
            for place in _repaired(batch.asked[row], twin, tokenizer)
        ]
        for row in members:
            if adv_B[row] > 0 and repaired:
                tokens = _counterparts(batch.asked[row], batch.sampled[row], repaired, tokenizer)
                if tokens:
                    adv_BT[row] = 0.0
                    adv_BT[row, sorted(tokens)] = float(adv_B[row])


def _repaired(problem: Problem, twin: Twin, tokenizer: Any) -> list[tuple[str, int]]:
    """The repaired program, with each line that the repair changed."""
    pieces = token_pieces(tokenizer, twin.ids)
    program, offset = problem.code_prefix + pieces.text, len(problem.code_prefix)
    changed = [
        offset + at
        for start, end in twin.changed
        for at in range(pieces.starts[start], pieces.ends[end - 1])
        if not pieces.text[at].isspace()
    ]
    return [(program, line) for line in sorted({program.count("\n", 0, at) + 1 for at in changed})]


def _counterparts(problem: Problem, sampled: Sampled, repaired: Sequence[tuple[str, int]], tokenizer: Any) -> set[int]:
    """Tokens of a correct response in the statements that are aligned with repaired ones."""
    pieces = token_pieces(tokenizer, sampled.response)
    program, offset = problem.code_prefix + pieces.text, len(problem.code_prefix)
    tokens: set[int] = set()
    for other, line in repaired:
        for ours, theirs in _alignment(program, other, problem.entry_point):
            if theirs.line <= line <= theirs.end_line:
                start, end = SourceText(program).offsets(ours)
                tokens |= set(range(*pieces.span(max(0, start - offset), max(0, end - offset))))
    return tokens


@lru_cache(20_000)
def _alignment(program: str, other: str, entry_point: str) -> tuple[tuple[SourceRange, SourceRange], ...]:
    """The statements (headers) of ``program`` beside those of ``other`` that play the same part."""
    ours, theirs = parse(program), parse(other)
    if ours is None or theirs is None:
        return ()
    pairs = align(ours, Reference(theirs), entry_point).statements
    texts = SourceText(program), SourceText(other)
    return tuple(
        (
            describe(pair.candidate.node, texts[0]).place,
            describe(fix_missing_locations(pair.reference.node), texts[1]).place,
        )
        for pair in pairs
    )


def _mask(sampled: Sequence[Sampled]) -> Tensor:
    mask_BT = torch.zeros(len(sampled), max(len(one.response) for one in sampled))
    for row, one in enumerate(sampled):
        mask_BT[row, : len(one.response)] = 1
    return mask_BT
