"""What the policy's samples are like: the shares that decide whether there is something to learn from."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch

from verl_egca.cpu.sampling import Request, sample
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.gates.gate import NoConstraints, gate
from verl_egca.gates.mode import Mode
from verl_egca.problem import Problem
from verl_egca.response import program_from_completion

_MAX_TOKENS = 128
_BATCH = 128
_LIMITS = Limits(
    cpu_seconds=0.5, program_cpu_seconds=1
)  # a right solution takes milliseconds; many wrong ones never end


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
) -> list[list[int]]:
    """Token ids of ``group`` responses to each problem, in order."""
    requests = []
    for problem in problems:
        messages = [{"role": "user", "content": problem.prompt}]
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=False)
        requests += [Request(list(prompt), temperature, _MAX_TOKENS, (seed, tuple(prompt), k)) for k in range(group)]
    by_length = sorted(requests, key=lambda request: len(request.prompt))
    for start in range(0, len(by_length), _BATCH):
        sample(model, by_length[start : start + _BATCH], {tokenizer.eos_token_id})
    return [request.tokens for request in requests]


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
    model.eval()
    responses = generate(model, tokenizer, chosen, group, temperature, seed)
    asked = [problem for problem in chosen for _ in range(group)]
    with Sandbox(_LIMITS, workers=2) as sandbox, ThreadPoolExecutor(2) as threads:
        modes = list(threads.map(lambda item: _mode(sandbox, tokenizer, *item), zip(asked, responses, strict=True)))
    counts = Counter(modes)
    groups = [modes[start : start + group] for start in range(0, len(modes), group)]
    mixed = sum(0 < sum(mode is Mode.CORRECT for mode in one) < len(one) for one in groups)
    lengths = torch.tensor([len(ids) for ids in responses], dtype=torch.float32)
    return Mix(
        samples=len(modes),
        passed=counts[Mode.CORRECT] / len(modes),
        logic=counts[Mode.LOGIC] / len(modes),
        syntax=counts[Mode.SYNTAX] / len(modes),
        mixed_groups=mixed / len(groups),
        tokens=lengths.mean().item(),
    )


def _mode(sandbox: Sandbox, tokenizer: Any, problem: Problem, ids: list[int]) -> Mode:
    text = tokenizer.decode(ids, skip_special_tokens=True)
    program = program_from_completion(text, problem).source
    return gate(problem, program, sandbox.run(problem, program), NoConstraints()).mode
