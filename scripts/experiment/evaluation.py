"""pass@1 and pass@k of a policy in training, from samples at temperature 1 with fixed random numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import comb
from statistics import fmean

from experiment.actor import Actor
from experiment.plain import draw, prompt_ids
from experiment.scoring import THREADS, sandbox
from verl_egca.cpu.sampling import Request
from verl_egca.problem import Problem
from verl_egca.response import extract_program
from verl_egca.spans import token_pieces

K = 8
_known: dict[tuple[str, str], bool] = {}  # each program is run once


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Shares of passing samples, of problems with one of K passing (Chen et al. 2021), of passing greedy responses."""

    samples: int
    pass_1: float
    pass_8: float
    greedy: float


def evaluate(actor: Actor, problems: Sequence[Problem], samples: int, *, greedy: bool = True) -> Evaluation:
    """Evaluate with ``samples`` per problem, at least K."""
    asked: list[tuple[Problem, Request]] = []
    for problem in problems:
        prompt = prompt_ids(actor.tokenizer, problem)
        for temperature, count in ((0.0, int(greedy)), (1.0, samples)):
            for number in range(count):
                named = ("evaluation", temperature, tuple(prompt), number)
                asked.append((problem, Request(prompt, temperature, actor.recipe.response_tokens, named)))
    draw(actor, [request for _, request in asked])
    with ThreadPoolExecutor(THREADS) as threads:
        passed = list(threads.map(lambda pair: passes(actor, *pair), asked))
    drawn: dict[str, list[bool]] = defaultdict(list)
    for (problem, request), ok in zip(asked, passed, strict=True):
        if request.temperature:
            drawn[problem.task_id].append(ok)
    return Evaluation(
        samples=samples * len(problems),
        pass_1=fmean(fmean(oks) for oks in drawn.values()),
        pass_8=fmean(_pass_at(K, len(oks), sum(oks)) for oks in drawn.values()),
        greedy=fmean([ok for ok, (_, r) in zip(passed, asked, strict=True) if not r.temperature] or [0.0]),
    )


def passes(actor: Actor, problem: Problem, request: Request) -> bool:
    """Whether a sampled response's program passes all tests."""
    text = token_pieces(actor.tokenizer, request.tokens).text
    truncated = request.tokens[-1] != actor.tokenizer.eos_token_id
    key = problem.task_id, extract_program(text, problem, truncated=truncated).source
    if key not in _known:
        _known[key] = sandbox().run(problem, key[1]).passed
    return _known[key]


def _pass_at(k: int, count: int, right: int) -> float:
    """An unbiased estimate of the probability that one of k samples is right."""
    return 1.0 - comb(count - right, k) / comb(count, k)
