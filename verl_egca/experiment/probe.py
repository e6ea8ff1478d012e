"""One cell of the map, without training: each rule's gradient signal, and the pass rate that one update of it brings.

K batches of training tasks are sampled once, and each rule gives its credit to the same responses (`signal`). Each of the
first U gradients then makes an update: the direction that Adam would take (the gradient over the root mean square of the
rule's K gradients), scaled so that every update has the same KL divergence from the first policy. The *projected gain* is the change
of the pass rate on held-out tasks, by N samples of the first policy, the same for every rule and update:

    mean of (pi'(y) / pi(y) - 1) (R(y) - mean reward of the task's other samples)

which is without bias for any pi'. Its noise is that of the N samples, which all rules share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from verl_egca.cpu.sampling import Request
from verl_egca.experiment.actor import Actor, Sampled
from verl_egca.experiment.evaluation import passes
from verl_egca.experiment.plain import Trainer, draw, prompt_ids
from verl_egca.experiment.recipe import Recipe
from verl_egca.experiment.rules import RULES, Batch, rows
from verl_egca.experiment.scoring import Scorer
from verl_egca.experiment.signal import signal_of
from verl_egca.problem import Problem

KL = 0.05  # nats a response
SAMPLES = 8  # of a held-out task
_STEER = 256  # responses that the length of an update is found by, before all of them
_ADAM = 1e-8


@dataclass(frozen=True, slots=True)
class Probe:
    """Responses to held-out tasks, whether each passes, and its tokens' log-probs under the first policy."""

    responses: list[Sampled]
    rewards: Tensor
    tasks: list[int]
    log_probs: list[Tensor]


def measure(
    recipe: Recipe,
    scorer: Scorer,
    train: Sequence[Problem],
    held_out: Sequence[Problem],
    rules: Sequence[str],
    *,
    batches: int,
    updates: int,
) -> dict[str, Any]:
    """By rule: `signal.Signal`'s fields, ``kl``, and the gain by update and by held-out task; and the start's pass rate."""
    actor = Actor(recipe)
    trainers = {name: Trainer(train, recipe, RULES[name], scorer, seed=0, actor=actor) for name in rules}
    gradients_KRN = torch.stack([_gradients(trainers, train, number) for number in range(batches)])
    probe = _probe(actor, held_out)
    found: dict[str, Any] = {}
    for place, name in enumerate(rules):
        own_KN, uniform_KN = gradients_KRN[:, place], gradients_KRN[:, 0]
        signal = signal_of(own_KN.double(), uniform_KN.double())
        scale_N = own_KN.square().mean(0).sqrt() + _ADAM
        gains = [_gain(actor, probe, -own_KN[number] / scale_N) for number in range(updates)]
        found[name] = asdict(signal) | {
            "kl": [kl for kl, _ in gains],
            "gain_by_update": [float(gain_P.mean()) for _, gain_P in gains],
            "gain_by_task": torch.stack([gain_P for _, gain_P in gains]).mean(0).tolist(),
        }
    return {"pass_rate": float(probe.rewards.mean()), "samples": len(probe.responses), "rules": found}


def _gradients(trainers: dict[str, Trainer], train: Sequence[Problem], number: int) -> Tensor:
    """Of each rule on one batch, shape (rules, parameters)."""
    first = next(iter(trainers.values()))
    size = first.recipe.prompts
    problems = [train[(number * size + place) % len(train)] for place in range(size)]
    sampled, asked = first.rollout(problems, stream=1_000 + number)
    batches: dict[str, Batch] = {}
    own: dict[str, tuple[list[Sampled], Tensor]] = {}
    for name, trainer in trainers.items():
        rule = trainer.rule
        if rule.resets:
            own[name] = rows(rule, trainer.draw(problems, stream=1_000 + number), first.actor)
            continue
        if rule.localizer not in batches:
            batches[rule.localizer] = trainer.score(sampled, asked)
        own[name] = rows(rule, batches[rule.localizer], first.actor)
    shared = [name for name, trainer in trainers.items() if not trainer.rule.resets]
    together = first.actor.gradients(sampled, [own[name][1][: len(sampled)] for name in shared])
    found = dict(zip(shared, together, strict=True))
    for name, (made, adv_RT) in own.items():
        if name not in found:
            found[name] = first.actor.gradients(made, [adv_RT])[0]
        elif len(made) > len(sampled):  # the mean is over rows
            added = first.actor.gradients(made[len(sampled) :], [adv_RT[len(sampled) :]])[0]
            found[name] = (found[name] * len(sampled) + added * (len(made) - len(sampled))) / len(made)
    return torch.stack([found[name] for name in trainers])


def _probe(actor: Actor, problems: Sequence[Problem]) -> Probe:
    asked = []
    for task, problem in enumerate(problems):
        prompt = prompt_ids(actor.tokenizer, problem)
        for number in range(SAMPLES):
            named = ("probe", 1.0, tuple(prompt), number)
            asked.append((task, problem, Request(prompt, 1.0, actor.recipe.response_tokens, named)))
    draw(actor, [request for _, _, request in asked])
    responses = [Sampled(request.prompt, request.tokens) for _, _, request in asked]
    rewards = torch.tensor([float(passes(actor, problem, request)) for _, problem, request in asked])
    return Probe(responses, rewards, [task for task, _, _ in asked], actor.log_probs(responses))


def _gain(actor: Actor, probe: Probe, direction_N: Tensor) -> tuple[float, Tensor]:
    """The KL of the update along ``direction_N``, and the gain by task."""
    if not direction_N.any():  # nothing was learned
        return 0.0, torch.zeros(max(probe.tasks) + 1)
    steer = slice(0, len(probe.responses), max(1, len(probe.responses) // _STEER))
    length = 1e-3 * float(direction_N.numel()) ** 0.5 / float(direction_N.norm())
    for which in (steer, steer, slice(None)):
        kl = float(_kl(_ratios(actor, probe, length * direction_N, which)))
        length *= min(10.0, (KL / max(kl, 1e-9)) ** 0.5)
    ratios = _ratios(actor, probe, length * direction_N, slice(None))
    weight_B = torch.tensor([float(ratio_T.sum().exp()) for ratio_T in ratios])
    by_task: dict[int, list[int]] = defaultdict(list)
    for row, task in enumerate(probe.tasks):
        by_task[task].append(row)
    gains = []
    for rows_ in by_task.values():
        rewards = probe.rewards[rows_]
        others = (rewards.sum() - rewards) / (len(rows_) - 1)
        gains.append(((weight_B[rows_] - 1) * (rewards - others)).mean())
    return float(_kl(ratios)), torch.stack(gains)


def _ratios(actor: Actor, probe: Probe, change_N: Tensor, which: slice) -> list[Tensor]:
    """log pi'(token) - log pi(token) of responses, pi' with its parameters changed; the policy is put back."""
    parameters = list(actor.model.parameters())
    before = [weight.detach().clone() for weight in parameters]
    parts = torch.split(change_N, [weight.numel() for weight in parameters])
    with torch.no_grad():
        for weight, part in zip(parameters, parts, strict=True):
            weight.add_(part.view_as(weight))
        after = actor.log_probs(probe.responses[which])
        for weight, kept in zip(parameters, before, strict=True):
            weight.copy_(kept)
    return [new - old for new, old in zip(after, probe.log_probs[which], strict=True)]


def _kl(ratios: Sequence[Tensor]) -> Tensor:
    """KL(pi, pi') of a response, from samples of pi: the mean of the sum of e^d - 1 - d over its tokens (Schulman, 2020)."""
    return torch.stack([(ratio_T.exp() - 1 - ratio_T).sum() for ratio_T in ratios]).mean()
