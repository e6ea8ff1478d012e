"""One run in one plain process: the reward, localizer, credit and loss code of the package, without Ray and engines.

It draws the same prompts in the same order, and the same responses, as verl's trainer with the rollout of the embedded
platform does for the same seed, and does the same update: tests/loop trains both and compares the weights.
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

_AT_ONCE = 256  # responses that are sampled together


@dataclass(frozen=True, slots=True)
class Step:
    """One step, for the record; ``rows`` were trained on."""

    number: int
    batch: Batch
    rows: int
    update: Update


class Trainer:
    """``rule`` on ``problems`` with ``seed``; each `step` samples, scores, gives credit and updates."""

    def __init__(
        self,
        problems: Sequence[Problem],
        recipe: Recipe,
        rule: Rule,
        scorer: Scorer,
        seed: int,
        actor: Actor | None = None,
    ) -> None:
        """``actor``: a policy that is there already; a new one of the recipe's if not given."""
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
        """A group of responses to each problem, in the canonical order, and the problem of each."""
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
    """Sample all of these, the longest prompts together."""
    actor.model.eval()
    by_length = sorted(requests, key=lambda request: (len(request.prompt), request.stream[3:]))
    for start in range(0, len(by_length), _AT_ONCE):
        sample(actor.model, by_length[start : start + _AT_ONCE], {actor.tokenizer.eos_token_id})


def prompt_ids(tokenizer: Any, problem: Problem) -> list[int]:
    """The prompt's token ids, by the tokenizer's chat template, as verl's agent loop makes them."""
    messages = [{"role": "user", "content": problem.prompt}]
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=False)
    return list(ids)


def _batches(count: int, size: int, seed: int) -> Iterator[list[int]]:
    """Rows of each step, without end: verl's own sampler, shuffled anew each epoch; what does not fill a batch is dropped."""
    sampler = create_rl_sampler(OmegaConf.create({"shuffle": True, "seed": seed}), range(count))
    while True:
        rows = list(sampler)
        for start in range(0, len(rows) - size + 1, size):
            yield rows[start : start + size]
