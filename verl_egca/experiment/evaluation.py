"""pass@1 of a policy in training, on problems that it trains on and on families that it never sees."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from verl_egca.cpu.sampling import Request, sample
from verl_egca.execution.sandbox import Sandbox
from verl_egca.experiment.actor import Actor
from verl_egca.experiment.plain import THREADS, prompt_ids
from verl_egca.problem import Problem
from verl_egca.response import extract_program
from verl_egca.spans import token_pieces

_BATCH = 128
SAMPLES = 2  # a problem, at temperature 1


@dataclass(frozen=True, slots=True)
class PassRates:
    """Shares of problems whose greedy response passes, and of samples at temperature 1 that pass."""

    greedy: float
    sampled: float


class Judge:
    """Whether programs pass; the same one is run once, whoever wrote it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._known: dict[tuple[str, str], bool] = {}

    def passes(self, problem: Problem, program: str) -> bool:
        key = (problem.task_id, program)
        if key not in self._known:
            self._known[key] = self._sandbox.run(problem, program).passed
        return self._known[key]


def some(problems: Sequence[Problem], count: int) -> list[Problem]:
    """The same ones each time, drawn from all families."""
    return random.Random(0).sample(list(problems), min(count, len(problems)))


def pass_rates(actor: Actor, judge: Judge, problems: Sequence[Problem]) -> PassRates:
    asked: list[tuple[Problem, Request]] = []
    for problem in problems:
        prompt = prompt_ids(actor.tokenizer, problem)
        for temperature, count in ((0.0, 1), (1.0, SAMPLES)):
            for number in range(count):
                named = ("evaluation", temperature, tuple(prompt), number)
                asked.append((problem, Request(prompt, temperature, actor.recipe.response_tokens, named)))
    actor.model.eval()
    by_length = sorted((request for _, request in asked), key=lambda request: len(request.prompt))
    for start in range(0, len(by_length), _BATCH):
        sample(actor.model, by_length[start : start + _BATCH], {actor.tokenizer.eos_token_id})

    def passed(pair: tuple[Problem, Request]) -> bool:
        problem, request = pair
        text = token_pieces(actor.tokenizer, request.tokens).text
        return judge.passes(
            problem, extract_program(text, problem, truncated=request.tokens[-1] != actor.tokenizer.eos_token_id).source
        )

    with ThreadPoolExecutor(THREADS) as threads:
        outcomes = list(threads.map(passed, asked))
    greedy = [ok for ok, (_, request) in zip(outcomes, asked, strict=True) if request.temperature == 0]
    drawn = [ok for ok, (_, request) in zip(outcomes, asked, strict=True) if request.temperature != 0]
    return PassRates(greedy=sum(greedy) / len(greedy), sampled=sum(drawn) / len(drawn))
