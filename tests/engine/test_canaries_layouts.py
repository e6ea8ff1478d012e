"""What scripts/layouts relies on inside verl, Megatron-Core and the bridges."""

import pytest

from ..upstream import Relied

RELIED = [
    Relied("megatron/bridge/models/llama/llama_bridge.py", 76, 'hf_rope_scaling.get("rope_type") == "llama3"', "rope_of in scripts/layouts/engine.py: linear scaling is dropped"),
    Relied("megatron/bridge/models/conversion/model_bridge.py", 264, '("rope_theta", "rotary_base")', "rope_of in scripts/layouts/engine.py: transformers 5 has it in rope_parameters"),
    Relied("mbridge/models/llama.py", 80, 'if "rope_scaling" in self.hf_config', "Fault.MBRIDGE_SCALING: not so under transformers 5"),
    Relied("verl/trainer/ppo/core_algos.py", 2242, "kl = torch.clamp(kl, min=-20, max=20)", "loss in scripts/layouts/plain.py"),
    Relied("megatron/core/optimizer/clip_grads.py", 172, "total_norm + 1.0e-6", "steps in scripts/layouts/plain.py"),
    Relied("verl/workers/engine/megatron/transformer_impl.py", 736, "if device == device_name:", "Engine._put_away in scripts/layouts/engine.py"),
    Relied("verl/workers/utils/losses.py", 18, "get_policy_loss_fn", "scripts/layouts/recorder.py wraps it"),
    Relied("verl/utils/checkpoint/megatron_checkpoint_manager.py", 449, '"fully_reshardable"', "Engine in scripts/layouts/engine.py: what lets another layout load"),
    Relied("verl/utils/checkpoint/megatron_checkpoint_manager.py", 303, "(pp_size, tp_size)", "Engine in scripts/layouts/engine.py: random states are a layout's own"),
]  # fmt: skip


@pytest.mark.parametrize("relied", RELIED, ids=str)
def test_upstream_still_has(relied):
    relied.check()
