"""Advantages of twins' rows reach Megatron's policy loss, once, each at its own token, in a running loop.

See ``probe/coded_advantages.py`` for how; ``test_loop.py`` does so without twins.
"""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.loop

PROBE = Path(__file__).parent / "probe"


def test_advantages_arrive_bit_equal_each_with_its_own_tokens_log_prob(recipe, tmp_path, hard):
    env = {"PYTHONPATH": str(PROBE), "VERL_USE_EXTERNAL_MODULES": "coded_advantages", "CODED_OUT": str(tmp_path)}
    overrides = (f"TRAIN={hard}", "egca.twins=failed_groups", "trainer.total_training_steps=1", "trainer.save_freq=-1")
    run = recipe("coded", "TP=2", *overrides, env=env)
    run.finish()
    sent = [code for line in (tmp_path / "sent.jsonl").read_text().splitlines() for code in json.loads(line)]
    received = [json.loads(line) for file in tmp_path.glob("received-*") for line in file.read_text().splitlines()]
    advantages = [value for call in received for value in call["advantages"]]
    log_probs = [value for call in received for value in call["log_probs"]]
    assert run.rows()[0]["egca/twins/rows"] >= 1
    assert len(set(sent)) > 300  # codes that tell tokens apart
    assert sorted(advantages) == sorted(sent)
    assert max(abs(a - b) for a, b in zip(advantages, log_probs, strict=True)) < 1e-4
