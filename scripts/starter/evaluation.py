"""Shares of the policy's samples by outcome, which show whether it can learn."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from verl_egca.evaluation.engines.base import GenerationRequest, Response, Sampling
from verl_egca.evaluation.engines.hf import HF
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.gates.gate import NoConstraints, gate
from verl_egca.gates.mode import Mode
from verl_egca.problem import Problem
from verl_egca.response import extract_program
from verl_egca.spans import token_pieces

_MAX_TOKENS = 128
_BATCH = 128
_LIMITS = Limits(cpu_seconds=0.5)  # a right solution takes milliseconds; many wrong ones never end


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares over ``samples`` samples in groups of one problem each; ``mixed_groups`` have both outcomes."""

    samples: int
    passed: float
    logic: float
    syntax: float
    mixed_groups: float
    tokens: float


def generate(
    model: Any, tokenizer: Any, problems: Sequence[Problem], group: int, temperature: float, seed: int
) -> list[Response]:
    """``group`` responses to each problem, in order."""
    requests = []
    for problem in problems:
        messages = [{"role": "user", "content": problem.prompt}]
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=False)
        requests += [GenerationRequest(tuple(prompt), number, seed, _MAX_TOKENS) for number in range(group)]
    engine, sampling = HF(model), Sampling(temperature, 1.0, (tokenizer.eos_token_id,))
    order = sorted(range(len(requests)), key=lambda place: len(requests[place].prompt))
    found: dict[int, Response] = {}
    for start in range(0, len(order), _BATCH):
        places = order[start : start + _BATCH]
        found.update(zip(places, engine.generate([requests[place] for place in places], sampling), strict=True))
    return [found[place] for place in range(len(requests))]


def measure(
    model: Any,
    tokenizer: Any,
    problems: Sequence[Problem],
    *,
    count: int,
    group: int = 8,
    temperature: float = 1.0,
    seed: int = 0,
) -> Mix:
    """Sample ``group`` responses to each of ``count`` problems drawn at random, and run them."""
    chosen = random.Random(seed).sample(list(problems), min(count, len(problems)))
    responses = generate(model, tokenizer, chosen, group, temperature, seed)
    asked = [problem for problem in chosen for _ in range(group)]
    with Sandbox(_LIMITS, workers=2) as sandbox, ThreadPoolExecutor(2) as threads:
        modes = list(threads.map(lambda item: _mode(sandbox, tokenizer, *item), zip(asked, responses, strict=True)))
    counts = Counter(modes)
    groups = [modes[start : start + group] for start in range(0, len(modes), group)]
    mixed = sum(0 < sum(mode is Mode.CORRECT for mode in one) < len(one) for one in groups)
    return Mix(
        samples=len(modes),
        passed=counts[Mode.CORRECT] / len(modes),
        logic=counts[Mode.LOGIC] / len(modes),
        syntax=counts[Mode.SYNTAX] / len(modes),
        mixed_groups=mixed / len(groups),
        tokens=fmean(len(response.tokens) for response in responses),
    )


def _mode(sandbox: Sandbox, tokenizer: Any, problem: Problem, response: Response) -> Mode:
    text = token_pieces(tokenizer, response.tokens).text
    program = extract_program(text, problem, truncated=response.truncated).source
    return gate(problem, program, sandbox.run(problem, program), NoConstraints()).mode
