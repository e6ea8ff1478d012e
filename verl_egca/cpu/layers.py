"""Transformer Engine's layers in plain torch, under Transformer Engine's names.

The names matter: the bridges map Hugging Face weights by parameter name
(``linear_qkv.layer_norm_weight``), and Megatron-Bridge chooses the tensor-parallel split by class name
(param_mapping.py, ``_detect_parallelism_type``).

Shape legend: s sequence, b batch, t packed tokens, h query heads, g key/value heads, d head size.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from megatron.core import parallel_state
from megatron.core.models.backends import LocalSpecProvider
from megatron.core.tensor_parallel.layers import ColumnParallelLinear, RowParallelLinear
from megatron.core.tensor_parallel.mappings import gather_from_sequence_parallel_region
from megatron.core.transformer.module import MegatronModule


def rms_norm(x, weight, eps):
    """RMSNorm with the operation order of transformers' LlamaRMSNorm, so that log-probs agree up to rounding."""
    hidden = x.float()
    hidden = hidden * torch.rsqrt(hidden.pow(2).mean(-1, keepdim=True) + eps)
    return weight * hidden.to(x.dtype)


def _norm_weight(size: int, config) -> torch.nn.Parameter:
    if config.normalization != "RMSNorm" or config.layernorm_zero_centered_gamma:
        raise NotImplementedError(f"the CPU layers support plain RMSNorm only, not {config.normalization}")
    weight = torch.nn.Parameter(torch.ones(size, dtype=config.params_dtype))
    # Megatron sums gradients of parameters with this mark over tensor-parallel ranks (finalize_model_grads)
    weight.sequence_parallel = config.sequence_parallel
    return weight


class TENorm(torch.nn.Module):
    def __init__(self, config, hidden_size, eps=1e-5, **_):
        super().__init__()
        self.eps = eps
        self.weight = _norm_weight(hidden_size, config)

    def forward(self, x):
        return rms_norm(x, self.weight, self.eps)


class TEColumnParallelLinear(ColumnParallelLinear):
    pass


class TERowParallelLinear(RowParallelLinear):
    pass


class TELayerNormColumnParallelLinear(ColumnParallelLinear):
    def __init__(self, input_size, output_size, *, config, **kwargs):
        super().__init__(input_size, output_size, config=config, **kwargs)
        self.eps = config.layernorm_epsilon
        self.layer_norm_weight = _norm_weight(input_size, config)

    def forward(self, input_, *args, **kwargs):
        return super().forward(rms_norm(input_, self.layer_norm_weight, self.eps), *args, **kwargs)


class TEDotProductAttention(MegatronModule):
    """Causal attention for [s, b, h, d] and for packed [t, h, d] (thd), with context parallelism.

    Under context parallelism a rank owns chunks r and 2*cp-1-r of the 2*cp chunks of every sequence (the zigzag of
    Transformer Engine and verl's preprocessing). Keys and values are gathered from all ranks in sequence order; the
    local queries attend to them under a mask of absolute positions. The gather's backward is a reduce-scatter, so
    gradients are exact.
    """

    def __init__(
        self,
        config,
        layer_number,
        attn_mask_type,
        attention_type,
        attention_dropout=None,
        softmax_scale=None,
        cp_comm_type=None,
        pg_collection=None,
        **_,
    ):
        super().__init__(config=config)
        if config.attention_dropout if attention_dropout is None else attention_dropout:
            raise NotImplementedError("the CPU attention has no dropout; set attention_dropout=0")
        self.scale = softmax_scale
        groups = pg_collection
        self.cp_group = groups.cp if groups is not None else parallel_state.get_context_parallel_group()

    def forward(
        self,
        query,
        key,
        value,
        attention_mask=None,
        attn_mask_type=None,
        attention_bias=None,
        packed_seq_params=None,
        **_,
    ):
        if attention_bias is not None:
            raise NotImplementedError("the CPU attention takes no bias")
        if packed_seq_params is not None and packed_seq_params.qkv_format == "thd":
            ends = packed_seq_params.cu_seqlens_q_padded
            ends = packed_seq_params.cu_seqlens_q if ends is None else ends
            return self._packed(query, key, value, ends.tolist()).flatten(1)
        # padding is on the right, so the causal mask hides it from all tokens
        length = query.shape[0] * self.cp_group.size()
        rows = [self._packed(query[:, i], key[:, i], value[:, i], [0, length]) for i in range(query.shape[1])]
        return torch.stack(rows, 1).flatten(2)

    def _packed(self, q_thd, k_tgd, v_tgd, ends):
        """Attention per sequence; ``ends`` are the cumulative padded lengths over all ranks' tokens."""
        cp, rank = self.cp_group.size(), self.cp_group.rank()
        local = k_tgd.shape[0]
        if cp > 1:
            k_tgd = gather_from_sequence_parallel_region(k_tgd.contiguous(), group=self.cp_group)
            v_tgd = gather_from_sequence_parallel_region(v_tgd.contiguous(), group=self.cp_group)
        outputs = []
        for start, end in pairwise(ends):
            length = end - start
            if length == 0:
                continue
            if cp == 1:
                places = torch.arange(length)
                outputs.append(self._attend(q_thd[start:end], k_tgd[start:end], v_tgd[start:end], places))
                continue
            own_start, own_end = start // cp, end // cp
            held = torch.cat([zigzag_positions(r, cp, length) for r in range(cp)])
            rows = torch.cat([torch.arange(r * local + own_start, r * local + own_end) for r in range(cp)])
            rows = rows[torch.argsort(held)]
            places = zigzag_positions(rank, cp, length)
            outputs.append(self._attend(q_thd[own_start:own_end], k_tgd[rows], v_tgd[rows], places))
        return torch.cat(outputs, 0)

    def _attend(self, q_shd, k_sgd, v_sgd, q_positions):
        """Attention of queries at absolute positions to all keys and values of their sequence, in order."""
        repeats = q_shd.shape[1] // k_sgd.shape[1]
        if repeats > 1:
            k_sgd, v_sgd = k_sgd.repeat_interleave(repeats, 1), v_sgd.repeat_interleave(repeats, 1)
        mask = torch.arange(k_sgd.shape[0]) <= q_positions[:, None]
        q, k, v = (x.transpose(0, 1)[None] for x in (q_shd, k_sgd, v_sgd))
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=self.scale)[0].transpose(0, 1)


def zigzag_positions(rank: int, cp: int, length: int) -> torch.Tensor:
    """The absolute positions of a context-parallel rank's tokens, in its order."""
    chunk = length // (2 * cp)
    low, high = rank * chunk, (2 * cp - 1 - rank) * chunk
    return torch.cat([torch.arange(low, low + chunk), torch.arange(high, high + chunk)])


class CPUSpecProvider(LocalSpecProvider):
    """Makes Megatron-Core's "transformer engine" layer spec build the classes above."""

    def linear(self):
        return TEColumnParallelLinear

    def column_parallel_linear(self):
        return TEColumnParallelLinear

    def row_parallel_linear(self):
        return TERowParallelLinear

    def fuse_layernorm_and_linear(self):
        return True

    def column_parallel_layer_norm_linear(self):
        return TELayerNormColumnParallelLinear

    def layer_norm(self, rms_norm=False, for_qk=False):
        return TENorm

    def core_attention(self):
        return TEDotProductAttention
