"""What scripts/layouts relies on inside verl, Megatron-Core and the bridges."""

import pytest

from verl_egca.training.upstream import Relied

RELIED = [
    Relied("megatron/bridge/models/llama/llama_bridge.py", "LlamaBridge.provider_bridge", "rope_of in scripts/layouts/engine.py: linear scaling is dropped", holds='hf_rope_scaling.get("rope_type") == "llama3"'),
    Relied("megatron/bridge/models/conversion/model_bridge.py", "MegatronModelBridge", "rope_of in scripts/layouts/engine.py: transformers 5 has it in rope_parameters", holds='("rope_theta", "rotary_base")'),
    Relied("mbridge/models/llama.py", "LLaMABridge._get_gptmodel_args", "Fault.MBRIDGE_SCALING: not so under transformers 5", holds='if "rope_scaling" in self.hf_config'),
    Relied("verl/trainer/ppo/core_algos.py", "kl_penalty_forward", "loss in scripts/layouts/plain.py", holds="kl = torch.clamp(kl, min=-20, max=20)"),
    Relied("megatron/core/optimizer/clip_grads.py", "clip_grad_by_total_norm_fp32", "steps in scripts/layouts/plain.py", holds="total_norm + 1.0e-6"),
    Relied("verl/workers/engine/megatron/transformer_impl.py", "MegatronEngine.to", "Engine._put_away in scripts/layouts/engine.py", holds="if device == device_name:"),
    Relied("verl/workers/utils/losses.py", "", "scripts/layouts/recorder.py wraps it", holds="get_policy_loss_fn"),
    Relied("verl/utils/checkpoint/megatron_checkpoint_manager.py", "MegatronCheckpointManager._build_sharded_state_dict_metadata", "Engine in scripts/layouts/engine.py: what lets another layout load", holds='"fully_reshardable"'),
    Relied("verl/utils/checkpoint/megatron_checkpoint_manager.py", "MegatronCheckpointManager.get_rng_state", "Engine in scripts/layouts/engine.py: random states are a layout's own", holds="(pp_size, tp_size)"),
]  # fmt: skip


@pytest.mark.parametrize("relied", RELIED, ids=str)
def test_upstream_still_has(relied):
    assert relied.lacks() is None
