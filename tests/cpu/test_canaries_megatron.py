"""What ``cpu/`` relies on inside verl, Megatron-Core 0.16 and Megatron-Bridge 0.3."""

import pytest

from verl_egca.training.upstream import Relied

RELIED = [
    Relied("verl/trainer/ppo/v1/replay_buffer.py", "ReplayBuffer.__init__", "cpu/verl_internals.py polls more often", holds="self.poll_interval = poll_interval"),
    Relied("verl/workers/config/engine.py", "McoreEngineConfig.__post_init__", "cpu/verl_internals.py allows float32", holds='assert self.dtype in ["bfloat16", "float16"]'),
    Relied("verl/workers/engine/fsdp/transformer_impl.py", "FSDPEngine._build_fsdp_module", "cpu/verl_internals.py: no pinned memory", holds="CPUOffloadPolicy(pin_memory=True)"),
    Relied("verl/workers/rollout/replica.py", "RolloutReplicaRegistry.register", "cpu/verl_internals.py registers hf_cpu", takes=("name", "loader")),
    Relied("verl/workers/rollout/base.py", "", "cpu/verl_internals.py registers hf_cpu's adapter", holds="_ROLLOUT_REGISTRY = {"),
    Relied("verl/workers/rollout/base.py", "BaseRollout.update_weights", "cpu/rollout.py takes the actor's tensors here", takes=("weights", "wire_format")),
    Relied("verl/workers/rollout/replica.py", "TokenOutput", "cpu/rollout.py answers with it", holds="BaseModel"),
    Relied("verl/workers/rollout/replica.py", "RolloutReplica.launch_servers", "cpu/rollout.py overrides it"),
    Relied("verl/checkpoint_engine/base.py", "CheckpointEngine", "cpu/rollout.py refuses any other", holds='wire_format = "named_tensors"'),
    Relied("verl/plugin/platform/platform_manager.py", "", "cpu/platform.py forgets it", holds="_current_platform: PlatformBase | None"),
    Relied("verl/plugin/platform/platform_manager.py", "PlatformRegistry.register", "cpu/platform.py registers cpu", takes=("platform",)),
    Relied("verl/utils/distributed.py", "initialize_global_process_group_ray", "cpu/distributed.py", holds="cpu:gloo,"),
    Relied("verl/workers/engine_workers.py", "TrainingWorker._postprocess_output", "cpu/distributed.py", holds="ReduceOp.AVG"),
    Relied("verl/workers/engine/megatron/utils.py", "set_random_seed", "cpu/cuda.py: device_count is 1", holds="device_count() > 0"),
    Relied("megatron/core/pipeline_parallel/schedules.py", "forward_backward_no_pipelining", "_TorchProxy in cpu/megatron.py", holds='device="cuda"'),
    Relied("megatron/core/optimizer/clip_grads.py", "get_grad_norm_fp32", "_TorchProxy in cpu/megatron.py", holds="device='cuda'"),
    Relied("megatron/core/optimizer/optimizer.py", "MixedPrecisionOptimizer.__init__", "_TorchProxy in cpu/megatron.py", holds="device='cuda'"),
    Relied("megatron/core/optimizer/optimizer.py", "Float16OptimizerWithFloat16Params.__init__", "Tensor.type in cpu/cuda.py", holds="torch.cuda.FloatTensor"),
    Relied("megatron/core/optimizer/distrib_optimizer.py", "DistributedOptimizer._build_model_and_main_param_groups", "Tensor.type in cpu/cuda.py", holds="torch.cuda.FloatTensor"),
    Relied("megatron/core/optimizer/distrib_optimizer.py", "DistributedOptimizer.state_dict", "_load_into_fresh_optimizer in cpu/megatron.py", holds='s["step"].item() for s in inner_state_dict'),
    Relied("megatron/core/optimizer/distrib_optimizer.py", "DistributedOptimizer.load_state_dict", "_load_into_fresh_optimizer: one tensor for all parameters", holds='s["step"] = step'),
    Relied("megatron/core/optimizer/distrib_optimizer.py", "DistributedOptimizer._set_main_param_and_optimizer_states", "_load_into_fresh_optimizer: every entry of the state is asked for", holds="dst_tensors[key].copy_(tensors[key])"),
    Relied("megatron/core/optimizer/distrib_optimizer.py", "DistributedOptimizer.load_parameter_state_from_fully_reshardable", "_load_into_fresh_optimizer: and a fully reshardable checkpoint leaves the count out", holds='if k == "step":'),
    Relied("megatron/core/optimizer/distrib_optimizer.py", "DistributedOptimizer.sharded_param_state_dp_reshardable", "_load_into_fresh_optimizer: the count is not in the shards", holds="if key == 'step':"),
    Relied("megatron/core/transformer/dot_product_attention.py", "DotProductAttention.__init__", "cpu/layers.py: attention of our own", holds="self.config.context_parallel_size == 1"),
    Relied("megatron/core/transformer/dot_product_attention.py", "DotProductAttention.forward", "cpu/layers.py: attention of our own", holds="assert packed_seq_params is None"),
    Relied("megatron/core/transformer/torch_norm.py", "WrappedTorchNorm.__new__", "cpu/layers.py: norm of our own", holds="assert not config.sequence_parallel"),
    Relied("megatron/core/models/gpt/gpt_layer_specs.py", "get_gpt_layer_with_transformer_engine_spec", "_own_layers in cpu/megatron.py", holds="backend = TESpecProvider()"),
    Relied("megatron/core/transformer/transformer_block.py", "_get_block_submodules", "_own_final_norm in cpu/megatron.py", holds="layer_norm=LayerNormImpl"),
    Relied("megatron/core/tensor_parallel/random.py", "_get_cuda_rng_state", "_one_generator in cpu/megatron.py", takes=("device", "clone", "graph_safe")),
    Relied("megatron/core/distributed/param_and_grad_buffer.py", "", "cpu/distributed.py", holds="_coalescing_manager"),
    Relied("verl/utils/megatron_utils.py", "offload_megatron_model_to_cpu", "leave_hooks in cpu/megatron.py: offloading asks for pinned memory", holds="pin_memory=True"),
    Relied("megatron/bridge/peft/lora.py", "", "_BRIDGE_IMPORTS in cpu/megatron.py", holds="import transformer_engine.pytorch as te"),
    Relied("megatron/bridge/models/conversion/param_mapping.py", "MegatronParamMapping.scatter_to_tp_ranks", "cpu/distributed.py: contiguous_scatter", holds="scatter"),
]  # fmt: skip


@pytest.mark.parametrize("relied", RELIED, ids=str)
def test_upstream_still_has(relied):
    assert relied.lacks() is None
