"""Jobs that the tests of plan/ ask about."""

from plan.gpus import GPUS
from plan.job import Debugger, Engine, Job, Placement, Recompute, Server
from plan.shapes import KNOWN


def debugger(name="qwen2.5-coder-7b", gpus=1, memory=0.25, placement="shared"):
    return Debugger(KNOWN[name], gpus, memory, Placement(placement))


def job(model="deepseek-6.7b", **changes):
    """The recipe of DeepSeek-Coder-6.7B on 8 x A100 80 GB, or what ``changes`` make of it."""
    values = {
        "model": KNOWN[model] if isinstance(model, str) else model,
        "gpu": GPUS["a100-80gb"],
        "gpus": 8,
        "nodes": 1,
        "prompts": 64,
        "group": 16,
        "mini_batch": 16,
        "prompt_tokens": 1024,
        "response_tokens": 1024,
        "engine": Engine.MEGATRON,
        "tp": 2,
        "pp": 1,
        "cp": 1,
        "recompute": Recompute.NONE,
        "offload": True,
        "host_optimizer": False,
        "max_tokens": 8192,
        "server": Server.SGLANG,
        "rollout_tp": 2,
        "rollout_memory": 0.6,
        "rollout_sequences": 256,
        "debugger": debugger(),
        "problems": 374,
        "epochs": 3,
    }
    return Job(**(values | changes))


def one_gpu(model, **changes):
    """A job on one GPU without a debugger."""
    alone = {"gpus": 1, "tp": 1, "rollout_tp": 1, "debugger": None}
    return job(model, **(alone | changes))
