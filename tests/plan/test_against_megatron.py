"""The plan's counts against the buffers that verl's own Megatron engine makes on two ranks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from plan.memory import trainer_parts
from plan.shapes import shape_of
from starter.policy_path import WEIGHTS
from verl_egca.cpu import ENVIRONMENT

from .plan_jobs import job

LAYOUTS = {"tp2": {"tp": 2}, "pp2": {"tp": 1, "pp": 2}, "dp2": {"tp": 1}}

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def held():
    script = Path(__file__).parent / "megatron_bytes.py"
    command = [sys.executable, script, WEIGHTS]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | ENVIRONMENT)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"layout"')]
    return {line["layout"]: line["ranks"] for line in lines}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_fullest_rank_holds_the_weights_gradients_and_moments_that_are_planned(held, name):
    one = job(shape_of(str(WEIGHTS)), gpus=2, rollout_tp=1, debugger=None, **LAYOUTS[name])
    parts, ranks = trainer_parts(one), held[name]
    count = parts.weights.size / 2  # planned in bfloat16; the engine runs in float32 here
    assert max(rank["parameters"] for rank in ranks) == count
    assert max(rank["weights"] for rank in ranks) == count
    assert max(rank["gradients"] * rank["gradient_bytes"] for rank in ranks) == parts.gradients.size
    # of the optimizer's 12 bytes 8 are two moments in float32; the third number is float32's copy of bfloat16 weights
    assert max(4 * rank["moments"] for rank in ranks) == parts.optimizer.size * 8 / 12


def test_a_layout_that_was_measured_is_each_of_tensor_pipeline_and_data_parallel(held):
    assert set(held) == set(LAYOUTS)
    assert all(len(ranks) == 2 for ranks in held.values())
