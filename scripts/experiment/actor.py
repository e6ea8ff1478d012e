"""The policy in one process: log-probs, verl's loss functions, and its Megatron engine's optimizer step.

One update per batch, as in the CPU recipe: the old log-probs are those of the update's own forward pass, so the ratio
is 1. tests/experiment compares the weights with verl's.

Shapes: B responses of T tokens; R of them are computed together, in G groups, each in a line of L tokens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from verl.trainer.ppo.core_algos import agg_loss, compute_policy_loss_vanilla, kl_penalty
from verl.workers.config import ActorConfig

from experiment.recipe import Recipe
from starter.policy import load

_GROUPS = 4  # lines of similar lengths that are computed together
_LINE = 640  # tokens of a line, past which a group is split: attention is quadratic in it


@dataclass(frozen=True, slots=True)
class Sampled:
    """One response to a prompt, as token ids."""

    prompt: Sequence[int]
    response: Sequence[int]


@dataclass(frozen=True, slots=True)
class Update:
    """The figures of one optimizer step; ``kl`` is verl's estimate against the first policy, mean per token."""

    loss: float
    grad_norm: float
    kl: float
    entropy: float


class Actor:
    """A policy in training; its first weights are the reference of the KL."""

    def __init__(self, recipe: Recipe) -> None:
        self.model, self.tokenizer = load(recipe.weights)
        self.reference, _ = load(recipe.weights)
        self.reference.eval().requires_grad_(False)
        self.recipe = recipe
        matrices = [weight for weight in self.model.parameters() if weight.dim() > 1]
        vectors = [weight for weight in self.model.parameters() if weight.dim() <= 1]  # no weight decay in Megatron
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

    def gradients(self, batch: Sequence[Sampled], rules_adv_BT: Sequence[Tensor]) -> Tensor:
        """Gradients of the policy loss alone under each of these token advantages, shape (rules, parameters).

        With ratios of 1 the loss is minus the mean, over responses and then tokens, of advantage times log-prob.
        """
        self.model.train()
        parameters = list(self.model.parameters())
        total = torch.zeros(len(rules_adv_BT), sum(weight.numel() for weight in parameters))
        for packed in _packed(batch):
            log_prob_RT, _ = _log_probs(self.model, packed)
            share_RT = packed.mask_RT / packed.mask_RT.sum(-1, keepdim=True) / len(batch)
            for number, adv_BT in enumerate(rules_adv_BT):
                adv_RT = adv_BT[packed.rows, : packed.mask_RT.shape[1]]
                if not adv_RT.any():
                    continue
                loss = -(adv_RT * log_prob_RT * share_RT).sum()
                last = number == len(rules_adv_BT) - 1
                found = torch.autograd.grad(loss, parameters, retain_graph=not last)
                total[number] += torch.cat([gradient.flatten() for gradient in found])
        return total

    @torch.no_grad()
    def log_probs(self, batch: Sequence[Sampled]) -> list[Tensor]:
        """Log-probs of each response's tokens, shape (its tokens,)."""
        return [log_prob_T for log_prob_T, _ in self._measured(batch)]

    @torch.no_grad()
    def entropies(self, batch: Sequence[Sampled]) -> Tensor:
        """Entropies of the tokens' distributions, shape (B, T), 0 past a response's end."""
        out_BT = torch.zeros(len(batch), max(len(one.response) for one in batch))
        for row, (_, entropy_T) in enumerate(self._measured(batch)):
            out_BT[row, : len(entropy_T)] = entropy_T
        return out_BT

    @torch.no_grad()
    def distributions(self, batch: Sequence[Sampled]) -> list[Tensor]:
        """Per response, the log-probs of all V tokens at each of its T places, shape (T, V)."""
        self.model.eval()
        found: dict[int, Tensor] = {}
        for packed in _packed(batch):
            all_RTV = _all_log_probs(self.model, packed)
            for place, row in enumerate(packed.rows):
                found[row] = all_RTV[place, : len(batch[row].response)].clone()
        return [found[row] for row in range(len(batch))]

    def _measured(self, batch: Sequence[Sampled]) -> list[tuple[Tensor, Tensor]]:
        self.model.eval()
        found: dict[int, tuple[Tensor, Tensor]] = {}
        for packed in _packed(batch):
            both = _log_probs(self.model, packed)
            for place, row in enumerate(packed.rows):
                length = len(batch[row].response)
                found[row] = both[0][place, :length], both[1][place, :length]
        return [found[row] for row in range(len(batch))]

    def backward(self, batch: Sequence[Sampled], adv_BT: Tensor, *, kl_coefficient: float) -> dict[str, float]:
        """Adds to the gradients; returns the batch's mean loss, KL and entropy."""
        self.model.train()
        info = {"dp_size": 1, "batch_num_tokens": None, "global_batch_size": len(batch), "loss_scale_factor": None}
        self._config.global_batch_info.update(info)
        total = {"loss": 0.0, "kl": 0.0, "entropy": 0.0}
        for packed in _packed(batch):
            log_prob_RT, entropy_RT = _log_probs(self.model, packed)
            loss, _ = compute_policy_loss_vanilla(
                old_log_prob=log_prob_RT.detach(),
                log_prob=log_prob_RT,
                advantages=adv_BT[packed.rows, : packed.mask_RT.shape[1]],
                response_mask=packed.mask_RT,
                loss_agg_mode=self._config.loss_agg_mode,
                config=self._config,
            )
            with torch.no_grad():
                reference_RT, _ = _log_probs(self.reference, packed)
            kl_RT = kl_penalty(logprob=log_prob_RT, ref_logprob=reference_RT, kl_penalty="low_var_kl")
            aggregated = {"loss_mask": packed.mask_RT, "loss_agg_mode": self._config.loss_agg_mode, **info}
            kl = agg_loss(loss_mat=kl_RT, **aggregated)
            whole = loss + kl_coefficient * kl
            whole.backward()
            total["loss"] += whole.item()
            total["kl"] += kl.item()
            total["entropy"] += agg_loss(loss_mat=entropy_RT, **aggregated).item()
        return total


@dataclass(frozen=True, slots=True)
class _Packed:
    """Some groups, each in a line of length L: its prompt, then responses, each of which sees the prompt and itself.

    So a prompt is computed once for all of its responses.
    """

    rows: list[int]  # R rows of the batch
    ids_GL: Tensor
    positions_GL: Tensor  # each response continues the prompt's positions
    sees_G1LL: Tensor
    predicted_by_RT: Tensor  # the place in G x L that predicts each token
    ids_RT: Tensor
    mask_RT: Tensor


def _packed(batch: Sequence[Sampled]) -> Iterator[_Packed]:
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for row, one in enumerate(batch):
        groups[tuple(one.prompt)].append(row)
    lines = [(prompt, part) for prompt, members in groups.items() for part in _lines(batch, len(prompt), members)]
    ordered = sorted(lines, key=lambda line: len(line[0]) + sum(len(batch[row].response) for row in line[1]))
    for start in range(0, len(ordered), _GROUPS):
        yield _pack(batch, ordered[start : start + _GROUPS])


def _lines(batch: Sequence[Sampled], prompt: int, members: Sequence[int]) -> Iterator[list[int]]:
    part: list[int] = []
    length = prompt
    for row in members:
        if part and length + len(batch[row].response) > _LINE:
            yield part
            part, length = [], prompt
        part.append(row)
        length += len(batch[row].response)
    yield part


def _pack(batch: Sequence[Sampled], groups: Sequence[tuple[tuple[int, ...], list[int]]]) -> _Packed:
    rows = [row for _, members in groups for row in members]
    length = max(len(prompt) + sum(len(batch[row].response) for row in members) for prompt, members in groups)
    longest = max(len(batch[row].response) for row in rows)
    ids_GL, positions_GL = torch.zeros(len(groups), length, dtype=torch.long), torch.zeros(len(groups), length).long()
    part_GL = torch.full((len(groups), length), -1)  # 0 in the prompt, 1, 2, .. in the responses, -1 behind them
    predicted_by_RT, ids_RT = torch.zeros(len(rows), longest).long(), torch.zeros(len(rows), longest).long()
    mask_RT = torch.zeros(len(rows), longest)
    place = 0
    for line, (prompt, members) in enumerate(groups):
        end = len(prompt)
        ids_GL[line, :end], positions_GL[line, :end], part_GL[line, :end] = torch.tensor(prompt), torch.arange(end), 0
        for part, row in enumerate(members, start=1):
            response = torch.tensor(list(batch[row].response))
            count = len(response)
            here = slice(end, end + count)
            ids_GL[line, here], part_GL[line, here] = response, part
            positions_GL[line, here] = len(prompt) + torch.arange(count)
            before = torch.arange(end - 1, end + count - 1)
            before[0] = len(prompt) - 1
            predicted_by_RT[place, :count], ids_RT[place, :count] = line * length + before, response
            mask_RT[place, :count] = 1
            place, end = place + 1, end + count
    alike_GLL = (part_GL[:, :, None] == part_GL[:, None, :]) | (part_GL[:, None, :] == 0)
    sees_G1LL = (alike_GLL & torch.ones(length, length, dtype=torch.bool).tril())[:, None]
    return _Packed(rows, ids_GL, positions_GL, sees_G1LL, predicted_by_RT, ids_RT, mask_RT)


def _log_probs(model: Any, packed: _Packed) -> tuple[Tensor, Tensor]:
    """Log-probs of each response's tokens, shape (R, T), and the entropies there, without a gradient."""
    all_RTV = _all_log_probs(model, packed)
    with torch.no_grad():
        entropy_RT = -(all_RTV.exp() * all_RTV).sum(-1)
    return all_RTV.gather(-1, packed.ids_RT[..., None])[..., 0], entropy_RT


def _all_log_probs(model: Any, packed: _Packed) -> Tensor:
    logits_GLV = model(packed.ids_GL, attention_mask=packed.sees_G1LL, position_ids=packed.positions_GL).logits
    return torch.log_softmax(logits_GLV.float().flatten(0, 1)[packed.predicted_by_RT], -1)
