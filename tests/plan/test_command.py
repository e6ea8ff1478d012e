"""`python scripts/plan`: tables, JSON, exit status, and what it says to numbers that don't go together."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plan.cli import app
from starter.policy_path import WEIGHTS

from ..commands import Done

PLAN = Path(__file__).parents[2] / "scripts/plan"


def plan(*arguments, columns=100):
    done = CliRunner().invoke(app, [str(part) for part in arguments], env={"COLUMNS": str(columns)})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def test_the_default_is_the_recipe_and_fits_as_a_user_starts_it():
    done = subprocess.run([sys.executable, PLAN, "--json"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["fits"]
    assert found["model"] == {"name": "deepseek-6.7b", "parameters": 6_740_512_768}
    assert [found["layout"][name] for name in ("gpus", "tp", "dp", "group", "engine")] == [8, 2, 4, 16, "megatron"]


@pytest.mark.parametrize("columns", [80, 100])
def test_tables_and_words_fit_into_the_terminal(columns):
    done = plan(columns=columns)
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= columns
    for words in (
        "GiB on a GPU with the debugger",
        "weights",
        "optimizer",
        "KV cache",
        "logits",
        "to spare",
        "Seconds of a step",
    ):
        assert words in done.stdout


def test_every_assumption_is_named_with_its_value_unit_and_reason_and_changes_by_an_option():
    shown = " ".join(plan("--assume", "programs_at_once=64", "--mfu", "0.41").stdout.split())
    for line in (
        "mfu 0.41 of the GPU's FLOP/s: training, log-probs and prefill",
        "programs_at_once 64 a node: the recipes' reward.num_workers",
    ):
        assert line in shown
    slow, fast = (json.loads(plan("--json", "--mfu", mfu).stdout)["step_seconds"] for mfu in ("0.2", "0.4"))
    assert slow > fast
    slow, fast = (
        json.loads(plan("--json", "--bandwidth-efficiency", b).stdout)["step_seconds"] for b in ("0.4", "0.8")
    )
    assert slow > fast


def test_what_does_not_fit_ends_with_status_1_and_says_by_how_much_and_what_would_help():
    done = plan(
        "--model", "qwen2.5-coder-1.5b", "--gpus", 1, "--gpu", "rtx4090", "--debugger", "none", "--rollout-memory", 0.5
    )
    assert done.returncode == 1
    assert "does not fit in update" in done.stdout
    assert "too many" in done.stdout
    assert "--host-optimizer" in done.stdout.split("It fits with one of these:")[1].split("\n\n")[0]
    helped = plan(
        *("--model", "qwen2.5-coder-1.5b", "--gpus", 1, "--gpu", "rtx4090", "--debugger", "none"),
        *("--rollout-memory", 0.5, "--host-optimizer", "--max-tokens-per-gpu", 2048),
    )
    assert helped.returncode == 0, helped.stdout


def test_what_no_option_helps_is_said():
    done = plan("--model", "deepseek-33b", "--gpus", 1, "--gpu", "rtx4090", "--debugger", "none")
    assert done.returncode == 1
    assert "None of the changes that were tried makes it fit" in " ".join(done.stdout.split())


def test_a_folder_is_planned_like_a_name_and_one_gpu_needs_no_tp():
    done = plan("--model", WEIGHTS, "--gpus", 1, "--gpu", "rtx4090", "--debugger", "none", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["layout"]["tp"], found["layout"]["rollout_tp"]) == (1, 1)
    assert found["model"]["parameters"] < 2_000_000


def test_unequal_memory_within_a_server_is_noted_with_the_variable_that_allows_it():
    assert "SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK=0" in json.loads(plan("--json").stdout)["notes"][0]
    assert json.loads(plan("--json", "--rollout-tp", 1).stdout)["notes"] == []
    assert json.loads(plan("--json", "--rollout", "vllm").stdout)["notes"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--model gpt-7", "--model gpt-7: choose one of deepseek-1.3b,"),
        ("--debugger 13b", "--debugger 13b: choose one of"),
        ("--gpu v100", "--gpu v100: choose one of a100-80gb, a100-40gb, h100-80gb, l40s, rtx4090"),
        ("--tp 3 --gpus 8", "--tp 3 x --pp 1 x --cp 1 = 3 must divide the 8 GPUs"),
        ("--tp 4 --gpus 2 --nodes 2 --rollout-tp 1", "--tp 4 must divide --gpus 2: it is too slow between nodes"),
        ("--model qwen2.5-coder-7b --tp 8", "--tp 8 must divide the 28 attention heads of qwen2.5-coder-7b"),
        ("--model deepseek-33b --gpus 16 --tp 16", "--tp 16 must divide the 56 attention heads"),
        ("--model qwen2.5-coder-32b --gpus 10 --tp 10 --rollout-tp 1", "must divide the 8 key and value heads"),
        ("--pp 3 --gpus 6 --rollout-tp 1", "--pp 3 must divide the 32 layers of deepseek-6.7b"),
        ("--engine fsdp2 --tp 2", "--engine fsdp2 shards over all GPUs: use --tp 1 --pp 1"),
        ("--rollout-tp 3", "--rollout-tp 3 must divide --gpus 8"),
        ("--rollout-memory 1", "--rollout-memory 1: a share between 0 and 1"),
        ("--debugger-memory 0", "--debugger-memory 0: a share between 0 and 1"),
        ("--debugger-gpus 9", "--debugger-gpus 9: there are 8 GPUs to share"),
        ("--debugger-gpus 0", "--debugger-gpus 0: a whole number from 1 is wanted, or --debugger none"),
        ("--prompts 30", "--mini-batch 17 must divide --prompts 30"),
        ("--prompts 3 --mini-batch 3 --group 2", "--prompts 3 x --group 2 = 6 sequences must be a multiple of the 4 data-parallel"),
        ("--prompts 2 --mini-batch 1 --group 2", "--mini-batch 1 x --group 2 = 2 sequences must be a multiple"),
        ("--max-tokens-per-gpu 1024", "the longest sequence, --prompt-tokens 1024 + --response-tokens 1024 = 2048, must fit"),
        ("--problems 20", "--problems 20: fewer than a step's --prompts 34"),
        ("--gpus 0", "--gpus 0: a whole number from 1 is wanted"),
        ("--epochs 0", "--epochs 0: a whole number from 1 is wanted"),
        ("--assume speed=2", "--assume speed=2: choose one of trainer_runtime"),
        ("--mfu 2", "--assume mfu=2: a number from 0 to 1 is wanted"),
    ],
)  # fmt: skip
def test_numbers_that_do_not_go_together_end_with_status_2_and_name_the_options(arguments, message):
    done = CliRunner().invoke(app, arguments.split())
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("bad input: ")
    assert message in done.stderr


def test_bad_input_ends_the_process_with_status_2_and_prints_no_plan():
    done = plan("--gpu", "v100")
    assert (done.returncode, done.stdout) == (2, "")
