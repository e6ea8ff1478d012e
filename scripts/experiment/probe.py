"""One cell of the map, without training: each rule's gradient signal, and its gain in pass rate by one update.

K batches of training tasks are sampled once, and each rule assigns credit to the same responses (`signal`). Each of its
K gradients gives an update u in Adam's direction (the gradient over the root mean square of the rule's K gradients),
scaled to the same KL divergence from the first policy for all updates. The *projected gain* is the change of the pass
rate J on held-out tasks, to first order:

    u . grad J,    grad J = mean of (R(y) - mean reward of the task's other samples) grad log pi(y)

over samples y of the first policy, the same for every rule and update.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from experiment.actor import Actor, Sampled
from experiment.evaluation import passes
from experiment.plain import Trainer, draw, prompt_ids
from experiment.recipe import Recipe
from experiment.rules import RULES, Batch, rows
from experiment.scoring import Scorer
from experiment.signal import signal_of
from verl_egca.cpu.sampling import Request
from verl_egca.problem import Problem

KL = 0.05  # nats per response
SAMPLES = 8  # samples of a held-out task
_STEER = 64  # responses that determine an update's length
_ADAM = 1e-8


@dataclass(frozen=True, slots=True)
class Probe:
    """The first policy on P held-out tasks: its pass rate, and the gradient of each task's pass rate, shape (P, N).

    ``responses`` and their tokens' distributions, ``drawn_from``, serve to measure the divergence from it.
    """

    pass_rate: float
    samples: int
    gradient_PN: Tensor
    responses: list[Sampled]
    drawn_from: list[Tensor]


def measure(
    recipe: Recipe,
    scorer: Scorer,
    train: Sequence[Problem],
    held_out: Sequence[Problem],
    rules: Sequence[str],
    *,
    batches: int,
) -> dict[str, Any]:
    """Per rule, `signal.Signal`'s fields and the gain by update and held-out task; also the first pass rate."""
    actor = Actor(recipe)
    trainers = {name: Trainer(train, recipe, RULES[name], scorer, seed=0, actor=actor) for name in rules}
    gradients_KRN = torch.stack([_gradients(trainers, train, number) for number in range(batches)])
    probe = _probe(actor, held_out)
    found: dict[str, Any] = {}
    for place, name in enumerate(rules):
        own_KN, uniform_KN = gradients_KRN[:, place], gradients_KRN[:, 0]
        signal = signal_of(own_KN.double(), uniform_KN.double())
        scale_N = own_KN.square().mean(0).sqrt() + _ADAM
        gain_KP = torch.stack([_update(actor, probe, -own_N / scale_N) @ probe.gradient_PN.T for own_N in own_KN])
        found[name] = asdict(signal) | {
            "gain_by_update": gain_KP.mean(1).tolist(),
            "gain_by_task": gain_KP.mean(0).tolist(),
        }
    return {"pass_rate": probe.pass_rate, "samples": probe.samples, "rules": found}


def _gradients(trainers: dict[str, Trainer], train: Sequence[Problem], number: int) -> Tensor:
    """Each rule's gradient on one batch, shape (rules, parameters)."""
    first = next(iter(trainers.values()))
    size = first.recipe.prompts
    problems = [train[(number * size + place) % len(train)] for place in range(size)]
    sampled, asked = first.rollout(problems, stream=1_000 + number)
    batches: dict[str, Batch] = {}
    own: dict[str, tuple[list[Sampled], Tensor]] = {}
    for name, trainer in trainers.items():
        rule = trainer.rule
        if rule.localizer not in batches:
            batches[rule.localizer] = trainer.score(sampled, asked)
        own[name] = rows(rule, batches[rule.localizer], first.actor)
    together = first.actor.gradients(sampled, [adv_RT[: len(sampled)] for _, adv_RT in own.values()])
    found = dict(zip(own, together, strict=True))
    for name, (made, adv_RT) in own.items():
        if len(made) > len(sampled):
            found[name] = first.actor.gradients(made, [adv_RT])[0]
    return torch.stack([found[name] for name in trainers])


def _probe(actor: Actor, problems: Sequence[Problem]) -> Probe:
    asked = []
    for problem in problems:
        prompt = prompt_ids(actor.tokenizer, problem)
        for number in range(SAMPLES):
            named = ("probe", 1.0, tuple(prompt), number)
            asked.append((problem, Request(prompt, 1.0, actor.recipe.response_tokens, named)))
    draw(actor, [request for _, request in asked])
    responses = [Sampled(request.prompt, request.tokens) for _, request in asked]
    rewards_PS = torch.tensor([float(passes(actor, *one)) for one in asked]).view(-1, SAMPLES)
    gradients = [
        _of_pass_rate(actor, responses[task * SAMPLES : (task + 1) * SAMPLES], rewards_S)
        for task, rewards_S in enumerate(rewards_PS)
    ]
    some = responses[:: max(1, len(responses) // _STEER)]
    return Probe(float(rewards_PS.mean()), len(responses), torch.stack(gradients), some, actor.distributions(some))


def _of_pass_rate(actor: Actor, responses: Sequence[Sampled], rewards_S: Tensor) -> Tensor:
    """The gradient, shape (N,), of one task's pass rate."""
    count = len(responses)
    above_S = (rewards_S * count - rewards_S.sum()) / (count - 1)
    lengths_S = torch.tensor([float(len(one.response)) for one in responses])
    adv_S = above_S * lengths_S  # the loss is a mean over tokens, and log pi(y) their sum
    gradient_1N = actor.gradients(responses, [adv_S[:, None].expand(-1, int(lengths_S.max()))])
    return gradient_1N[0].neg()


def _update(actor: Actor, probe: Probe, direction_N: Tensor) -> Tensor:
    """The update along ``direction_N`` with divergence `KL`; zero for a zero direction."""
    if not direction_N.any():
        return direction_N
    length = 1e-3 * float(direction_N.numel()) ** 0.5 / float(direction_N.norm())
    for _ in range(2):
        kl = _divergence(actor, probe, length * direction_N)
        length *= min(10.0, (KL / max(kl, 1e-9)) ** 0.5)
    return direction_N.mul(length)


def _divergence(actor: Actor, probe: Probe, change_N: Tensor) -> float:
    """KL(pi, pi') for the changed parameters: summed over a response's tokens, averaged over responses; restores pi."""
    parameters = list(actor.model.parameters())
    before = [weight.detach().clone() for weight in parameters]
    parts = torch.split(change_N, [weight.numel() for weight in parameters])
    with torch.no_grad():
        for weight, part in zip(parameters, parts, strict=True):
            weight.add_(part.view_as(weight))
        after = actor.distributions(probe.responses)
        for weight, kept in zip(parameters, before, strict=True):
            weight.copy_(kept)
    of_each = [(old_TV.exp() * (old_TV - new_TV)).sum() for old_TV, new_TV in zip(probe.drawn_from, after, strict=True)]
    return float(torch.stack(of_each).mean())
