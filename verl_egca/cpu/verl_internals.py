"""Replacements for places in verl that require an accelerator or are slow without one."""

from __future__ import annotations

import os

from wrapt import register_post_import_hook

_POLL_S = float(os.environ.get("EGCA_CPU_POLL_S", "0.05"))


def leave_hooks() -> None:
    register_post_import_hook(_allow_float32, "verl.workers.config.engine")
    register_post_import_hook(_no_pinned_memory, "verl.workers.engine.fsdp.transformer_impl")
    register_post_import_hook(_register_replica, "verl.workers.rollout.replica")
    register_post_import_hook(_register_adapter, "verl.workers.rollout.base")
    register_post_import_hook(_poll_often, "verl.trainer.ppo.v1.replay_buffer")


def _allow_float32(module) -> None:
    """McoreEngineConfig accepts only bfloat16 or float16 (workers/config/engine.py:218)."""
    config = module.McoreEngineConfig
    check = config.__post_init__

    def __post_init__(self):
        dtype = self.dtype
        if dtype == "float32":
            object.__setattr__(self, "dtype", "bfloat16")
        check(self)
        object.__setattr__(self, "dtype", dtype)

    config.__post_init__ = __post_init__


def _no_pinned_memory(module) -> None:
    """The reference policy uses CPUOffloadPolicy(pin_memory=True), which needs a device."""
    policy = module.CPUOffloadPolicy
    module.CPUOffloadPolicy = lambda pin_memory=False: policy(pin_memory=False)


def _register_replica(module) -> None:
    def load():
        from verl_egca.cpu.rollout import HFReplica

        return HFReplica

    module.RolloutReplicaRegistry.register("hf_cpu", load)


def _register_adapter(module) -> None:
    module._ROLLOUT_REGISTRY[("hf_cpu", "async")] = "verl_egca.cpu.rollout.HFServerAdapter"


def _poll_often(module) -> None:
    """ReplayBuffer polls every 2 s (trainer/ppo/v1/replay_buffer.py:144), most of a step with a small model."""
    init = module.ReplayBuffer.__init__

    def __init__(self, *args, **kwargs):
        init(self, *args, **kwargs)
        self.poll_interval = _POLL_S

    module.ReplayBuffer.__init__ = __init__
