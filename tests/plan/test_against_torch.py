"""The plan's bytes against those that torch really holds, on models small enough to train here."""

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, LlamaRotaryEmbedding

from plan.job import Engine
from plan.memory import trainer_parts
from plan.shapes import ModelShape, shape_of
from plan.sharded import layer_activation_bytes
from starter.policy_path import WEIGHTS

from .plan_jobs import one_gpu


def bytes_of(tensors):
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def test_weights_gradients_and_adam_of_the_starter_policy_are_as_many_bytes_as_planned_in_float32():
    model = AutoModelForCausalLM.from_pretrained(WEIGHTS, dtype=torch.float32)
    optimizer = torch.optim.AdamW(model.parameters())
    model(input_ids=torch.arange(32)[None], labels=torch.arange(32)[None]).loss.backward()
    optimizer.step()
    moments = [state[name] for state in optimizer.state.values() for name in ("exp_avg", "exp_avg_sq")]

    asked = {"prompt_tokens": 64, "response_tokens": 64, "mini_batch": 1, "prompts": 1}
    parts = trainer_parts(one_gpu(shape_of(str(WEIGHTS)), engine=Engine.FSDP2, **asked))  # float32, on one GPU
    assert parts.weights.size == bytes_of(model.parameters())
    assert parts.gradients.size == bytes_of(parameter.grad for parameter in model.parameters())
    assert parts.optimizer.size == bytes_of(moments)


@pytest.mark.parametrize(("heads", "kv_heads", "ffn"), [(4, 4, 352), (8, 2, 1024)])
def test_a_layer_of_transformers_saves_as_many_bytes_as_planned(heads, kv_heads, ffn):
    """What autograd keeps of one layer in bfloat16, counted by storage. Here attention is torch's own, not flash-attn's."""
    shape = ModelShape("layer", 1, 256, heads, kv_heads, ffn, 1000, False, 256 // heads)
    config = LlamaConfig(
        hidden_size=256,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        intermediate_size=ffn,
        attn_implementation="sdpa",
    )
    layer = LlamaDecoderLayer(config, 0).to(torch.bfloat16)
    tokens = 512
    hidden = torch.randn(1, tokens, 256, dtype=torch.bfloat16, requires_grad=True)
    rotary = LlamaRotaryEmbedding(config)(hidden, torch.arange(tokens)[None])
    saved = {}
    not_counted = {parameter.untyped_storage().data_ptr() for parameter in layer.parameters()}
    not_counted |= {table.untyped_storage().data_ptr() for table in rotary}  # of all layers together

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in not_counted:
            saved[storage.data_ptr()] = (storage.nbytes(), tensor)  # held, so that no address is used twice
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        layer(hidden, position_embeddings=rotary)
    assert sum(size for size, _ in saved.values()) == tokens * layer_activation_bytes(
        one_gpu(shape, engine=Engine.FSDP2)
    )
