"""The server that generates on the CPU, without Ray: when responses come back."""

import asyncio

import pytest
from transformers import AutoTokenizer

from verl_egca.cpu import rollout
from verl_egca.starter.policy import load
from verl_egca.starter.policy_path import WEIGHTS


@pytest.mark.parametrize("seconds", [0.0, 0.5])
def test_short_responses_come_back_first_where_rollouts_are_held_back_and_all_at_once_otherwise(monkeypatch, seconds):
    monkeypatch.setattr(rollout, "_SECONDS", seconds)
    tokenizer = AutoTokenizer.from_pretrained(WEIGHTS)
    prompt = tokenizer("def f(a):\n", add_special_tokens=False)["input_ids"]
    wanted = [24, 1, 12, 3]  # tokens that each may have; ends at different places unless the policy stops before

    async def generate_all():
        server = rollout.HFServer(str(WEIGHTS), 24, 64, seed=0)
        await server.load_weights(load(WEIGHTS)[0].state_dict(), 0)
        ended = []

        async def generate(number):
            output = await server.generate(prompt, {"max_tokens": wanted[number]}, f"r{number}")
            ended.append((number, len(output.token_ids)))

        await asyncio.gather(*map(generate, range(4)))
        return ended

    ended = asyncio.run(generate_all())
    lengths = [length for _, length in ended]
    assert len(set(lengths)) > 1
    assert lengths == sorted(lengths) if seconds else [number for number, _ in ended] == [0, 1, 2, 3]
