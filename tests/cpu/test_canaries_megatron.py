"""What ``cpu/`` relies on inside Megatron-Core 0.16 and Megatron-Bridge 0.3."""

import pytest

from ..upstream import Relied

CORE = "megatron/core"
RELIED = [
    Relied(f"{CORE}/pipeline_parallel/schedules.py", 596, 'device="cuda"', "_TorchProxy in cpu/megatron.py"),
    Relied(f"{CORE}/optimizer/clip_grads.py", 90, "device='cuda'", "_TorchProxy in cpu/megatron.py"),
    Relied(f"{CORE}/optimizer/optimizer.py", 473, "device='cuda'", "_TorchProxy in cpu/megatron.py"),
    Relied(f"{CORE}/optimizer/optimizer.py", 690, "torch.cuda.FloatTensor", "Tensor.type in cpu/cuda.py"),
    Relied(f"{CORE}/optimizer/distrib_optimizer.py", 420, "torch.cuda.FloatTensor", "Tensor.type in cpu/cuda.py"),
    Relied(f"{CORE}/optimizer/distrib_optimizer.py", 641, 's["step"].item() for s in inner_state_dict', "_load_into_fresh_optimizer in cpu/megatron.py"),
    Relied(f"{CORE}/optimizer/distrib_optimizer.py", 825, 's["step"] = step', "_load_into_fresh_optimizer: one tensor for all parameters"),
    Relied(f"{CORE}/optimizer/distrib_optimizer.py", 940, "dst_tensors[key].copy_(tensors[key])", "_load_into_fresh_optimizer: every entry of the state is asked for"),
    Relied(f"{CORE}/optimizer/distrib_optimizer.py", 2100, 'if k == "step":', "_load_into_fresh_optimizer: and a fully reshardable checkpoint leaves the count out"),
    Relied(f"{CORE}/optimizer/distrib_optimizer.py", 1664, "if key == 'step':", "_load_into_fresh_optimizer: the count is not in the shards"),
    Relied(f"{CORE}/transformer/dot_product_attention.py", 58, "self.config.context_parallel_size == 1", "cpu/layers.py: attention of our own"),
    Relied(f"{CORE}/transformer/dot_product_attention.py", 153, "assert packed_seq_params is None", "cpu/layers.py: attention of our own"),
    Relied(f"{CORE}/transformer/torch_norm.py", 32, "assert not config.sequence_parallel", "cpu/layers.py: norm of our own"),
    Relied(f"{CORE}/models/gpt/gpt_layer_specs.py", 222, "backend = TESpecProvider()", "_own_layers in cpu/megatron.py"),
    Relied(f"{CORE}/transformer/transformer_block.py", 258, "layer_norm=LayerNormImpl", "_own_final_norm in cpu/megatron.py"),
    Relied(f"{CORE}/tensor_parallel/random.py", 41, "def _get_cuda_rng_state(", "_one_generator in cpu/megatron.py"),
    Relied(f"{CORE}/distributed/param_and_grad_buffer.py", 13, "_coalescing_manager", "cpu/distributed.py"),
    Relied("verl/utils/megatron_utils.py", 748, "pin_memory=True", "leave_hooks in cpu/megatron.py: offloading asks for pinned memory"),
    Relied("megatron/bridge/peft/lora.py", 21, "import transformer_engine.pytorch as te", "_BRIDGE_IMPORTS in cpu/megatron.py"),
    Relied("megatron/bridge/models/conversion/param_mapping.py", 472, "scatter", "cpu/distributed.py: contiguous_scatter"),
]  # fmt: skip


@pytest.mark.parametrize("relied", RELIED, ids=str)
def test_megatron_still_has(relied):
    relied.check()
