"""The policy in one plain process: log-probs, verl's own loss functions, and the optimizer step of its Megatron engine.

One update a batch, as in the CPU recipe: the old log-probs are those of the update's own forward pass, so that the ratio
is 1 and clipping does nothing but in its gradient, as in verl. tests/experiment compares its weights with verl's.

Shapes: B responses, L tokens of prompt and response, T response tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from verl.trainer.ppo.core_algos import agg_loss, compute_policy_loss_vanilla, kl_penalty
from verl.workers.config import ActorConfig

from verl_egca.experiment.recipe import Recipe
from verl_egca.starter.policy import load

_ROWS = 32  # that are computed together, of like lengths


@dataclass(frozen=True, slots=True)
class Sampled:
    """One response to a prompt, as token ids."""

    prompt: Sequence[int]
    response: Sequence[int]


@dataclass(frozen=True, slots=True)
class Update:
    """What one optimizer step did; ``kl`` is verl's estimate against the first policy, a token's mean."""

    loss: float
    grad_norm: float
    kl: float
    entropy: float


class Actor:
    """A policy that is trained; its first weights are the reference that KL is measured against."""

    def __init__(self, policy: Path, recipe: Recipe) -> None:
        self.model, self.tokenizer = load(policy)
        self.reference, _ = load(policy)
        self.reference.eval().requires_grad_(False)
        self.recipe = recipe
        matrices = [weight for weight in self.model.parameters() if weight.dim() > 1]
        vectors = [weight for weight in self.model.parameters() if weight.dim() <= 1]  # Megatron decays none of these
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
            lr=recipe.lr,
        )
        self._config = ActorConfig(
            strategy="plain",
            rollout_n=recipe.group,
            ppo_mini_batch_size=recipe.prompts,
            use_dynamic_bsz=True,
            clip_ratio=recipe.clip_ratio,
            loss_agg_mode="seq-mean-token-mean",
        )

    def update(self, batch: Sequence[Sampled], adv_BT: Tensor) -> Update:
        """One optimizer step on the policy loss of these token advantages, shape (B, T), and the KL term."""
        total = self.backward(batch, adv_BT, kl_coefficient=self.recipe.kl_coefficient)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip_grad)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return Update(loss=total["loss"], grad_norm=float(norm), kl=total["kl"], entropy=total["entropy"])

    def gradient(self, batch: Sequence[Sampled], adv_BT: Tensor) -> Tensor:
        """Of the policy loss alone, flat; the model is left as it was."""
        self.backward(batch, adv_BT, kl_coefficient=0.0)
        flat = torch.cat([weight.grad.flatten() for weight in self.model.parameters() if weight.grad is not None])
        self.optimizer.zero_grad()
        return flat

    def backward(self, batch: Sequence[Sampled], adv_BT: Tensor, *, kl_coefficient: float) -> dict[str, float]:
        """Adds to the gradients; means over the batch of loss, KL and entropy."""
        self.model.train()
        info = {"dp_size": 1, "batch_num_tokens": None, "global_batch_size": len(batch), "loss_scale_factor": None}
        self._config.global_batch_info.update(info)
        total = {"loss": 0.0, "kl": 0.0, "entropy": 0.0}
        for rows, ids_BL, mask_BT in self._micro_batches(batch):
            width = mask_BT.shape[1]
            log_prob_BT, entropy_BT = _log_probs(self.model, ids_BL, width)
            loss, _ = compute_policy_loss_vanilla(
                old_log_prob=log_prob_BT.detach(),
                log_prob=log_prob_BT,
                advantages=adv_BT[rows, :width],
                response_mask=mask_BT,
                loss_agg_mode=self._config.loss_agg_mode,
                config=self._config,
            )
            with torch.no_grad():
                reference_BT, _ = _log_probs(self.reference, ids_BL, width)
            kl_BT = kl_penalty(logprob=log_prob_BT, ref_logprob=reference_BT, kl_penalty="low_var_kl")
            aggregated = {"loss_mask": mask_BT, "loss_agg_mode": self._config.loss_agg_mode, **info}
            kl = agg_loss(loss_mat=kl_BT, **aggregated)
            whole = loss + kl_coefficient * kl
            whole.backward()
            total["loss"] += whole.item()
            total["kl"] += kl.item()
            total["entropy"] += agg_loss(loss_mat=entropy_BT, **aggregated).item()
        return total

    def _micro_batches(self, batch: Sequence[Sampled]) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        """Rows, their ids (left-padded prompts, right-padded responses, -1 where there is none), their response mask."""
        order = sorted(range(len(batch)), key=lambda row: len(batch[row].response))
        for start in range(0, len(order), _ROWS):
            rows = order[start : start + _ROWS]
            before = max(len(batch[row].prompt) for row in rows)
            after = max(len(batch[row].response) for row in rows)
            ids_BL = torch.full((len(rows), before + after), -1)
            mask_BT = torch.zeros(len(rows), after)
            for place, one in enumerate(batch[row] for row in rows):
                ids_BL[place, before - len(one.prompt) : before] = torch.tensor(list(one.prompt))
                ids_BL[place, before : before + len(one.response)] = torch.tensor(list(one.response))
                mask_BT[place, : len(one.response)] = 1
            yield rows, ids_BL, mask_BT


def _log_probs(model: Any, ids_BL: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Of the last ``width`` tokens: their log-probs, and the entropy of what they were drawn from, without a gradient."""
    attended_BL = (ids_BL >= 0).long()
    positions_BL = (attended_BL.cumsum(-1) - 1).clamp(min=0)
    ids_BL = ids_BL.clamp(min=0)
    logits = model(ids_BL, attention_mask=attended_BL, position_ids=positions_BL, logits_to_keep=width + 1).logits
    all_BTV = torch.log_softmax(logits[:, :-1].float(), -1)
    with torch.no_grad():
        entropy_BT = -(all_BTV.exp() * all_BTV).sum(-1)
    return all_BTV.gather(-1, ids_BL[:, -width:, None])[..., 0], entropy_BT
