"""A run of the recipe beside ``probe/one_loop.py``: what its driver sent, and what reached the policy loss."""

import json
from pathlib import Path

PROBE = Path(__file__).parent / "probe"


def looped(recipe, name, out, steps, *overrides):
    """The run, with ``sent``, a record a step, and ``received``, one a call of the loss; see the probe."""
    env = {
        "PYTHONPATH": str(PROBE),
        "VERL_USE_EXTERNAL_MODULES": "one_loop",
        "LOOP_OUT": str(out),
        "LOOP_STEPS": str(steps),
    }
    run = recipe(name, "TP=2", f"trainer.total_training_steps={steps}", *overrides, env=env)
    run.shown = run.finish()
    run.sent = _lines(out / "sent.jsonl")
    run.received = [call for file in out.glob("received-*") for call in _lines(file)]
    return run


def check_codes(run):
    """In the last step every advantage arrived bit-equal, once and at its own token."""
    coded = run.sent[-1]
    calls = [call for call in run.received if call["at"] > coded["at"]]
    advantages = [value for call in calls for value in call["advantages"]]
    log_probs = [value for call in calls for value in call["log_probs"]]
    assert len(set(coded["sent"])) > 300  # codes that tell tokens apart
    assert sorted(advantages) == sorted(coded["sent"])
    assert max(abs(a - b) for a, b in zip(advantages, log_probs, strict=True)) < 1e-4


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]
