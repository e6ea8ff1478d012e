"""A trainer's memory with Megatron: bfloat16 weights, float32 gradients, an optimizer sharded over data parallelism.

verl 0.9.1 sets ``grad_reduce_in_fp32`` and ``use_distributed_optimizer`` (`verl/utils/megatron_utils.py`). Activations
are counted as in Korthikanti et al. 2022, "Reducing Activation Recomputation in Large Transformer Models", equations 2
and 4, for layers with RMSNorm, rotary positions, flash attention (no stored scores), SwiGLU and no dropout. With
sequence parallelism, which the recipes use with TP, they are divided by TP.
"""

from __future__ import annotations

from plan.job import Job, Recompute
from plan.part import Part, TrainerParts

# Bytes per logit. Old log-probs: float32 logits, their copy for the entropy, and its softmax. Update: float32 softmax,
# its gradient, and the bfloat16 one. Reference: bfloat16 and float32, the latter in place.
LOGIT_BYTES_OLD, LOGIT_BYTES_UPDATE, LOGIT_BYTES_REFERENCE = 12, 10, 6


def stage_parameters(job: Job) -> int:
    """Parameters on a GPU of the fullest pipeline stage: the last, which has the head."""
    model, tp = job.model, job.tp
    layers = job.layers * (model.layer_matrices // tp + model.layer_norms)
    matrices = model.embedding if model.tied or job.pp > 1 else 2 * model.embedding
    return layers + matrices // tp + model.hidden


def layer_activation_bytes(job: Job) -> float:
    """Bytes that a layer keeps of one token for the backward pass, on one GPU.

    Both norms' inputs and outputs 4 x 2h; queries, keys and values 2(q + 2k); the attention's output 2q and its
    log-sum-exp 4 per head; gate, up and their product 6f. For a GPT's layer (f = 4h, two matrices) it is the paper's 34h
    less the masks of dropout.
    """
    model = job.model
    attention = 2 * (model.queries + 2 * model.keys) + 2 * model.queries + 4 * model.heads
    return (8 * model.hidden + attention + 6 * model.ffn) / job.tp


def megatron_parts(job: Job) -> TrainerParts:
    model, count, tokens = job.model, stage_parameters(job), job.max_tokens
    shards = job.dp * job.cp
    layer = layer_activation_bytes(job)
    ends = 4 * model.hidden / job.tp  # the last norm's input and output
    if job.host_optimizer:
        optimizer = Part.none("on the host (optimizer_cpu_offload)")
    else:
        optimizer = Part(
            12 * count / shards, f"{count:,} x 12 bytes (float32 weights, two moments) / {shards} data-parallel ranks"
        )
    in_flight = min(job.pp, micro_batches_at_most(job))
    if job.recompute is Recompute.FULL:
        kept = 2 * model.hidden / job.tp
        backward = Part(
            tokens * (in_flight * job.layers * kept + layer + ends),
            f"{tokens:,} tokens x ({in_flight * job.layers} layers' inputs x {kept:,.0f} + one layer {layer:,.0f} + {ends:,.0f} bytes)",
        )
    else:
        backward = Part(
            tokens * (in_flight * job.layers * layer + ends),
            f"{tokens:,} tokens x ({in_flight * job.layers} layers x {layer:,.0f} + {ends:,.0f} bytes)",
        )
    return TrainerParts(
        weights=Part(2 * count, f"{count:,} parameters on a GPU x 2 bytes (bfloat16)"),
        gradients=Part(4 * count, f"{count:,} x 4 bytes (float32)"),
        optimizer=optimizer,
        reference=Part(2 * count, f"{count:,} x 2 bytes (bfloat16)"),
        gathered_forward=Part.none(""),
        gathered_backward=Part.none(""),
        forward=Part(tokens * (layer + ends), f"{tokens:,} tokens x one layer's {layer:,.0f} bytes"),
        backward=backward,
        logits_old=_logits(job, LOGIT_BYTES_OLD),
        logits_reference=_logits(job, LOGIT_BYTES_REFERENCE),
        logits_update=_logits(job, LOGIT_BYTES_UPDATE),
    )


def micro_batches_at_most(job: Job) -> int:
    """Micro-batches of an update on one rank if all sequences are as long as they may be."""
    sequences = job.mini_batch * job.group // job.dp
    return max(1, sequences // max(1, job.max_tokens * job.cp // job.longest))


def _logits(job: Job, width: int) -> Part:
    vocab = job.model.vocab // job.tp
    widths = f"{LOGIT_BYTES_OLD} bytes (log-probs), {LOGIT_BYTES_UPDATE} (update), {LOGIT_BYTES_REFERENCE} (reference)"
    return Part(job.max_tokens * vocab * width, f"{job.max_tokens:,} tokens x {vocab:,} words x {widths}")
