"""Inside the running loop every token's advantage reaches Megatron's policy loss, once, at its own token.

See ``probe/coded_advantages.py`` for how. ``tests/engine`` does the same in every layout of the engine alone, with
controls that must fail.
"""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.loop

PROBE = Path(__file__).parent / "probe"


def arrivals(recipe, tmp_path, name, *overrides):
    """(the run, codes that were sent, advantages that arrived, the engine's log-probs at their tokens) of one step."""
    env = {
        "PYTHONPATH": str(PROBE),
        "VERL_USE_EXTERNAL_MODULES": "coded_advantages",
        "CODED_OUT": str(tmp_path),
    }
    run = recipe(name, "trainer.total_training_steps=1", "trainer.save_freq=-1", *overrides, env=env)
    run.finish()
    sent = [code for line in (tmp_path / "sent.jsonl").read_text().splitlines() for code in json.loads(line)]
    received = [json.loads(line) for file in tmp_path.glob("received-*") for line in file.read_text().splitlines()]
    advantages = [value for call in received for value in call["advantages"]]
    log_probs = [value for call in received for value in call["log_probs"]]
    return run, sent, advantages, log_probs


def largest_difference(advantages, log_probs):
    return max(abs(a - b) for a, b in zip(advantages, log_probs, strict=True))


@pytest.mark.parametrize("twins", ["off", "failed_groups"])
def test_advantages_arrive_bit_equal_each_with_its_own_tokens_log_prob(recipe, tmp_path, hard, twins):
    given = () if twins == "off" else (f"TRAIN={hard}", f"egca.twins={twins}")
    run, sent, advantages, log_probs = arrivals(recipe, tmp_path, f"coded-{twins}", "TP=2", *given)
    assert run.rows()[0].get("egca/twins/rows", 0) >= (twins != "off")
    assert len(set(sent)) > 300  # codes that tell tokens apart
    assert sorted(advantages) == sorted(sent)
    assert largest_difference(advantages, log_probs) < 1e-4
