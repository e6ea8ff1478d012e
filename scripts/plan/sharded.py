"""A trainer's memory with FSDP2: tensors sharded over all GPUs in float32, one layer at a time gathered in bfloat16.

As in verl 0.9.1 (`verl/workers/engine/fsdp/transformer_impl.py`, `verl/utils/fsdp_utils.py`): weights in float32,
computed in bfloat16, gradients reduced in float32; each layer is wrapped, and embedding, head and last norm together,
which stay gathered until the backward pass ends; the reference keeps its weights on the host; gradient checkpointing
per layer. Activations are those of transformers' layers, which keep more than Megatron's fused ones.
"""

from __future__ import annotations

from plan.job import Job, Recompute
from plan.part import Part, TrainerParts

# Bytes per logit: bfloat16 logits, scaled, softmax and product for the entropy; in an update logits, scaled, gradient.
LOGIT_BYTES_OLD, LOGIT_BYTES_UPDATE, LOGIT_BYTES_REFERENCE = 8, 6, 4


def layer_activation_bytes(job: Job) -> float:
    """Bytes per token that a layer of transformers keeps for the backward pass, in bfloat16.

    Each of two norms: float32 input 4h, scale 4, normalized input 2h, output 2h. Rotated queries and keys, and values
    2(q + 2k), the attention's output 2q and its log-sum-exp 4 per head. Gate, its SiLU, up and their product 8f. Equal
    to transformers 5.10's Llama, to the byte (tests/plan/test_against_torch.py).
    """
    model = job.model
    attention = 2 * (model.queries + 2 * model.keys) + 2 * model.queries + 4 * model.heads
    return 16 * model.hidden + 8 + attention + 8 * model.ffn


def fsdp2_parts(job: Job) -> TrainerParts:
    model, tokens = job.model, job.max_tokens
    share = model.parameters / job.world
    layer = layer_activation_bytes(job)
    ends = 4 * model.hidden
    if job.recompute is Recompute.FULL:
        kept = 2 * model.hidden
        backward = Part(
            tokens * (model.layers * kept + layer + ends),
            f"{tokens:,} tokens x ({model.layers} layers' inputs x {kept:,} + one layer {layer:,.0f} + {ends:,.0f} bytes)",
        )
    else:
        backward = Part(
            tokens * (model.layers * layer + ends),
            f"{tokens:,} tokens x ({model.layers} layers x {layer:,.0f} + {ends:,.0f} bytes)",
        )
    if job.host_optimizer:
        weights = gradients = optimizer = Part.none("on the host (offload_policy)")
    else:
        weights = Part(4 * share, f"{model.parameters:,} parameters / {job.world} GPUs x 4 bytes (float32)")
        gradients = Part(4 * share, f"{share:,.0f} x 4 bytes (float32)")
        optimizer = Part(8 * share, f"{share:,.0f} x 8 bytes (float32, two moments)")
    return TrainerParts(
        weights=weights,
        gradients=gradients,
        optimizer=optimizer,
        reference=Part.none("verl keeps it on the host"),
        gathered_forward=Part(
            2 * model.ends + 4 * model.layer,
            f"{model.ends:,} of embedding and head x 2 + two layers of {model.layer:,} x 2 bytes",
        ),
        gathered_backward=Part(
            4 * model.ends + 10 * model.layer,
            "as before, with gradients: embedding and head x 2 bytes, one layer x 2 and x 4",
        ),
        forward=Part(tokens * (layer + ends), f"{tokens:,} tokens x one layer's {layer:,.0f} bytes"),
        backward=backward,
        logits_old=_logits(job, LOGIT_BYTES_OLD),
        logits_reference=_logits(job, LOGIT_BYTES_REFERENCE),
        logits_update=_logits(job, LOGIT_BYTES_UPDATE),
    )


def _logits(job: Job, width: int) -> Part:
    vocab = job.model.vocab
    widths = f"{LOGIT_BYTES_OLD} bytes (log-probs), {LOGIT_BYTES_UPDATE} (update), {LOGIT_BYTES_REFERENCE} (reference)"
    return Part(job.max_tokens * vocab * width, f"{job.max_tokens:,} tokens x {vocab:,} words x {widths}")
