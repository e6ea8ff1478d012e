"""Token advantages of a response: on its blamed span, or on all of its tokens.

With ``A`` the advantage of a response, ``n`` its tokens and ``s`` the blamed ones among them, ``soft`` in [0, 1]:

    uniform:   a_t = A                                         on every token
    focused:   a_t = A                                         on the span, soft * A elsewhere

With ``span_weight="grpo"``, the default, a blamed token has its advantage under GRPO. Tokens of failing and correct
responses then weigh the same. The paper's rule (token-level advantage) is ``span_weight="full"``:

    focused:   a_t = soft * A + (1 - soft) * A * n / s         on the span, soft * A elsewhere

so that ``sum_t a_t = n * A`` in every branch: credit moves but keeps its sum, and a blamed token weighs n / s times as much
as a token of a correct response.

That is ``normalisation="mean"``, whose uniform branch is exactly GRPO's. A loss that averages over a response's tokens
turns it into the paper's sum, ``A`` per response. ``normalisation="sum"`` divides each row by ``n``, for losses that
sum over tokens (verl's ``loss_agg_mode=seq-mean-token-sum``).

A row is focused if it failed (LOGIC or SYNTAX), something was localized, and ``A < 0``: a positive advantage on a bug
would teach the bug. Every other row is uniform.

A row has at most two values, one on its span and one elsewhere. The only (B, T) tensor is first filled with the latter,
then the few blamed tokens are overwritten (`scripts/bench_driver.py` measures it).

Shapes: B responses, T response tokens, right-padded; K blamed tokens in all.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain
from typing import Literal

import torch
from torch import Tensor

from verl_egca.config.choices import SpanWeight
from verl_egca.gates.mode import Mode

Normalisation = Literal["sum", "mean"]
Spans = Sequence[tuple[int, int]]

_BLOCK = 1 << 17  # tokens that fit into the processor's cache
_BLAMABLE = frozenset({Mode.LOGIC, Mode.SYNTAX})


@torch.no_grad()
def credit(
    adv_B: Tensor,
    modes: Sequence[Mode | None],
    spans: Sequence[Spans],
    mask_BT: Tensor,
    *,
    normalisation: Normalisation = "mean",
    soft: float = 0.0,
    span_weight: SpanWeight = "grpo",
) -> Tensor:
    """Token advantages of a batch, by each row's mode.

    Args:
        adv_B: one advantage per response, shape (B,).
        modes: each row's mode; None for padding rows, which stay zero.
        spans: each row's blamed half-open ranges of response tokens; empty without a localization.
        mask_BT: 1 on the response's own tokens, shape (B, T).
        normalisation, soft, span_weight: as for `token_advantages`.

    Returns:
        Shape (B, T), zero outside the mask.

    Raises:
        ValueError: as in `span_mask` and `token_advantages`, or the number of modes is not B.
    """
    if len(modes) != len(adv_B):
        raise ValueError(f"{len(modes)} modes for {len(adv_B)} rows")
    _check(adv_B, mask_BT, normalisation, soft, span_weight)
    blamed = [row_spans if mode in _BLAMABLE else () for mode, row_spans in zip(modes, spans, strict=True)]
    padding = [row for row, mode in enumerate(modes) if mode is None]
    if padding:
        adv_B = adv_B.index_fill(0, torch.tensor(padding, device=adv_B.device), 0.0)
    return _spread(adv_B, _blamed_tokens(blamed, mask_BT), mask_BT, normalisation, soft, span_weight)


@torch.no_grad()
def token_advantages(
    adv_B: Tensor,
    span_BT: Tensor,
    mask_BT: Tensor,
    *,
    normalisation: Normalisation = "mean",
    soft: float = 0.0,
    span_weight: SpanWeight = "grpo",
) -> Tensor:
    """Distribute each row's advantage: over its span if it has one and the advantage is negative, else uniformly.

    Args:
        adv_B: one advantage per response, shape (B,).
        span_BT: True on blamed tokens, shape (B, T); tokens outside the mask do not count.
        mask_BT: 1 on the response's own tokens, shape (B, T).
        normalisation: uniform rows have ``A`` on each token ("mean"), or ``A`` divided by their number of tokens
        ("sum"). soft: the share of ``A`` that stays uniform (the paper's ablation), in [0, 1]. span_weight: a focused
        row's blamed tokens have the uniform branch's values, "grpo", or share all of ``A``, "full"
            (the paper).

    Raises:
        ValueError: shapes do not fit, ``soft`` is outside [0, 1], ``normalisation`` or ``span_weight`` is unknown.
    """
    if span_BT.shape != mask_BT.shape:
        raise ValueError(f"a span of shape {tuple(span_BT.shape)} for a mask of shape {tuple(mask_BT.shape)}")
    _check(adv_B, mask_BT, normalisation, soft, span_weight)
    blamed_K = (span_BT & mask_BT.bool()).flatten().nonzero().flatten()
    return _spread(adv_B, blamed_K, mask_BT, normalisation, soft, span_weight)


def span_mask(spans: Sequence[Spans], mask_BT: Tensor) -> Tensor:
    """True on the tokens of each row's half-open ranges that are in the mask, shape (B, T).

    Raises:
        ValueError: a wrong number of rows, or a range that is empty, negative or past the row's last token.
    """
    span_BT = torch.zeros(mask_BT.shape, dtype=torch.bool, device=mask_BT.device)
    span_BT.view(-1)[_blamed_tokens(spans, mask_BT)] = True
    return span_BT


def _check(adv_B: Tensor, mask_BT: Tensor, normalisation: str, soft: float, span_weight: str) -> None:
    if mask_BT.dim() != 2 or adv_B.shape != mask_BT.shape[:1]:
        got = f"advantages {tuple(adv_B.shape)}, mask {tuple(mask_BT.shape)}"
        raise ValueError(f"expected shapes (B,) and (B, T); got {got}")
    if not 0.0 <= soft <= 1.0:
        raise ValueError(f"soft is {soft}; it must lie in [0, 1]")
    if normalisation not in ("sum", "mean"):
        raise ValueError(f"normalisation is {normalisation!r}; choose 'sum' or 'mean'")
    if span_weight not in ("grpo", "full"):
        raise ValueError(f"span_weight is {span_weight!r}; choose 'grpo' or 'full'")


def _spread(
    adv_B: Tensor, blamed_K: Tensor, mask_BT: Tensor, normalisation: Normalisation, soft: float, span_weight: SpanWeight
) -> Tensor:
    """The (B, T) tensor. ``blamed_K``: distinct tokens of the mask, as indices into the flattened tensor."""
    rows, width = mask_BT.shape
    row_K = blamed_K // max(1, width)
    tokens_B, blamed_B = mask_BT.sum(-1), torch.bincount(row_K, minlength=rows)
    focused_B = (blamed_B > 0) & (adv_B < 0)
    # A token's share of one unit of advantage; exactly 1 for uniform rows of "mean".
    uniform_B = adv_B * (1.0 / tokens_B.clamp(min=1)) if normalisation == "sum" else adv_B
    scale_B = (1.0 if normalisation == "sum" else tokens_B) / blamed_B.clamp(min=1)
    full_B = soft * uniform_B + (1.0 - soft) * (adv_B * scale_B)
    on_span_B = full_B if span_weight == "full" else uniform_B
    elsewhere_B = torch.where(focused_B, soft * uniform_B, uniform_B)
    elsewhere_B = torch.where(tokens_B > 0, elsewhere_B, 0.0)  # a row without tokens stays zero
    out_BT = torch.empty(rows, width, dtype=adv_B.dtype, device=mask_BT.device)
    step = max(1, _BLOCK // max(1, width))
    for block in (slice(first, first + step) for first in range(0, rows, step)):
        # in place: a product would first cast the mask into a new tensor (on the CPU, torch 2.13)
        out_BT[block].copy_(mask_BT[block]).mul_(elsewhere_B[block, None])
    focused_K = focused_B[row_K]
    out_BT.view(-1)[blamed_K[focused_K]] = on_span_B[row_K[focused_K]]
    return out_BT


def _blamed_tokens(spans: Sequence[Spans], mask_BT: Tensor) -> Tensor:
    """The distinct tokens of all ranges within the mask: indices into the flattened mask, shape (K,).

    Raises:
        ValueError: as `span_mask` says.
    """
    rows, width = mask_BT.shape
    if len(spans) != rows:
        raise ValueError(f"spans for {len(spans)} rows, but the batch has {rows}")
    ranges = [(row, start, end) for row, row_spans in enumerate(spans) for start, end in row_spans]
    if not ranges:
        return torch.empty(0, dtype=torch.long, device=mask_BT.device)
    flat = torch.frombuffer(
        array("q", chain.from_iterable(ranges)), dtype=torch.long
    )  # many times faster than tensor()
    row_S, start_S, end_S = flat.to(mask_BT.device).reshape(-1, 3).T
    wrong_S = (start_S < 0) | (start_S >= end_S) | (end_S > width)
    # a range is within the response if its last token is in the mask; check the rows of the few others
    unsure_S = wrong_S | (mask_BT[row_S, (end_S - 1).clamp(0, max(0, width - 1))] == 0) if width else wrong_S
    for row, start, end in (ranges[place] for place in unsure_S.nonzero().flatten().tolist()):
        sampled = mask_BT[row].nonzero()
        length = int(sampled[-1]) + 1 if len(sampled) else 0
        if not 0 <= start < end <= length:
            raise ValueError(f"row {row}: span [{start}, {end}) outside its {length} response tokens")
    length_S = end_S - start_S
    before_S = length_S.cumsum(0) - length_S
    place_K: Tensor = torch.arange(int(length_S.sum()), device=mask_BT.device)
    place_K = place_K + (row_S * width + start_S - before_S).repeat_interleave(length_S)
    place_K = place_K[mask_BT.reshape(-1)[place_K] != 0]
    in_order = bool((place_K.diff() > 0).all())  # else ranges of a row overlap
    return place_K if in_order else torch.tensor(sorted(set(place_K.tolist())), device=mask_BT.device)
