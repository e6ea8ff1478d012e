"""What the plan's arithmetic takes from verl 0.9.1 and Megatron-Core: who holds what, when."""

import pytest

from ..upstream import Relied

MEGATRON = "verl/workers/engine/megatron/transformer_impl.py"
FSDP = "verl/workers/engine/fsdp/transformer_impl.py"
RELIED = [
    Relied("verl/utils/megatron_utils.py", 104, '"grad_reduce_in_fp32": True', "plan/training.py: gradients of 4 bytes"),
    Relied("verl/utils/megatron_utils.py", 105, '"overlap_grad_reduce": False', "plan/throughput.py: not overlapped"),
    Relied("verl/utils/megatron_utils.py", 773, "buffer.grad_data.storage().resize_(0)", "plan/memory.py: param_offload frees gradients"),
    Relied("verl/trainer/config/engine/megatron.yaml", 44, "use_distributed_optimizer: True", "plan/training.py: the optimizer is sharded"),
    Relied(MEGATRON, 1215, "logits_bak = logits.clone()", "plan/training.py: LOGIT_BYTES_OLD"),
    Relied("megatron/core/tensor_parallel/cross_entropy.py", 46, "vocab_parallel_logits -= logits_max", "plan/training.py: LOGIT_BYTES, worked on in place"),
    Relied("megatron/core/transformer/module.py", 495, "outputs = float16_to_fp32(outputs)", "plan/training.py: logits of 4 bytes"),
    Relied("verl/trainer/ppo/v1/trainer_base.py", 1653, '"calculate_entropy": True', "plan/training.py, sharded.py: LOGIT_BYTES_OLD"),
    Relied("verl/trainer/ppo/v1/trainer_base.py", 747, "drop_last=True", "plan/tokens.py: steps an epoch"),
    Relied("verl/trainer/config/actor/actor.yaml", 96, "calculate_entropy: false", "plan/training.py: LOGIT_BYTES_UPDATE"),
    Relied("verl/trainer/config/engine/fsdp.yaml", 30, "model_dtype: fp32", "plan/sharded.py: weights of 4 bytes"),
    Relied(FSDP, 450, "self.engine_config.offload_policy or self.engine_config.forward_only", "plan/sharded.py: the reference is on the host"),
    Relied("verl/utils/fsdp_utils.py", 600, "fsdp2 will not reshard_after_forward for root module", "plan/sharded.py: embedding and head stay whole"),
    Relied("verl/workers/engine_workers.py", 782, 'await self.rollout.resume(tags=["weights"])', "plan/memory.py: the sync phase has no cache yet"),
    Relied("verl/workers/engine_workers.py", 823, 'await self.rollout.resume(tags=["kv_cache"])', "plan/memory.py: the cache comes after offloading"),
    Relied("verl/workers/engine/base.py", 321, "model=self.engine.is_param_offload_enabled, optimizer=False, grad=False", "plan/memory.py: log-probs need weights only"),
    Relied("verl/trainer/config/rollout/rollout.yaml", 296, "update_weights_bucket_megabytes: 2048", "plan/assumptions.py: sync_bucket"),
    Relied("verl/workers/rollout/sglang_rollout/async_sglang_server.py", 317, '"mem_fraction_static": self.config.gpu_memory_utilization', "plan/serving.py"),
    Relied("verl/workers/rollout/vllm_rollout/vllm_async_server.py", 340, '"gpu_memory_utilization": self.config.gpu_memory_utilization', "plan/serving.py"),
]  # fmt: skip


@pytest.mark.parametrize("relied", RELIED, ids=str)
def test_upstream_still_does(relied):
    relied.check()
