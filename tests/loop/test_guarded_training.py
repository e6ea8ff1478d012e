"""An engine that loses a model's RoPE scaling and base, as Megatron's bridge does with DeepSeek-Coder's, may not train."""

import json
import shutil

import pytest

from starter.policy_path import WEIGHTS

pytestmark = pytest.mark.loop


def test_training_is_refused_with_the_cause_and_the_remedy(recipe, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(WEIGHTS, model)
    config = json.loads((model / "config.json").read_text())
    config["rope_parameters"] = {"rope_type": "linear", "factor": 4.0, "rope_theta": 100000.0}
    (model / "config.json").write_text(json.dumps(config))
    run = recipe("guard", f"MODEL={model}", "trainer.total_training_steps=1")
    process = run.start()
    shown, _ = process.communicate()
    assert process.returncode == 1
    assert "those of the model without RoPE scaling and with RoPE base 10000" in shown
    assert "rotary_base=100000" in shown
    assert run.rows() == []
