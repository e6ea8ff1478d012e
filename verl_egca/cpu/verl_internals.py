"""The few places inside verl that know only accelerators, or are slow without one."""

from __future__ import annotations

import os

from verl_egca.import_hooks import when_imported

_POLL_S = float(os.environ.get("EGCA_CPU_POLL_S", "0.05"))


def leave_hooks() -> None:
    when_imported("verl.workers.config.engine", _allow_float32)
    when_imported("verl.workers.engine.fsdp.transformer_impl", _no_pinned_memory)
    when_imported("verl.workers.rollout.replica", _register_replica)
    when_imported("verl.workers.rollout.base", _register_adapter)
    when_imported("verl.trainer.ppo.v1.replay_buffer", _poll_often)


def _allow_float32(module) -> None:
    """McoreEngineConfig insists on bfloat16 or float16 (workers/config/engine.py:218)."""
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
    """The reference policy asks for CPUOffloadPolicy(pin_memory=True); there is no device to pin memory for."""
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
