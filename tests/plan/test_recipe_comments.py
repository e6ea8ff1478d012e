"""The budgets in the recipes' comments are what scripts/plan prints today, for the settings that the recipes have today."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from plan.comment import COMMAND, PROMPT

ROOT = Path(__file__).parents[2]
RECIPES = sorted(path for path in (ROOT / "recipes").glob("run_*.sh") if path.name != "run_egca_cpu.sh")
SETTINGS = {
    "GPUS": "gpus",
    "ROLLOUT_TP": "rollout_tp",
    "ROLLOUT_MEMORY": "rollout_memory",
    "GROUP": "group",
    "PROMPTS": "prompts",
    "MINI_BATCH": "mini_batch",
    "PROMPT_TOKENS": "prompt_tokens",
    "RESPONSE_TOKENS": "response_tokens",
    "TOKENS_PER_GPU": "max_tokens_per_gpu",
    "DEBUGGER_MEMORY": "debugger_memory",
}
MODELS = {
    "deepseek-ai/deepseek-coder-6.7b-instruct": "deepseek-6.7b",
    "Qwen/Qwen2.5-Coder-7B-Instruct": "qwen2.5-coder-7b",
    "Qwen/Qwen2.5-Coder-1.5B-Instruct": "qwen2.5-coder-1.5b",
}


def block_of(recipe):
    """The comment from its command to its last line."""
    text = recipe.read_text()
    assert text.count(PROMPT) == 1, f"{recipe.name}: one `{PROMPT}{COMMAND} ...` is wanted"
    return "".join(re.match(r"(#.*\n)+", text[text.index(PROMPT) :])[0])


def arguments_of(block):
    command = re.match(r"# \$ ((?:.*\\\n)*.*)\n", block)[1].replace("\\\n#", " ")
    return shlex.split(command)[1:]  # without `python`


def settings_of(recipe):
    return dict(re.findall(r'^  "([A-Z_]+)=(\S+)', recipe.read_text(), re.MULTILINE))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.name)
def test_a_recipes_budget_is_what_the_command_in_it_prints_and_it_fits(recipe):
    block = block_of(recipe)
    done = subprocess.run([sys.executable, *arguments_of(block)], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert block == done.stdout


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.name)
def test_a_recipes_budget_is_of_the_settings_that_the_recipe_has(recipe):
    arguments = [word for word in arguments_of(block_of(recipe)) if word != "--recipe-comment"]
    done = subprocess.run([sys.executable, *arguments, "--json"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    planned, settings = json.loads(done.stdout), settings_of(recipe)
    layout = planned["layout"]
    assert {name: float(settings[name]) for name in SETTINGS} == {name: layout[key] for name, key in SETTINGS.items()}
    assert planned["model"]["name"] == MODELS[settings["MODEL"]]
    assert layout["debugger"] == MODELS[settings["DEBUGGER_MODEL"]]
    assert layout["tp"] == int(settings.get("TP", 1))
    assert layout["engine"] == ("fsdp2" if "fsdp2_engine" in recipe.read_text() else "megatron")


def test_every_gpu_recipe_was_looked_at():
    assert {path.name for path in RECIPES} >= {"run_egca_deepseek6.7b.sh", "run_egca_qwen1.5b.sh"}
