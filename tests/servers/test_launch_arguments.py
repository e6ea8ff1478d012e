"""The pinned servers' own parsers take what a recipe and the debugger's launcher hand them.

For the rollout verl's own code makes the arguments, from the recipe's resolved config; nothing of it is repeated here.
"""

import copy
import re

import pytest
from omegaconf import OmegaConf, open_dict

from verl_egca.debugger.launch import server_command


@pytest.fixture(scope="module", params=["sglang", "vllm"])
def parsed(request, answers, model, recipe, tmp_path_factory):
    """What the engine makes of: the debugger's command; the same with a wrong flag, with a wrong value; the recipe's
    rollout; the same with an argument that the engine does not have."""
    engine = request.param
    debugger = server_command(
        engine,
        str(model),
        port=30001,
        memory=0.25,
        tensor_parallel=2,
        context_length=8192,
        extra=["--dtype", "bfloat16"],
    )
    rollout = recipe(engine)
    wrong = copy.deepcopy(rollout)
    with open_dict(wrong):
        wrong.actor_rollout_ref.rollout.engine_kwargs[engine] = {"no_such_argument": 1}
    folder = tmp_path_factory.mktemp(engine)
    for name, config in (("rollout", rollout), ("wrong", wrong)):
        OmegaConf.save(config, folder / name)
    jobs = {
        "debugger": {"command": debugger},
        "wrong flag": {"command": [*debugger, "--no-such-flag"]},
        "wrong value": {"command": [*debugger, "--dtype", "int3"]},
        "rollout": {"rollout": str(folder / "rollout")},
        "wrong argument": {"rollout": str(folder / "wrong")},
    }
    return engine, dict(zip(jobs, answers(engine, list(jobs.values())), strict=True))


def test_the_debuggers_command_is_accepted_and_read_as_meant(parsed, model):
    engine, results = parsed
    found = results["debugger"].get("accepted")
    assert found, results["debugger"]
    names = {
        "sglang": (
            *("model_path", "port", "host", "mem_fraction_static", "tp_size", "context_length"),
            "enable_cache_report",
        ),
        "vllm": (
            *("model", "port", "host", "gpu_memory_utilization", "tensor_parallel_size", "max_model_len"),
            "enable_prompt_tokens_details",
        ),
    }[engine]
    assert [found[name] for name in names] == [str(model), 30001, "127.0.0.1", 0.25, 2, 8192, True]
    assert found["dtype"] == "bfloat16"


def test_the_recipes_rollout_is_accepted_and_read_as_meant(parsed, model):
    engine, results = parsed
    found = results["rollout"].get("accepted")
    assert found, results["rollout"]
    names = {
        "sglang": ("model_path", "mem_fraction_static", "tp_size"),
        "vllm": ("model", "gpu_memory_utilization", "tensor_parallel_size"),
    }[engine]
    assert [found[name] for name in names] == [str(model), 0.6, 4]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("wrong flag", "unrecognized arguments: --no-such-flag"),
        ("wrong value", "invalid choice: 'int3'"),
        ("wrong argument", "no.such.argument"),
    ],
)
def test_what_the_server_does_not_know_is_refused(parsed, wrong, says):
    _, results = parsed
    assert re.search(says, results[wrong].get("refused", "")), results[wrong]
