"""A training run in one process, with the package's reward, localizer, credit and loss code, without Ray.

With the same seed it has the same prompts, responses and updates as verl's trainer with the CPU rollout: tests/loop
trains both and compares the weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from omegaconf import OmegaConf
from verl.trainer.ppo.utils import create_rl_sampler

from experiment.actor import Actor, Sampled, Update
from experiment.recipe import Recipe
from experiment.rules import Batch, Rule, rows
from experiment.scoring import Scorer
from verl_egca.cpu.sampling import Request, sample
from verl_egca.problem import Problem

_AT_ONCE = 256  # responses sampled together


@dataclass(frozen=True, slots=True)
class Step:
    """The record of a step; ``rows``: number of trained rows."""

    number: int
    batch: Batch
    rows: int
    update: Update


class Trainer:
    """Trains with ``rule`` on ``problems``; each `step` samples, scores, assigns credit and updates."""

    def __init__(
        self,
        problems: Sequence[Problem],
        recipe: Recipe,
        rule: Rule,
        scorer: Scorer,
        seed: int,
        actor: Actor | None = None,
    ) -> None:
        """``actor``: default: a new one of the recipe's policy."""
        self.actor = actor or Actor(recipe)
        self.recipe, self.rule, self.seed, self.scorer = recipe, rule, seed, scorer
        self._problems = problems
        self._order = _batches(len(problems), recipe.prompts, seed)
        self._steps = 0

    def step(self) -> Step:
        problems = [self._problems[number] for number in next(self._order)]
        batch = self.score(*self.rollout(problems, stream=self._steps))
        trained, adv_RT = rows(self.rule, batch, self.actor)
        self._steps += 1
        return Step(self._steps, batch, len(trained), self.actor.update(trained, adv_RT))

    def rollout(self, problems: Sequence[Problem], stream: int) -> tuple[list[Sampled], list[Problem]]:
        """A group of responses per problem, in canonical order, and each response's problem."""
        asked = []
        for problem in problems:
            prompt = prompt_ids(self.actor.tokenizer, problem)
            for number in range(self.recipe.group):
                named = (self.seed, stream, 1.0, tuple(prompt), number)
                asked.append((Request(prompt, 1.0, self.recipe.response_tokens, named), problem))
        draw(self.actor, [request for request, _ in asked])
        asked.sort(key=lambda pair: (pair[0].prompt, pair[0].tokens))
        return [Sampled(request.prompt, request.tokens) for request, _ in asked], [problem for _, problem in asked]

    def score(self, sampled: Sequence[Sampled], asked: Sequence[Problem]) -> Batch:
        responses = [one.response for one in sampled]
        records = self.scorer.score(self.rule.localizer, asked, responses, self.recipe.response_tokens)
        return Batch(asked, sampled, records)


def draw(actor: Actor, requests: Sequence[Request]) -> None:
    """Sample all requests, in batches by length of the prompt."""
    actor.model.eval()
    by_length = sorted(requests, key=lambda request: (len(request.prompt), request.stream[3:]))
    for start in range(0, len(by_length), _AT_ONCE):
        sample(actor.model, by_length[start : start + _AT_ONCE], {actor.tokenizer.eos_token_id})


def prompt_ids(tokenizer: Any, problem: Problem) -> list[int]:
    """The prompt's token ids in the tokenizer's chat template, as in verl's agent loop."""
    messages = [{"role": "user", "content": problem.prompt}]
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=False)
    return list(ids)


def _batches(count: int, size: int, seed: int) -> Iterator[list[int]]:
    """Endless rows by step, from verl's own sampler: shuffled each epoch, incomplete batches dropped."""
    sampler = create_rl_sampler(OmegaConf.create({"shuffle": True, "seed": seed}), range(count))
    while True:
        rows = list(sampler)
        for start in range(0, len(rows) - size + 1, size):
            yield rows[start : start + size]
