"""The model, the loss and the optimizer in plain torch, in float64.

Independent of transformers, verl and Megatron: weights are read from the safetensors file, gradients come from
autograd. Rounding in float64 is far below the tolerance, so a difference is the engine's.

Equations: a Llama or Qwen2 decoder (RMSNorm, rotary embeddings on halves, SwiGLU); PPO's clipped objective with dual
clip; the KL estimator k3, within the bounds that verl sets it (0.9.1 trainer/ppo/core_algos.py:2242); AdamW with
decoupled weight decay, none on vectors; gradients clipped to a norm of 1 the way Megatron clips them (mcore 0.16
optimizer/clip_grads.py:172, with 1e-6 beside the norm).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from layouts.batch import Row
from layouts.layout import Objective

Weights = dict[str, torch.Tensor]

CLIP, DUAL_CLIP, MAX_NORM = 0.2, 3.0, 1.0
LR, LR_STEPS, BETAS, WEIGHT_DECAY = 1e-2, 10, (0.9, 0.999), 0.01
# Adam's first step is g / (|g| + eps). With Megatron's default of 1e-8 that is the sign of g, which depends on rounding
# where g is nearly 0: steps then differ by 9e-4 of their length although gradients agree to 3e-7. With this value, 0.1
# of a clipped gradient's usual size, steps agree as well as gradients.
EPS = 3e-4


class PlainModel:
    """A causal decoder with ``weights``, which a caller may replace."""

    def __init__(self, path: Path) -> None:
        self.config = json.loads((path / "config.json").read_text())
        self.weights: Weights = {
            name: weight.double().requires_grad_() for name, weight in load_file(path / "model.safetensors").items()
        }

    def log_probs(self, row: Row) -> torch.Tensor:
        """The log-prob of each response token given the tokens before it, (R,)."""
        logits = self._logits(row.ids_T[:-1])
        chosen = torch.log_softmax(logits, -1).gather(1, row.ids_T[1:, None])[:, 0]
        return chosen[row.prompt - 1 :]

    def _logits(self, ids: torch.Tensor) -> torch.Tensor:
        config, w = self.config, self.weights
        heads, key_heads = config["num_attention_heads"], config["num_key_value_heads"]
        size, length = config["hidden_size"] // heads, len(ids)
        rope = config["rope_parameters"]
        frequency = rope["rope_theta"] ** (-torch.arange(0, size, 2).double() / size)
        angles = (torch.arange(length).double() / rope.get("factor", 1.0))[:, None] * frequency
        cos, sin = angles.cos()[:, None], angles.sin()[:, None]

        def rotate(x: torch.Tensor) -> torch.Tensor:
            low, high = x.chunk(2, -1)
            return torch.cat([low * cos - high * sin, high * cos + low * sin], -1)

        def norm(x: torch.Tensor, name: str) -> torch.Tensor:
            return w[name] * x / (x.pow(2).mean(-1, keepdim=True) + config["rms_norm_eps"]).sqrt()

        def linear(x: torch.Tensor, name: str) -> torch.Tensor:
            return F.linear(x, w[f"{name}.weight"], w.get(f"{name}.bias"))

        later = torch.ones(length, length).triu(1).bool()
        x = w["model.embed_tokens.weight"][ids]
        for number in range(config["num_hidden_layers"]):
            layer = f"model.layers.{number}"
            h = norm(x, f"{layer}.input_layernorm.weight")
            q = rotate(linear(h, f"{layer}.self_attn.q_proj").view(length, heads, size))
            k = rotate(linear(h, f"{layer}.self_attn.k_proj").view(length, key_heads, size))
            v = linear(h, f"{layer}.self_attn.v_proj").view(length, key_heads, size)
            k, v = (t.repeat_interleave(heads // key_heads, 1) for t in (k, v))
            scores = torch.einsum("qhd,khd->hqk", q, k) / size**0.5
            shares = scores.masked_fill(later, float("-inf")).softmax(-1)
            x = x + linear(torch.einsum("hqk,khd->qhd", shares, v).flatten(1), f"{layer}.self_attn.o_proj")
            h = norm(x, f"{layer}.post_attention_layernorm.weight")
            gate = F.silu(linear(h, f"{layer}.mlp.gate_proj"))
            x = x + linear(gate * linear(h, f"{layer}.mlp.up_proj"), f"{layer}.mlp.down_proj")
        head = w.get("lm_head.weight", w["model.embed_tokens.weight"])
        return F.linear(norm(x, "model.norm.weight"), head)


def loss(
    rows: Sequence[Row], log_probs: Sequence[torch.Tensor], old: Sequence[torch.Tensor], ref: Sequence[torch.Tensor],
    objective: Objective,
) -> torch.Tensor:  # fmt: skip
    """Clipped policy loss with dual clip, plus the KL term, aggregated over the batch's unmasked tokens."""
    total = torch.zeros((), dtype=torch.float64)
    for row, new_R, old_R, ref_R in zip(rows, log_probs, old, ref, strict=True):
        advantages_R, ratio_R = row.advantages_R.double(), (new_R - old_R).exp()
        policy_R = torch.maximum(-advantages_R * ratio_R, -advantages_R * ratio_R.clamp(1 - CLIP, 1 + CLIP))
        capped_R = torch.minimum(policy_R, -advantages_R * DUAL_CLIP)
        policy_R = torch.where(advantages_R < 0, capped_R, policy_R)
        gap_R = (ref_R - new_R).clamp(-20, 20)
        kl_R = (gap_R.exp() - gap_R - 1).clamp(-10, 10)
        total = total + ((policy_R + objective.kl * kl_R) * row.mask_R).sum()
    tokens = sum(int(row.mask_R.sum()) for row in rows)
    return total / (tokens if objective.aggregation == "token-mean" else len(rows))


@dataclass(slots=True)
class Step:
    """A step's expected results. ``old`` and ``ref``: float32 inputs, a tensor per row; ``weights``: after it."""

    log_probs: list[torch.Tensor]
    old: list[torch.Tensor]
    ref: list[torch.Tensor]
    loss: float
    grad_norm: float
    weights: Weights


class AdamW:
    def __init__(self, weights: Weights) -> None:
        self.count = 0
        self.first = {name: torch.zeros_like(weight) for name, weight in weights.items()}
        self.second = {name: torch.zeros_like(weight) for name, weight in weights.items()}

    @torch.no_grad()
    def step(self, weights: Weights, gradients: Weights, lr: float) -> Weights:
        self.count += 1
        moved = {}
        for name, weight in weights.items():
            gradient = gradients[name]
            self.first[name] = BETAS[0] * self.first[name] + (1 - BETAS[0]) * gradient
            self.second[name] = BETAS[1] * self.second[name] + (1 - BETAS[1]) * gradient**2
            mean = self.first[name] / (1 - BETAS[0] ** self.count)
            spread = (self.second[name] / (1 - BETAS[1] ** self.count)).sqrt()
            decay = WEIGHT_DECAY if weight.ndim > 1 else 0.0
            moved[name] = weight - lr * (mean / (spread + EPS) + decay * weight)
        return moved


def steps(model: Path, reference: Path, batches: Sequence[Sequence[Row]], objective: Objective) -> list[Step]:
    """Train ``model`` one step per batch. A step's old log-probs are the model's own plus the rows' noise."""
    actor, frozen = PlainModel(model), PlainModel(reference)
    optimizer, taken = AdamW(actor.weights), []
    for number, rows in enumerate(batches):
        log_probs = [actor.log_probs(row) for row in rows]
        old = [(own.detach() + row.old_noise_R).float() for own, row in zip(log_probs, rows, strict=True)]
        with torch.no_grad():
            ref = [frozen.log_probs(row) for row in rows]
        value = loss(rows, log_probs, [o.double() for o in old], ref, objective)
        names = list(actor.weights)
        gradients = dict(zip(names, torch.autograd.grad(value, list(actor.weights.values())), strict=True))
        norm = torch.stack([gradient.pow(2).sum() for gradient in gradients.values()]).sum().sqrt().item()
        scale = min(1.0, MAX_NORM / (norm + 1e-6))
        clipped = {name: gradient * scale for name, gradient in gradients.items()}
        actor.weights = optimizer.step(actor.weights, clipped, LR * (1 - number / LR_STEPS))
        for weight in actor.weights.values():
            weight.requires_grad_()
        kept = {name: weight.detach().clone() for name, weight in actor.weights.items()}
        taken.append(Step([own.detach() for own in log_probs], old, ref, value.item(), norm, kept))
    return taken
