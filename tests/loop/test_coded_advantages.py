"""Inside the running loop every token's advantage reaches Megatron's policy loss, once, at its own token.

See ``probe/coded_advantages.py`` for how. The controls show that the check can fail.
"""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.loop

PROBE = Path(__file__).parent / "probe"
MEGATRON = "actor_rollout_ref.actor.megatron"


def arrivals(recipe, tmp_path, name, *overrides, shift=0):
    """(codes that were sent, advantages that arrived, the engine's log-probs at their tokens) of one step."""
    env = {
        "PYTHONPATH": str(PROBE),
        "VERL_USE_EXTERNAL_MODULES": "coded_advantages",
        "CODED_OUT": str(tmp_path),
        "CODED_SHIFT": str(shift),
    }
    recipe(name, "trainer.total_training_steps=1", "trainer.save_freq=-1", *overrides, env=env).finish()
    sent = [code for line in (tmp_path / "sent.jsonl").read_text().splitlines() for code in json.loads(line)]
    received = [json.loads(line) for file in tmp_path.glob("received-*") for line in file.read_text().splitlines()]
    advantages = [value for call in received for value in call["advantages"]]
    log_probs = [value for call in received for value in call["log_probs"]]
    return sent, advantages, log_probs


def largest_difference(advantages, log_probs):
    return max(abs(a - b) for a, b in zip(advantages, log_probs, strict=True))


@pytest.mark.parametrize("layout", [[], ["TP=2"]], ids=["one rank", "tensor parallel"])
def test_advantages_arrive_bit_equal_each_with_its_own_tokens_log_prob(recipe, tmp_path, layout):
    sent, advantages, log_probs = arrivals(recipe, tmp_path, f"coded-{len(layout)}", *layout)
    assert len(set(sent)) > 300  # codes that tell tokens apart
    assert sorted(advantages) == sorted(sent)
    assert largest_difference(advantages, log_probs) < 1e-4


def test_control_advantages_shifted_by_one_token_are_noticed(recipe, tmp_path):
    sent, advantages, log_probs = arrivals(recipe, tmp_path, "coded-shifted", shift=1)
    assert sorted(advantages) != sorted(sent)
    assert largest_difference(advantages, log_probs) > 0.1


def test_control_an_engine_with_wrong_rotary_embedding_is_noticed(recipe, tmp_path):
    wrong = f"+{MEGATRON}.override_transformer_config.rotary_base=500"
    sent, advantages, log_probs = arrivals(recipe, tmp_path, "coded-rope", wrong, "egca.guard.enabled=false")
    assert sorted(advantages) == sorted(sent)
    assert largest_difference(advantages, log_probs) > 0.1
