"""Responses sampled by the CPU rollout's server with the engine's exported weights."""

from __future__ import annotations

import asyncio
from pathlib import Path

import torch

from layouts.batch import Row
from layouts.plain import Weights
from verl_egca.cpu.rollout import HFServer

LENGTH = 16


def sampled(model: Path, weights: Weights, prompts: list[list[int]]) -> list[tuple[Row, torch.Tensor]]:
    """One response per prompt, and the server's log-probs of its tokens, (R,)."""
    server = HFServer(str(model), response_length=LENGTH, prompt_length=LENGTH, seed=1)

    async def ask() -> list:
        await server.load_weights(weights, global_steps=1)
        answers = [server.generate(prompt, {"temperature": 1.0}, str(n)) for n, prompt in enumerate(prompts)]
        return await asyncio.gather(*answers)

    rows = []
    for prompt, answer in zip(prompts, asyncio.run(ask()), strict=True):
        ids, count = torch.tensor(prompt + answer.token_ids), len(answer.token_ids)
        blank = torch.zeros(count)
        row = Row(ids, len(prompt), blank, torch.ones(count, dtype=torch.long), blank)
        rows.append((row, torch.tensor(answer.log_probs)))
    return rows
