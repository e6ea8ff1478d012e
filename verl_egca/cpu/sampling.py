"""Batched, repeatable generation with a transformers model in this process.

Each request has its own stream of random numbers, named by its content, so the same seed and weights sample the same
responses in any order of arrival.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import torch


@dataclass(slots=True)
class Request:
    """One response to sample. ``stream`` names its random numbers; at most ``budget`` new tokens."""

    prompt: list[int]
    temperature: float
    budget: int
    stream: tuple
    tokens: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    ended: bool = False
    top_p: float = 1.0


@torch.inference_mode()
def sample(model, requests: list[Request], eos: set[int]) -> None:
    """Fill in every request's tokens and their log-probs under the sampled distribution.

    Ended rows are removed from the batch once they are a quarter of it.
    """
    live = [request for request in requests if request.budget > 0]
    if not live:
        return
    width = max(len(request.prompt) for request in live)
    device = model.device
    ids = torch.tensor([[0] * (width - len(r.prompt)) + r.prompt for r in live], device=device)
    mask = torch.tensor([[0] * (width - len(r.prompt)) + [1] * len(r.prompt) for r in live], device=device)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    uniform = torch.stack([_uniform(r, max(r.budget for r in live)) for r in live]).to(device)
    temperature = torch.tensor([r.temperature for r in live], device=device)[:, None]
    top_p = torch.tensor([r.top_p for r in live], device=device)[:, None]
    cache, step = None, 0
    while True:
        output = model(
            ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True, logits_to_keep=1
        )
        cache, logits = output.past_key_values, output.logits[:, -1].float()
        log_probs = torch.log_softmax(logits / temperature.masked_fill(temperature == 0, 1.0), -1)
        if any(request.top_p < 1.0 for request in live):
            log_probs = _nucleus(log_probs, top_p)
        picked = torch.where(
            temperature == 0, logits.argmax(-1, keepdim=True), _inverse_cdf(log_probs, uniform[:, step])
        )
        chosen = log_probs.gather(1, picked)[:, 0].tolist()
        for request, token, log_prob in zip(live, picked[:, 0].tolist(), chosen, strict=True):
            if request.ended:
                continue
            request.tokens.append(token)
            request.log_probs.append(log_prob)
            request.ended = token in eos or len(request.tokens) >= request.budget
        step += 1
        keep = [row for row, request in enumerate(live) if not request.ended]
        if not keep:
            return
        ids, positions = picked, positions[:, -1:] + 1
        mask = torch.cat([mask, mask.new_ones(len(live), 1)], 1)
        if len(keep) <= 0.75 * len(live):
            rows = torch.tensor(keep, device=device)
            cache.batch_select_indices(rows)
            ids, positions, mask = ids[rows], positions[rows], mask[rows]
            uniform, temperature, top_p = uniform[rows], temperature[rows], top_p[rows]
            live = [live[row] for row in keep]


def _uniform(request: Request, count: int) -> torch.Tensor:
    digest = hashlib.blake2b(repr(request.stream).encode(), digest_size=8).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)
    return torch.rand(count, generator=generator, dtype=torch.float64)


def _nucleus(log_probs: torch.Tensor, top_p: torch.Tensor) -> torch.Tensor:
    """Nucleus sampling (Holtzman et al. 2020): log-probs of the fewest tokens with total probability ``top_p``,
    shape (rows, tokens); -inf for the others; rows with ``top_p`` 1 are unchanged.
    """
    ordered, order = log_probs.sort(-1, descending=True)
    before = ordered.exp().cumsum(-1) - ordered.exp()  # total probability of likelier tokens
    dropped = torch.zeros_like(log_probs, dtype=torch.bool).scatter(-1, order, before >= top_p)
    kept = torch.log_softmax(log_probs.masked_fill(dropped, -torch.inf), -1)
    return torch.where(top_p < 1.0, kept, log_probs)


def _inverse_cdf(log_probs: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """The token whose interval of the cumulative distribution has the row's uniform number, shape (rows, 1)."""
    cumulative = log_probs.double().exp().cumsum(-1)
    target = (uniform * cumulative[:, -1])[:, None]
    return torch.searchsorted(cumulative, target, right=True).clamp(max=log_probs.shape[-1] - 1)
