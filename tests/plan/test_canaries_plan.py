"""What the plan's arithmetic takes from verl 0.9.1 and Megatron-Core: who holds what, when."""

import pytest

from verl_egca.training.upstream import Relied

RELIED = [
    Relied("verl/utils/megatron_utils.py", "wrap_model_chunks_with_layerwise_aware_ddp", "plan/training.py: gradients of 4 bytes", holds='"grad_reduce_in_fp32": True'),
    Relied("verl/utils/megatron_utils.py", "wrap_model_chunks_with_layerwise_aware_ddp", "plan/throughput.py: not overlapped", holds='"overlap_grad_reduce": False'),
    Relied("verl/utils/megatron_utils.py", "offload_megatron_model_to_cpu", "plan/memory.py: param_offload frees gradients", holds="buffer.grad_data.storage().resize_(0)"),
    Relied("verl/trainer/config/engine/megatron.yaml", "", "plan/training.py: the optimizer is sharded", holds="use_distributed_optimizer: True"),
    Relied("verl/workers/engine/megatron/transformer_impl.py", "MegatronEngineWithLMHead._lm_head_logits_processor", "plan/training.py: LOGIT_BYTES_OLD", holds="logits_bak = logits.clone()"),
    Relied("megatron/core/tensor_parallel/cross_entropy.py", "VocabParallelCrossEntropy.calculate_predicted_logits", "plan/training.py: LOGIT_BYTES, worked on in place", holds="vocab_parallel_logits -= logits_max"),
    Relied("megatron/core/transformer/module.py", "Float16Module.forward", "plan/training.py: logits of 4 bytes", holds="outputs = float16_to_fp32(outputs)"),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._compute_old_log_prob", "plan/training.py, sharded.py: LOGIT_BYTES_OLD", holds='"calculate_entropy": True'),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._init_dataloader", "plan/tokens.py: steps an epoch", holds="drop_last=True"),
    Relied("verl/trainer/config/actor/actor.yaml", "", "plan/training.py: LOGIT_BYTES_UPDATE", holds="calculate_entropy: false"),
    Relied("verl/trainer/config/engine/fsdp.yaml", "", "plan/sharded.py: weights of 4 bytes", holds="model_dtype: fp32"),
    Relied("verl/workers/engine/fsdp/transformer_impl.py", "FSDPEngine._build_fsdp_module", "plan/sharded.py: the reference is on the host", holds="self.engine_config.offload_policy or self.engine_config.forward_only"),
    Relied("verl/utils/fsdp_utils.py", "apply_fsdp2", "plan/sharded.py: embedding and head stay whole", holds="fsdp2 will not reshard_after_forward for root module"),
    Relied("verl/workers/engine_workers.py", "ActorRolloutRefWorker.update_weights", "plan/memory.py: the sync phase has no cache yet", holds='await self.rollout.resume(tags=["weights"])'),
    Relied("verl/workers/engine_workers.py", "ActorRolloutRefWorker.update_weights", "plan/memory.py: the cache comes after offloading", holds='await self.rollout.resume(tags=["kv_cache"])'),
    Relied("verl/workers/engine/base.py", "BaseEngineCtx._context_switch", "plan/memory.py: log-probs need weights only", holds="model=self.engine.is_param_offload_enabled, optimizer=False, grad=False"),
    Relied("verl/trainer/config/rollout/rollout.yaml", "", "plan/assumptions.py: sync_bucket", holds="update_weights_bucket_megabytes: 2048"),
    Relied("verl/workers/rollout/sglang_rollout/async_sglang_server.py", "SGLangHttpServer.launch_server", "plan/serving.py", holds='"mem_fraction_static": self.config.gpu_memory_utilization'),
    Relied("verl/workers/rollout/vllm_rollout/vllm_async_server.py", "vLLMHttpServer.launch_server", "plan/serving.py", holds='"gpu_memory_utilization": self.config.gpu_memory_utilization'),
]  # fmt: skip


@pytest.mark.parametrize("relied", RELIED, ids=str)
def test_upstream_still_does(relied):
    assert relied.lacks() is None
