"""One run in one plain process: the reward, localizer, credit and loss code of the package, without Ray and engines.

It draws the same prompts in the same order, and the same responses, as verl's trainer with the rollout of the embedded
platform does for the same seed, and does the same update: tests/experiment trains both and compares the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor
from verl.trainer.ppo.utils import create_rl_sampler

from verl_egca.cpu.sampling import Request, sample
from verl_egca.credit import credit, group_advantages
from verl_egca.experiment.actor import Actor, Sampled, Update
from verl_egca.experiment.methods import Method
from verl_egca.experiment.recipe import Recipe
from verl_egca.problem import Problem
from verl_egca.sample import SampleRecord

THREADS = 2  # programs that run at once

Scorer = Callable[[Problem, Sequence[int], bool], SampleRecord]  # problem, response, whether it was cut off


@dataclass(frozen=True, slots=True)
class Step:
    """One step, for the record. ``records`` are in the order of the batch."""

    number: int
    records: Sequence[SampleRecord]
    update: Update


class Trainer:
    """``method`` on ``problems`` with ``seed``; each `step` samples, scores, gives credit and updates."""

    def __init__(
        self,
        problems: Sequence[Problem],
        recipe: Recipe,
        method: Method,
        scorer: Scorer,
        seed: int,
    ) -> None:
        self.actor = Actor(recipe)
        self.recipe, self.method, self.seed = recipe, method, seed
        self._scorer = scorer
        self._settings = method.settings(seed)
        self._problems = problems
        self._order = _batches(len(problems), recipe.prompts, seed)
        self._steps = 0

    def step(self) -> Step:
        problems = [self._problems[number] for number in next(self._order)]
        batch, asked = self.rollout(problems, stream=self._steps)
        records = self.score(asked, batch)
        adv_BT = self.advantages(asked, batch, records)
        self._steps += 1
        return Step(self._steps, records, self.actor.update(batch, adv_BT))

    def rollout(self, problems: Sequence[Problem], stream: int) -> tuple[list[Sampled], list[Problem]]:
        """A group of responses to each problem, in the canonical order, and the problem of each."""
        requests = []
        for problem in problems:
            prompt = prompt_ids(self.actor.tokenizer, problem)
            for number in range(self.recipe.group):
                named = (self.seed, stream, 1.0, tuple(prompt), number)
                requests.append((Request(prompt, 1.0, self.recipe.response_tokens, named), problem))
        self.actor.model.eval()
        by_length = sorted((request for request, _ in requests), key=lambda r: (len(r.prompt), r.stream[3:]))
        sample(self.actor.model, by_length, {self.actor.tokenizer.eos_token_id})
        requests.sort(key=lambda pair: (pair[0].prompt, pair[0].tokens))
        return [Sampled(request.prompt, request.tokens) for request, _ in requests], [
            problem for _, problem in requests
        ]

    def score(self, asked: Sequence[Problem], batch: Sequence[Sampled]) -> list[SampleRecord]:
        with ThreadPoolExecutor(THREADS) as threads:
            return list(threads.map(self._score, asked, batch))

    def _score(self, problem: Problem, one: Sampled) -> SampleRecord:
        ids = list(one.response)
        truncated = len(ids) >= self.recipe.response_tokens and ids[-1] != self.actor.tokenizer.eos_token_id
        return self._scorer(problem, ids, truncated)

    def advantages(self, asked: Sequence[Problem], batch: Sequence[Sampled], records: Sequence[SampleRecord]) -> Tensor:
        """The method's token advantages, shape (B, T)."""
        adv_B = group_advantages(torch.tensor([r.reward for r in records]), [problem.task_id for problem in asked])
        if not self.method.failing:
            adv_B = adv_B.clamp(min=0.0)
        mask_BT = torch.zeros(len(batch), max(len(one.response) for one in batch))
        for row, one in enumerate(batch):
            mask_BT[row, : len(one.response)] = 1
        return credit(
            adv_B,
            [record.mode for record in records],
            [record.spans for record in records],
            mask_BT,
            normalisation=self._settings.normalisation,
            soft=self._settings.soft,
            span_weight=self._settings.span_weight,
        )


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
